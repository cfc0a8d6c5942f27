"""`manage.py deposit`: pay an amount into the paper account, as an entry of the ledger."""

from __future__ import annotations

from execution.payments import deposit
from risk.operator.payment_command import PaymentCommand


class Command(PaymentCommand):
    help = "Pay an amount into the paper account. It is no profit: the day's result and the drawdown leave it out."
    pay, said = staticmethod(deposit), "paid in"

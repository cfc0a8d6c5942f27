"""`manage.py withdraw`: pay an amount out of the paper account, as an entry of the ledger."""

from __future__ import annotations

from execution.payments import withdraw
from risk.operator.payment_command import PaymentCommand


class Command(PaymentCommand):
    help = (
        "Pay an amount out of the paper account, of what no open buy needs. It is no loss: the day's result and the"
        " drawdown leave it out."
    )
    pay, said = staticmethod(withdraw), "paid out"

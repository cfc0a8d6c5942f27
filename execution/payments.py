"""What is paid into an account or out of it: an entry of the ledger with who and why, never an edit.

    DEPOSIT      cash +x, capital −x
    WITHDRAWAL   cash −x, capital +x      at most the free cash: cash − what open buys reserve

`paid_in` of the account is the sum of it. Neither is a gain or a loss: the day's opening and the peak of 24 hours move
with it (docs/days.md).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _

from cdb_site.bus import outbox
from cdb_site.clock import Clock
from cdb_site.units import plain
from execution import queries
from execution.models import Account, LedgerEntry
from execution.operations import Refused
from execution.rules.accounting import MONEY, ZERO

MOST = Decimal("1e15")


def deposit(name: str, *, amount: Decimal, by: str, reason: str, clock: Clock) -> LedgerEntry:
    """Pay in. Raises Refused."""
    _refuse_amount(amount, by, reason)
    with outbox.unit_of_work("execution"):
        queries.account(name, lock=True)
        return enter(name, amount, by=by, reason=reason, now=clock.market_now())


def withdraw(name: str, *, amount: Decimal, by: str, reason: str, clock: Clock) -> LedgerEntry:
    """Pay out, of what no open buy needs. Raises Refused, saying how much is free."""
    _refuse_amount(amount, by, reason)
    with outbox.unit_of_work("execution"):
        row = queries.account(name, lock=True)
        reserved = sum((order.reserved_notional for order in queries.open_orders(name)), ZERO)
        free = max(row.cash - reserved, ZERO)
        if amount > free:
            raise Refused(
                _("%(free)s %(asset)s are free: %(cash)s in cash, of which open buys reserve %(reserved)s")
                % {
                    "free": plain(free),
                    "asset": row.quote_asset,
                    "cash": plain(row.cash),
                    "reserved": plain(reserved),
                }
            )
        return enter(name, -amount, by=by, reason=reason, now=clock.market_now())


def enter(name: str, change: Decimal, *, by: str, reason: str, now: datetime) -> LedgerEntry:
    """Book a payment, below 0 for one out of the account; call with the account locked."""
    kind = LedgerEntry.Kind.DEPOSIT if change > 0 else LedgerEntry.Kind.WITHDRAWAL
    Account.objects.filter(account=name).update(
        cash=F("cash") + change, paid_in=F("paid_in") + change, version=F("version") + 1
    )
    return LedgerEntry.objects.create(
        account_id=name, kind=kind, amount=change, capital=-change, paid_by=by, reason=reason, occurred_at=now
    )


def _refuse_amount(amount: Decimal, by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise Refused(_("paying in or out needs a name and a reason; others will read them"))
    if not amount.is_finite() or not 0 < amount < MOST or amount != amount.quantize(MONEY):
        raise Refused(_("an amount is above 0 and has at most 12 decimals"))

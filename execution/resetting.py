"""A new start of the paper account: what is left is withdrawn, a new amount is paid in, both as entries of the ledger.

Nothing is deleted: fills, orders, decisions and the old ledger stay. Only a halted account that holds nothing and waits
for nothing begins anew, so that no position changes its owner on the way.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from cdb_site.bus import outbox
from cdb_site.clock import Clock
from execution import queries
from execution.models import AccountReset
from execution.operations import Refused
from execution.payments import enter


def reset_account(name: str, *, deposit: Decimal, by: str, reason: str, clock: Clock) -> AccountReset:
    """Begin anew with `deposit` in the quote asset. Raises Refused, saying what must be done before."""
    if not reason.strip():
        raise Refused(_("a new start needs a reason; say why the account begins anew"))
    if deposit <= 0:
        raise Refused(_("a new start needs an amount above 0 to begin with"))
    with outbox.unit_of_work("execution"):
        row = queries.account(name, lock=True)
        _refuse_reset(name)
        now = clock.market_now()
        if row.cash:
            enter(name, -row.cash, by=by, reason=reason, now=now)
        enter(name, deposit, by=by, reason=reason, now=now)
        return AccountReset.objects.create(
            account_id=name, withdrawn=row.cash, deposited=deposit, reset_by=by, reason=reason, occurred_at=now
        )


def _refuse_reset(name: str) -> None:
    if queries.trading_state(name) != "HALTED":
        raise Refused(_("trading is not halted; halt it first: manage.py halt_trading --close-positions"))
    if held := sorted(queries.open_positions(name)):
        raise Refused(
            _("%(symbols)s is held; sell first: manage.py close_position --all, then wait until flat")
            % {"symbols": ", ".join(held)}
        )
    if queries.open_orders(name):
        raise Refused(_("orders are open; wait until each has ended (manage.py status)"))

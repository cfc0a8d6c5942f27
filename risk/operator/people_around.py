"""What people did around a moment about a symbol, as far as no row of its own tells it.

Halts, releases and acknowledgements are told by what they changed; here are the acts that leave no such row with a
chain: an entry canceled, a symbol paused, limits proposed or approved, an account begun anew, paid
into or out of. And what an operator had
sold.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from risk.models import Decision, OperatorAct

OF_A_SYMBOL = ("pause_symbol", "unpause_symbol")
OF_THE_ACCOUNT = (
    *("propose_limits", "approve", "reject", "reset_account", "deposit", "withdraw"),
    *("ask_live_trading", "withdraw_live_trading"),
)
MOST = 100


def acts_around(
    account: str, since: datetime, until: datetime, symbol: str | None, order_id: UUID | None
) -> list[OperatorAct]:
    """Done within the time; `order_id` narrows canceled entries to this one, `symbol` pauses; None: all."""
    of_symbol = Q(name__in=OF_A_SYMBOL) & (Q(parameters__symbol=symbol) if symbol else Q())
    canceled = Q(name="cancel_order") & (Q(parameters__order_id=str(order_id)) if order_id else Q())
    mine = Q(name__in=OF_THE_ACCOUNT) | of_symbol | canceled
    rows = OperatorAct.objects.filter(
        mine, account=account, state=OperatorAct.State.DONE, asked_at__range=(since, until)
    )
    return list(rows.order_by("asked_at")[:MOST])


def sales_around(account: str, since: datetime, until: datetime, symbol: str | None) -> list[Decision]:
    """Decisions that an operator's order to sell brought about within the time."""
    rows = Decision.objects.filter(account=account, kind=Decision.Kind.OPERATOR, decided_at__range=(since, until))
    rows = rows.filter(symbol=symbol) if symbol else rows
    return list(rows.order_by("decided_at").defer("inputs", "layers")[:MOST])

"""Writing a position off: it leaves the books for nothing, because nobody will ever buy it (a delisted symbol).

An order that is FILLED at once, a fill of the whole position at the price 0, and a ledger entry of kind WRITE_OFF:
cash does not move, the entry value is realised as loss. To rebuild and audit it is a fill like any other, so the
books stay provable. No venue hears of it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from cdb_site.bus import outbox
from cdb_site.clock import Clock, iso
from cdb_site.units import plain
from execution import queries
from execution.models import Account, Fill, LedgerEntry, Order, Position
from execution.operations import Refused, publish_result
from execution.rules.accounting import ZERO, Booking, Holding, book
from execution.rules.states import OrderState

TRADE_ID = "write-off"
REASON = "WRITTEN_OFF"
NO_VENUE = "BOOKS"


def write_off(unit: outbox.UnitOfWork, account: str, symbol: str, *, decision_id: UUID, clock: Clock) -> Booking:
    """Book it inside the unit; call with the account locked. Raises Refused: nothing is held, or an order is open."""
    holding = queries.open_positions(account).get(symbol)
    if holding is None:
        raise Refused(_("%(symbol)s is not held") % {"symbol": symbol})
    if queries.live_orders(account, [symbol]):
        raise Refused(
            _("an order of %(symbol)s is open; wait until it has ended (`manage.py status`)") % {"symbol": symbol}
        )
    booking = book(holding, side="SELL", price=ZERO, quantity=holding.quantity, fee=ZERO)
    now = clock.market_now()
    order = _order(account, holding, booking, decision_id, now)
    _fill(account, order, booking, now)
    _position(account, booking.holding, holding.version)
    row = Account.objects.get(account=account)
    row.realized_pnl += booking.realized_pnl
    row.version += 1
    row.save(update_fields=["realized_pnl", "version"])
    _tell(unit, order, now, clock)
    return booking


def _order(account: str, holding: Holding, booking: Booking, decision_id: UUID, now: datetime) -> Order:
    return Order.objects.create(
        order_id=decision_id,
        client_order_id=decision_id.hex,
        decision_id=decision_id,
        account_id=account,
        symbol=holding.symbol,
        kind="OPERATOR",
        side="SELL",
        order_type="MARKET",
        reduce_only=True,
        quantity=holding.quantity,
        filled_quantity=holding.quantity,
        realized_pnl=booking.realized_pnl,
        state=OrderState.FILLED,
        reason_code=REASON,
        venue=NO_VENUE,
        occurred_at=now,
        closed_at=now,
    )


def _fill(account: str, order: Order, booking: Booking, now: datetime) -> None:
    fill = Fill.objects.create(
        order=order,
        trade_id=TRADE_ID,
        account_id=account,
        symbol=order.symbol,
        side="SELL",
        price=ZERO,
        quantity=order.quantity,
        fee=ZERO,
        fee_asset="",
        realized_pnl=booking.realized_pnl,
        executed_at=now,
        model={"write_off": True},
    )
    legs = booking.entries[0]
    LedgerEntry.objects.create(
        account_id=account,
        kind=LedgerEntry.Kind.WRITE_OFF,
        amount=ZERO,
        inventory=legs.inventory,
        realized=legs.realized,
        units=legs.units,
        fill=fill,
        occurred_at=now,
    )


def _position(account: str, after: Holding, version: int) -> None:
    Position.objects.filter(account_id=account, symbol=after.symbol).update(
        quantity=after.quantity,
        avg_entry_price=after.avg_entry_price,
        realized_pnl=after.realized_pnl,
        episode_id=after.episode_id,
        opened_at=after.opened_at,
        version=version + 1,
    )


def _tell(unit: outbox.UnitOfWork, order: Order, now: datetime, clock: Clock) -> None:
    spoken = {
        "trade_id": TRADE_ID,
        "price": plain(Decimal(0)),
        "quantity": plain(order.quantity),
        "fee": plain(Decimal(0)),
        "fee_asset": order.account.quote_asset,
        "executed_at": iso(now),
    }
    publish_result(unit, queries.orders_by_id([order.order_id])[0], [spoken], clock, None)

"""What a venue's answer changes, from values to values: the order's state, positions, cash, fills and ledger entries.

Pure: who books says how things stand, and writes what is collected here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from execution.rules.accounting import ZERO, Booking, Holding, begun, book, fee_taken, notional, without_dust
from execution.rules.orders import DEADLINE_PASSED, LiveOrder
from execution.rules.states import TERMINAL, OrderEvent, OrderState, advance
from execution.venues.protocol import Report, Trade

# Of an entry, besides cash; most entries move two or three of them.
LEGS = ("inventory", "fees", "realized", "units")


@dataclass(slots=True, kw_only=True)
class Changes:
    """Everything a batch of answers changes in the books, collected to be written at once. Money in the quote asset.

    A symbol is its base asset and the quote asset. `step_of` tells a symbol's present quantity step, None: unknown.
    """

    account: str
    quote_asset: str
    step_of: Callable[[str], Decimal | None]
    holdings: dict[str, Holding]
    fills: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    cash: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    touched: set[str] = field(default_factory=set)

    def settle(self, order: LiveOrder, report: Report, trades: Sequence[Trade], *, episode_id: UUID) -> bool:
        """Move the order along its states and book its new trades; False when the answer was recorded before.

        `episode_id` names the time from flat to flat that this order begins, if it does. Raises Oversold and
        IllegalTransition.
        """
        if not _advance(order, report, trades):
            return False
        for trade in trades:
            booking = self._book(order, trade, episode_id, is_last=trade is trades[-1])
            self._collect(order, report, trade, booking)
        return True

    def _book(self, order: LiveOrder, trade: Trade, episode_id: UUID, *, is_last: bool) -> Booking:
        before = self.holdings.get(order.symbol, Holding(symbol=order.symbol))
        before = begun(before, episode_id=episode_id, opened_at=trade.executed_at)
        fee, base_fee = fee_taken(
            trade.fee,
            trade.fee_asset,
            price=trade.price,
            base_asset=order.symbol.removesuffix(self.quote_asset),
            quote_asset=self.quote_asset,
        )
        booking = book(before, side=order.side, price=trade.price, quantity=trade.quantity, fee=fee, base_fee=base_fee)
        if is_last:
            booking = self._swept(order, booking)
        self.holdings[order.symbol] = booking.holding
        order.filled_notional += notional(trade.price, trade.quantity)
        order.fee += fee
        order.realized_pnl += booking.realized_pnl
        return booking

    def _swept(self, order: LiveOrder, booking: Booking) -> Booking:
        """An exit that sold all it asked for leaves no position that is smaller than what can be ordered at all."""
        left = booking.holding.quantity
        if not left or not order.reduce_only or order.state != OrderState.FILLED:
            return booking
        step = self.step_of(order.symbol)
        return booking if step is None or left >= step else without_dust(booking, left)

    def positions(self) -> dict[str, Holding]:
        """The positions that are changed, each a version on."""
        return {
            symbol: replace(self.holdings[symbol], version=self.holdings[symbol].version + 1)
            for symbol in sorted(self.touched)
        }

    def _collect(self, order: LiveOrder, report: Report, trade: Trade, booking: Booking) -> None:
        self.touched.add(order.symbol)
        fee, base_fee = booking.entries[1].fees, -booking.entries[1].units
        self.cash += booking.cash
        self.realized_pnl += booking.realized_pnl
        self.fees += fee
        self.fills.append(
            {
                "order": order.order_id,
                "trade_id": trade.trade_id,
                "account": self.account,
                "symbol": order.symbol,
                "side": order.side,
                "price": trade.price,
                "quantity": trade.quantity,
                "fee": fee,
                "fee_asset": trade.fee_asset,
                "fee_quantity": base_fee or None,
                "dust_quantity": -sum((legs.units for legs in booking.entries[2:]), ZERO) or None,
                "realized_pnl": booking.realized_pnl,
                "executed_at": trade.executed_at,
                "model": report.model,
            }
        )
        named = {"order_id": order.order_id, "trade_id": trade.trade_id, "account": self.account}
        for legs in booking.entries:
            moved = {name: value for name in LEGS if (value := getattr(legs, name))}
            self.ledger.append(
                {**named, "kind": legs.kind, "amount": legs.amount, **moved, "occurred_at": trade.executed_at}
            )


def _advance(order: LiveOrder, report: Report, trades: Sequence[Trade]) -> bool:
    """Move the order along its states; False when the answer was recorded before. Raises IllegalTransition."""
    before = OrderState(order.state)
    if before in TERMINAL and not trades:
        return False
    order.filled_quantity += sum((trade.quantity for trade in trades), ZERO)
    event, reason = _happened(order, report, late=before in TERMINAL)
    after, named = advance(before, event), report.venue_order_id or order.venue_order_id
    if not trades and (before, order.venue_order_id) == (after, named):
        return False
    order.state, order.reason_code, order.venue_order_id = after, reason, named
    order.version += 1
    return True


def _happened(order: LiveOrder, report: Report, *, late: bool) -> tuple[OrderEvent, str]:
    """What an answer with all its trades means for the order, and the reason if it ends it. `late`: it had ended."""
    if order.filled_quantity == order.quantity and not report.rejected:
        return OrderEvent.FILL, ""
    if late:
        return OrderEvent.PARTIAL_FILL, order.reason_code
    if report.open:
        return OrderEvent.PARTIAL_FILL if order.filled_quantity else OrderEvent.ACCEPT, ""
    if report.canceled:
        return OrderEvent.EXPIRE if report.canceled == DEADLINE_PASSED else OrderEvent.CANCEL, report.canceled
    if report.rejected:
        return OrderEvent.REJECT, report.rejected
    return OrderEvent.EXPIRE, "VENUE_PARTIAL" if order.filled_quantity else "VENUE_NO_COUNTERPART"

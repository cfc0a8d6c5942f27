"""What a venue's answer changes, from values to values: the order's state, positions, cash, fills and ledger entries.

Pure: who books says how things stand, and writes what is collected here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from execution.rules.accounting import ZERO, Booking, Holding, begun, book, notional
from execution.rules.orders import DEADLINE_PASSED, LiveOrder
from execution.rules.states import TERMINAL, OrderEvent, OrderState, advance
from execution.venues.protocol import Report, Trade


@dataclass(slots=True, kw_only=True)
class Changes:
    """Everything a batch of answers changes in the books, collected to be written at once. Money in the quote asset."""

    account: str
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
            before = self.holdings.get(order.symbol, Holding(symbol=order.symbol))
            before = begun(before, episode_id=episode_id, opened_at=trade.executed_at)
            booking = book(before, side=order.side, price=trade.price, quantity=trade.quantity, fee=trade.fee)
            self.holdings[order.symbol] = booking.holding
            order.filled_notional += notional(trade.price, trade.quantity)
            order.fee += trade.fee
            order.realized_pnl += booking.realized_pnl
            self._collect(order, report, trade, booking)
        return True

    def positions(self) -> dict[str, Holding]:
        """The positions that are changed, each a version on."""
        return {
            symbol: replace(self.holdings[symbol], version=self.holdings[symbol].version + 1)
            for symbol in sorted(self.touched)
        }

    def _collect(self, order: LiveOrder, report: Report, trade: Trade, booking: Booking) -> None:
        self.touched.add(order.symbol)
        self.cash += booking.trade_amount + booking.fee_amount
        self.realized_pnl += booking.realized_pnl
        self.fees += trade.fee
        self.fills.append(
            {
                "order": order.order_id,
                "trade_id": trade.trade_id,
                "account": self.account,
                "symbol": order.symbol,
                "side": order.side,
                "price": trade.price,
                "quantity": trade.quantity,
                "fee": trade.fee,
                "fee_asset": trade.fee_asset,
                "realized_pnl": booking.realized_pnl,
                "executed_at": trade.executed_at,
                "model": report.model,
            }
        )
        for kind, change in (("TRADE", booking.trade_amount), ("FEE", booking.fee_amount)):
            self.ledger.append(
                {
                    "order_id": order.order_id,
                    "trade_id": trade.trade_id,
                    "account": self.account,
                    "kind": kind,
                    "amount": change,
                    "occurred_at": trade.executed_at,
                }
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

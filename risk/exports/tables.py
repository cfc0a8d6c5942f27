"""What can be exported, and what a row of each file is: its columns in their order, with their units and meaning.

The one place of it: the REST API lists its rows by these columns, files are written by them, and `docs/exports.md` is
filled from them. Amounts are in the quote asset where nothing else is said; market time is the exchange's, wall time
ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from execution.models import Fill, LedgerEntry, Order
from execution.rules.mode import MODE_OF
from execution.rules.states import OrderState
from risk.models import Decision, RoundTrip
from risk.rules.reasons import sentence

SIDES = ("BUY", "SELL")
Made = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTable:
    """`columns`: name → meaning. `at`: the market time by which days are asked. `key`: the columns of an index by which
    rows are found, oldest first; together they are of one row. `filters`: what narrows it, with the values there are
    (none: any). `made`: columns that are no column of the table."""

    model: type[models.Model]
    columns: Mapping[str, str]
    at: str
    key: tuple[str, ...]
    account: str = "account_id"
    filters: Mapping[str, tuple[str, ...]]
    made: Mapping[str, Made] = field(default_factory=dict)

    @property
    def help_texts(self) -> dict[str, dict[str, str]]:
        """As a serializer takes them."""
        return {name: {"help_text": meaning} for name, meaning in self.columns.items()}

    @property
    def by_time(self) -> bool:
        """Whether the key begins with the time that days are asked of."""
        return self.key[0] == self.at


ORDERS = ExportTable(
    model=Order,
    at="occurred_at",
    key=("created_at", "order_id"),
    filters={
        "symbol": (),
        "side": SIDES,
        "state": tuple(map(str, OrderState)),
        "kind": tuple(Decision.Kind.values),
    },
    made={"mode": lambda row: str(MODE_OF.get(row["venue"], ""))},
    columns={
        "order_id": "its name",
        "client_order_id": "the order's id as the venue knows it",
        "venue_order_id": "the venue's name of it",
        "decision_id": "decision it comes from",
        "signal_id": "signal it comes from",
        "account": "account",
        "symbol": "pair",
        "kind": "why it was decided: SIGNAL, STOP, HALT, OPERATOR",
        "side": "BUY or SELL",
        "order_type": "limited and immediate, or at the market",
        "reduce_only": "an exit",
        "quantity": "asked for, base units",
        "limit_price": "worst price, quote asset; null: market",
        "decision_price": "price it was decided at, quote asset",
        "filled_quantity": "base units",
        "filled_notional": "quote asset",
        "fee": "quote asset",
        "realized_pnl": "before fees, quote asset",
        "state": "how it stands",
        "reason_code": "why, as a code",
        "venue": "where it is sent",
        "mode": "PAPER, TEST or LIVE; empty: not claimed yet",
        "version": "one more with every change",
        "occurred_at": "market time of the decision",
        "created_at": "wall time",
        "claimed_at": "when it was taken to be sent, wall time",
        "closed_at": "when it ended, wall time; null: it may still fill",
        "cancel_requested_at": "when its cancel was asked for, wall time",
    },
)
FILLS = ExportTable(
    model=Fill,
    at="executed_at",
    key=("fill_id",),
    filters={"symbol": (), "side": SIDES},
    columns={
        "fill_id": "number of the fill, in the order they were booked",
        "order_id": "its order, which has the id of its decision",
        "trade_id": "the venue's name of it",
        "account": "account",
        "symbol": "pair",
        "side": "BUY or SELL",
        "price": "quote asset",
        "quantity": "base units",
        "fee": "its value, quote asset",
        "fee_asset": "asset the fee was taken in",
        "fee_quantity": "base units it was taken in; null: it was taken in the quote asset",
        "dust_quantity": "base units it left, too few to be ordered; null: none",
        "realized_pnl": "of a sell, before fees, quote asset",
        "executed_at": "market time at the venue",
        "recorded_at": "when it was booked, wall time",
    },
)
LEDGER = ExportTable(
    model=LedgerEntry,
    at="occurred_at",
    key=("id",),
    filters={"kind": tuple(LedgerEntry.Kind.values)},
    columns={
        "id": "its number",
        "account": "account",
        "kind": "what kind it is",
        "amount": "signed change of cash, quote asset; with the next four it is 0",
        "inventory": "change of the entry value of what is held, quote asset",
        "fees": "expense, quote asset",
        "realized": "minus the profit, quote asset",
        "capital": "minus what was paid in, quote asset",
        "units": "signed change of what is held, base units",
        "fill_id": "the fill it books; null: paid in or out",
        "paid_by": "who paid in or out; empty: of a fill",
        "reason": "why it was paid in or out",
        "occurred_at": "market time",
        "recorded_at": "wall time",
    },
)
DECISIONS = ExportTable(
    model=Decision,
    at="occurred_at",
    key=("occurred_at", "decision_id"),
    account="account",
    filters={
        "symbol": (),
        "side": SIDES,
        "kind": tuple(Decision.Kind.values),
        "outcome": tuple(Decision.Outcome.values),
    },
    made={"sentence": lambda row: sentence(row["reason_code"], row["params"])},
    columns={
        "decision_id": "its name",
        "kind": "what kind it is",
        "outcome": "what was decided",
        "reason_code": "why, as a code",
        "sentence": "the reason in words",
        "params": "what the reason's sentence is made with",
        "account": "account it belongs to",
        "symbol": "pair",
        "side": "BUY or SELL",
        "signal_id": "signal it comes from",
        "order_id": "order it became; null: none",
        "attempt": "which attempt to leave the position, from 1",
        "wanted_quantity": "base units",
        "quantity": "allowed, base units; 0 when refused",
        "price": "decided at, quote asset; null: none was known",
        "price_age_ms": "its age, milliseconds",
        "equity": "quote asset",
        "exposure_before": "positions at mark + open buys at worst price, quote asset",
        "exposure_after": "with this order at its worst price, quote asset",
        "trading_state": "trading state at that moment",
        "limits_version": "version of the limits it went by",
        "layers": "the layers that were asked, in their order",
        "occurred_at": "market time of what was decided upon",
        "decided_at": "wall time",
    },
)
ROUND_TRIPS = ExportTable(
    model=RoundTrip,
    at="closed_at",
    key=("closed_at", "last_fill_id"),
    account="account",
    filters={"symbol": (), "exit_reason": tuple(RoundTrip.ExitReason.values)},
    columns={
        "last_fill_id": "the fill that closed it, and its name",
        "first_fill_id": "fill that opened it",
        "account": "account it belongs to",
        "symbol": "pair",
        "opened_at": "market time",
        "closed_at": "market time",
        "quantity": "the most that was held, base units",
        "entry_notional": "quote asset",
        "exit_notional": "quote asset",
        "avg_entry_price": "quote asset",
        "avg_exit_price": "quote asset",
        "gross": "what its sells realised, as the books have it",
        "fees": "quote asset",
        "net": "gross − fees",
        "slippage": "paid beyond the decision prices; null: one of them is not known",
        "best_excursion_pct": "fraction of the average entry; null: candles are missing",
        "worst_excursion_pct": "fraction of the average entry; null: candles are missing",
        "entry_decision_id": "decision that bought first",
        "exit_decision_id": "decision that closed it",
        "entry_signal_id": "signal that it was bought on",
        "exit_reason": "why it was closed",
        "limits_version": "of the entry's decision",
        "recorded_at": "wall time",
    },
)
# One row a closed round trip, for whoever declares gains; put together in `risk/exports/tax.py`.
TAX = ExportTable(
    model=RoundTrip,
    at="closed_at",
    key=("closed_at", "last_fill_id"),
    account="account",
    filters={"symbol": (), "exit_reason": tuple(RoundTrip.ExitReason.values)},
    columns={
        "row": "TRIP; of the last row SUM",
        "symbol": "pair",
        "opened_at": "first buy, UTC",
        "closed_at": "last sell, UTC",
        "opened_local": "first buy in the zone that was asked for, with its distance from UTC",
        "closed_local": "last sell in that zone",
        "holding_days": "days of the calendar from opening to closing in that zone; 0: the same day",
        "quantity_bought": "sum of its buys, base units",
        "quantity_sold": "sum of its sells, base units",
        "currency": "quote asset, of all amounts here",
        "cost": "cash that its buys took, fees included",
        "proceeds": "cash that its sells brought, fees taken off",
        "gain": "proceeds − cost",
        "fees": "all its fees, which are in cost and proceeds already",
        "fee_asset": "what the fees were taken in",
        "gain_in_books": "net result of the round trip in the books; from `gain` it differs by rounding alone",
        "cost_method": "AVERAGE_ENTRY, as the books count; not first-in-first-out",
        "exit_reason": "why it was closed",
        "fill_ids": "its fills, oldest first",
    },
)
TABLES: dict[str, ExportTable] = {
    "orders": ORDERS,
    "fills": FILLS,
    "ledger": LEDGER,
    "decisions": DECISIONS,
    "round-trips": ROUND_TRIPS,
    "tax": TAX,
}

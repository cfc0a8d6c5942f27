"""The three lists of the Trades page: round trips by their closing, orders by their placing, fills by their booking."""

from __future__ import annotations

from dashboard.trades.listing import TradeList

# Above 0: worse than decided, whichever way.
SLIPPED = "(CASE o.side WHEN 'BUY' THEN 1 ELSE -1 END) * ({price} - o.decision_price)"
ORDER_STATES = {
    "OPEN": "o.state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN')",
    "FILLED": "o.state = 'FILLED'",
    "PARTIAL": "o.state <> 'FILLED' AND o.filled_quantity > 0",
    "EXPIRED": "o.state = 'EXPIRED'",
    "REJECTED": "o.state = 'REJECTED'",
    "CANCELED": "o.state = 'CANCELED'",
}
TRIPS = TradeList(
    source="round_trip t",
    columns={
        name: f"t.{name}"
        for name in (
            "last_fill_id",
            "symbol",
            "opened_at",
            "closed_at",
            "quantity",
            "avg_entry_price",
            "avg_exit_price",
            "entry_notional",
            "gross",
            "fees",
            "net",
            "slippage",
            "best_excursion_pct",
            "worst_excursion_pct",
            "exit_reason",
            "limits_version",
            "entry_decision_id",
            "exit_decision_id",
        )
    },
    account="t.account",
    at="t.closed_at",
    key=(("t.closed_at", "timestamptz"), ("t.last_fill_id", "bigint")),
    conditions={
        "symbol": "t.symbol = %(symbol)s",
        "exit": "t.exit_reason = %(exit)s",
        "limits": "t.limits_version = %(limits)s",
        "outcome": {"WON": "t.net > 0", "LOST": "t.net < 0", "FLAT": "t.net = 0"},
    },
)
ORDERS = TradeList(
    source='"order" o',
    columns={
        name: f"o.{name}"
        for name in (
            "order_id",
            "occurred_at",
            "symbol",
            "side",
            "kind",
            "order_type",
            "quantity",
            "limit_price",
            "decision_price",
            "filled_quantity",
            "filled_notional",
            "fee",
            "realized_pnl",
            "state",
            "reason_code",
            "cancel_requested_at",
        )
    },
    account="o.account_id",
    at="o.occurred_at",
    key=(("o.created_at", "timestamptz"), ("o.order_id", "uuid")),
    conditions={"symbol": "o.symbol = %(symbol)s", "side": "o.side = %(side)s", "state": ORDER_STATES},
)
FILLS = TradeList(
    source='fill f JOIN "order" o ON o.order_id = f.order_id',
    columns={
        **{
            name: f"f.{name}"
            for name in (
                "fill_id",
                "executed_at",
                "symbol",
                "side",
                "price",
                "quantity",
                "fee",
                "fee_asset",
                "fee_quantity",
                "realized_pnl",
                "trade_id",
                "order_id",
            )
        },
        "decision_price": "o.decision_price",
    },
    account="f.account_id",
    at="f.executed_at",
    key=(("f.fill_id", "bigint"),),
    conditions={"symbol": "f.symbol = %(symbol)s", "side": "f.side = %(side)s"},
)
LISTINGS = {"trips": TRIPS, "orders": ORDERS, "fills": FILLS}

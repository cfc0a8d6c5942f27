"""The tabs of orders and of fills: rows with what they slipped, and tiles."""

from __future__ import annotations

from datetime import tzinfo
from decimal import Decimal
from typing import Any

from dashboard.trades import sums, words
from dashboard.trades.filters import TradeFilter
from dashboard.trades.listing import ListPage
from execution.queries import PAPER


def orders_told(asked: TradeFilter, zone: tzinfo, listed: ListPage, limits: list[tuple[int, Any]]) -> dict[str, Any]:
    total = sums.order_sums(asked, PAPER, zone)
    for row in listed.rows:
        filled = row["filled_quantity"]
        row["price"] = row["filled_notional"] / filled if filled else None
        row["slippage"] = _slipped(row["side"], row["price"], row["decision_price"])
        row["state_words"] = words.ORDER_STATES[row["state"]]
        row["because"] = words.CAUSES.get(row["kind"], row["kind"])
        row["is_open"] = row["state"] in words.OPEN_STATES
    total["filled_share"] = Decimal(total["filled"]) / total["orders"] if total["orders"] else None
    total["slippage_share"] = total["slippage"] / total["decided"] if total["decided"] else None
    return {"total": total}


def _slipped(side: str, price: Decimal | None, decided: Decimal | None) -> Decimal | None:
    """The fraction that was paid worse than decided."""
    if price is None or not decided:
        return None
    worse = price - decided if side == "BUY" else decided - price
    # As exact as it is shown: less than that has no sign.
    return round(worse / decided, 4)


def fills_told(asked: TradeFilter, zone: tzinfo, listed: ListPage, limits: list[tuple[int, Any]]) -> dict[str, Any]:
    for row in listed.rows:
        row["notional"] = row["price"] * row["quantity"]
        row["slippage"] = _slipped(row["side"], row["price"], row["decision_price"])
    total = sums.fill_sums(asked, PAPER, zone)
    total["sells"] = total["fills"] - total["buys"]
    return {"total": total}

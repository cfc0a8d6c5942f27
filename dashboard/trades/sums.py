"""What the rows of a list add up to: the tiles, the table by exit, the two charts, and the line that ties all round
trips to the books. Everything is added up in the database, over all rows that are asked for and not the page alone.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal

from cdb_site import db
from dashboard.trades.filters import TradeFilter
from dashboard.trades.listing import Row
from dashboard.trades.lists import FILLS, ORDER_STATES, ORDERS, SLIPPED, TRIPS

CURVE_POINTS = 400
HELD = "extract(epoch FROM t.closed_at - t.opened_at)"
RETURN = "(t.net / t.entry_notional)"
TRIP_SUMS = {
    "trips": "count(*)",
    "won": "count(*) FILTER (WHERE t.net > 0)",
    "lost": "count(*) FILTER (WHERE t.net < 0)",
    "gross": "coalesce(sum(t.gross), 0)",
    "fees": "coalesce(sum(t.fees), 0)",
    "net": "coalesce(sum(t.net), 0)",
    "gains": "coalesce(sum(t.net) FILTER (WHERE t.net > 0), 0)",
    "losses": "coalesce(-sum(t.net) FILTER (WHERE t.net < 0), 0)",
    "best": "max(t.net)",
    "worst": "min(t.net)",
    "slippage": "sum(t.slippage)",
    "slipped": "count(t.slippage)",
    "median_held_s": f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {HELD})",
    "average_held_s": f"avg({HELD})",
    "mean_return": f"avg({RETURN})",
    "low_return": f"percentile_cont(0.01) WITHIN GROUP (ORDER BY {RETURN})",
    "high_return": f"percentile_cont(0.99) WITHIN GROUP (ORDER BY {RETURN})",
}
FILLED_PRICE = "o.filled_notional / nullif(o.filled_quantity, 0)"
ORDER_SUMS = {
    "orders": "count(*)",
    "filled": "count(*) FILTER (WHERE o.state = 'FILLED')",
    "partial": f"count(*) FILTER (WHERE {ORDER_STATES['PARTIAL']})",
    "expired": "count(*) FILTER (WHERE o.state = 'EXPIRED')",
    "rejected": "count(*) FILTER (WHERE o.state = 'REJECTED')",
    "canceled": "count(*) FILTER (WHERE o.state = 'CANCELED')",
    "open": f"count(*) FILTER (WHERE {ORDER_STATES['OPEN']})",
    "notional": "coalesce(sum(o.filled_notional), 0)",
    "fees": "coalesce(sum(o.fee), 0)",
    "slippage": f"sum({SLIPPED.format(price=FILLED_PRICE)} * o.filled_quantity)",
    "decided": "sum(o.decision_price * o.filled_quantity)",
    "realized": "coalesce(sum(o.realized_pnl), 0)",
}
FILL_SUMS = {
    "fills": "count(*)",
    "buys": "count(*) FILTER (WHERE f.side = 'BUY')",
    "bought": "coalesce(sum(f.price * f.quantity) FILTER (WHERE f.side = 'BUY'), 0)",
    "sold": "coalesce(sum(f.price * f.quantity) FILTER (WHERE f.side = 'SELL'), 0)",
    "fees": "coalesce(sum(f.fee), 0)",
    "realized": "coalesce(sum(f.realized_pnl), 0)",
}
CHOICES = """
    SELECT (SELECT array_agg(symbol ORDER BY symbol) FROM position WHERE account_id = %(account)s),
      (SELECT array_agg(ARRAY[version::text, stop_loss_pct::text] ORDER BY version DESC) FROM (
        SELECT version, stop_loss_pct FROM limit_version WHERE account = %(account)s ORDER BY version DESC LIMIT 30
      ) AS newest)"""
CURVE = """
    SELECT closed_at, total FROM (
      SELECT t.closed_at, t.last_fill_id, sum(t.net) OVER (ORDER BY t.closed_at, t.last_fill_id) AS total,
        row_number() OVER (ORDER BY t.closed_at, t.last_fill_id) AS number, count(*) OVER () AS trips
      FROM round_trip t WHERE {condition}) AS point
    WHERE mod(number, greatest(1, trips / %(points)s)) = 0 OR number = trips ORDER BY closed_at, last_fill_id"""


def trip_sums(asked: TradeFilter, account: str, zone: tzinfo) -> tuple[Row, dict[str, Row]]:
    """(sums of all trips that are asked for, the same by exit reason)."""
    condition, values = TRIPS.where(asked, account, zone)
    statement = (
        f"SELECT t.exit_reason, {', '.join(TRIP_SUMS.values())} FROM round_trip t WHERE {condition}"  # noqa: S608
        " GROUP BY GROUPING SETS ((), (t.exit_reason))"
    )
    found = {row[0]: dict(zip(TRIP_SUMS, row[1:], strict=True)) for row in db.select(statement, values)}
    return found.pop(None), found


def order_sums(asked: TradeFilter, account: str, zone: tzinfo) -> Row:
    condition, values = ORDERS.where(asked, account, zone)
    statement = f'SELECT {", ".join(ORDER_SUMS.values())} FROM "order" o WHERE {condition}'  # noqa: S608
    return dict(zip(ORDER_SUMS, db.select(statement, values)[0], strict=True))


def fill_sums(asked: TradeFilter, account: str, zone: tzinfo) -> Row:
    condition, values = FILLS.where(asked, account, zone)
    statement = f"SELECT {', '.join(FILL_SUMS.values())} FROM fill f WHERE {condition}"  # noqa: S608
    return dict(zip(FILL_SUMS, db.select(statement, values)[0], strict=True))


def trips_by_return(
    asked: TradeFilter, account: str, zone: tzinfo, *, width: Decimal, first: int, last: int
) -> dict[int, int]:
    """How many trips made `number` × `width` or more of their entry value, and less than the next; what lies beyond the
    first or last counts there."""
    condition, values = TRIPS.where(asked, account, zone)
    statement = (
        f"SELECT greatest(%(first)s, least(%(last)s, floor({RETURN} / %(width)s)))::int AS number, count(*)"  # noqa: S608
        f" FROM round_trip t WHERE {condition} GROUP BY number"
    )
    return dict(db.select(statement, values | {"width": width, "first": first, "last": last}))


def curve(asked: TradeFilter, account: str, zone: tzinfo) -> list[tuple[datetime, Decimal]]:
    """The sum of the trips' net after each of them, at most some hundred points, always the last."""
    condition, values = TRIPS.where(asked, account, zone)
    return [tuple(row) for row in db.select(CURVE.format(condition=condition), values | {"points": CURVE_POINTS})]


def choices(account: str) -> tuple[list[str], list[tuple[int, Decimal]]]:
    """(every symbol that was ever held, because a position's row stays; the newest limits' versions, each with its stop
    loss as a fraction)."""
    [[symbols, versions]] = db.select(CHOICES, {"account": account})
    return list(symbols or ()), [(int(version), Decimal(stop)) for version, stop in versions or ()]

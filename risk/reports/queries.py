"""Reads of the reports: what lies in a span of market time, found by the indexes of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from cdb_site import db
from risk.rules.equity_path import Point

# An account may be opened before the market's clock is known: its first deposit is older than its first mark.
FLOWS = """SELECT CASE WHEN row_number() OVER (ORDER BY id) = 1 THEN least(occurred_at,
      (SELECT min(taken_at) FROM equity_snapshot WHERE account = %(account)s)) ELSE occurred_at END, amount
    FROM ledger_entry WHERE account_id = %(account)s AND kind IN ('DEPOSIT', 'WITHDRAWAL') ORDER BY 1, id"""
POINTS = """SELECT taken_at, equity, exposure FROM equity_snapshot
    WHERE account = %s AND taken_at >= %s AND taken_at < %s ORDER BY taken_at"""
NEWEST_POINT = "SELECT taken_at, equity FROM equity_snapshot WHERE account = %s ORDER BY taken_at DESC LIMIT 1"
FILLED = """SELECT count(*), coalesce(sum(price * quantity), 0), coalesce(sum(fee), 0), coalesce(sum(realized_pnl), 0)
    FROM fill WHERE account_id = %s AND executed_at >= %s AND executed_at < %s"""
ORDERS = """SELECT side, state, count(*), coalesce(sum(filled_notional), 0)
    FROM "order" WHERE account_id = %s AND occurred_at >= %s AND occurred_at < %s GROUP BY 1, 2 ORDER BY 1, 2"""
DECISIONS = """SELECT outcome, reason_code, limits_version, count(*), (array_agg(params ORDER BY occurred_at DESC))[1]
    FROM decision WHERE account = %s AND occurred_at >= %s AND occurred_at < %s
    GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 2"""
# ± (average price − decision price) ÷ decision price in bps, and the same in the quote asset; above 0 is worse.
WORSE = "(CASE side WHEN 'BUY' THEN 1 ELSE -1 END) * (filled_notional - decision_price * filled_quantity)"
SLIPPED = f"""SELECT round({WORSE} / (decision_price * filled_quantity) * 10000, 2), count(*), sum({WORSE})
    FROM "order" WHERE account_id = %s AND occurred_at >= %s AND occurred_at < %s
    AND filled_quantity > 0 AND decision_price > 0 GROUP BY 1"""  # noqa: S608 - our own columns


PLACES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpan:
    """From `since` on and before `until`, of one account; market time."""

    account: str
    since: datetime
    until: datetime

    @property
    def asked(self) -> tuple[str, datetime, datetime]:
        return self.account, self.since, self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What was decided, ordered and filled in a span. Rows as their queries return them."""

    fills: int
    turnover: Decimal
    fees: Decimal
    realized_pnl: Decimal
    slipped: dict[Decimal, int]
    slippage_cost: Decimal
    orders: Sequence[tuple[Any, ...]]
    decisions: Sequence[tuple[Any, ...]]


def activity(span: ReportSpan) -> Activity:
    """All of it in one round trip."""
    filled, slipped, orders, decisions = db.select_together(
        [(statement, span.asked) for statement in (FILLED, SLIPPED, ORDERS, DECISIONS)]
    )
    count, turnover, fees, realized = filled[0]
    return Activity(
        fills=count,
        turnover=turnover,
        fees=fees,
        realized_pnl=realized,
        slipped={row[0]: row[1] for row in slipped},
        slippage_cost=sum((row[2] for row in slipped), Decimal(0)),
        orders=orders,
        decisions=[(*row[:-1], orjson.loads(row[-1])) for row in decisions],
    )


def activity_sums(span: ReportSpan) -> dict[str, Decimal]:
    """Only its amounts: what was realised, fees, and the cost of slippage."""
    filled, slipped = db.select_together([(FILLED, span.asked), (SLIPPED, span.asked)])
    cost = sum((row[2] for row in slipped), Decimal(0))
    return {"realized": rounded(filled[0][3]), "fees": rounded(filled[0][2]), "slippage_cost": rounded(cost)}


def flows(account: str) -> list[Point]:
    """Every deposit, and every withdrawal below 0, with its market time; oldest first."""
    return [(row[0], row[1]) for row in db.select(FLOWS, {"account": account})]


def points(span: ReportSpan) -> list[tuple[datetime, Decimal, Decimal]]:
    """The stored equity curve: (when, equity, exposure as a fraction of equity), oldest first."""
    return [(row[0], row[1], row[2]) for row in db.select(POINTS, span.asked)]


def newest_point(account: str) -> Point | None:
    """The account's last mark that was stored."""
    rows = db.select(NEWEST_POINT, (account,))
    return (rows[0][0], rows[0][1]) if rows else None


def rounded(value: Decimal) -> Decimal:
    """To 12 decimals, as the books count, so that sums and differences of a day are exact."""
    return round(value, PLACES)

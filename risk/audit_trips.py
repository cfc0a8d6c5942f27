"""What the audit asks of round trips: each is the sum of its fills, none is left out, and with what open positions
realised they are the profit of the books.

That the account's profit and fees are the sums of all fills is asked elsewhere; that every fill lies in one trip or
behind the last of its symbol is asked here. So the last line of a page, net of all trips + open part = realised − fees,
holds to the last digit or is a violation. A trip that is not written yet counts as open: being late breaks nothing.
"""

from __future__ import annotations

from execution.queries import UNITS
from risk.audit_marks import Check, SumCheck

LAST_BEFORE = """coalesce((SELECT last.last_fill_id FROM round_trip last WHERE last.account = {account}
    AND last.symbol = {symbol} {before} ORDER BY last.last_fill_id DESC LIMIT 1), 0)"""
BEHIND_THE_FORMER = LAST_BEFORE.format(
    account="t.account", symbol="t.symbol", before="AND last.last_fill_id < t.last_fill_id"
)
BEHIND_THE_LAST = LAST_BEFORE.format(account="p.account_id", symbol="p.symbol", before="")
TRIP_IS_NOT_ITS_FILLS = f"""
    SELECT 'trip ' || t.last_fill_id, t.symbol || ' from fill ' || t.first_fill_id || ' made ' || t.gross || ' for '
      || t.fees || '; its fills from ' || seen.first || ' made ' || seen.gross || ' for ' || seen.fees
      || ' and leave ' || seen.rest
    FROM round_trip t
    CROSS JOIN LATERAL (SELECT coalesce(min(f.fill_id), 0) AS first, coalesce(sum(f.realized_pnl), 0) AS gross,
        coalesce(sum(f.fee), 0) AS fees,
        coalesce(sum({UNITS.format(fill="f")}), 0) AS rest
      FROM fill f WHERE f.account_id = t.account AND f.symbol = t.symbol
        AND (f.account_id, f.symbol, f.fill_id) <= (t.account, t.symbol, t.last_fill_id)
        AND (f.account_id, f.symbol, f.fill_id) > (t.account, t.symbol, {BEHIND_THE_FORMER})) AS seen
    WHERE {{recent}} AND (seen.first <> t.first_fill_id OR seen.gross <> t.gross OR seen.fees <> t.fees
      OR seen.rest <> 0)"""  # noqa: S608
PROFIT_OF_CLOSED = f"""
    SELECT p.symbol || ' of ' || p.account_id AS key, p.realized_pnl - coalesce((SELECT sum(f.realized_pnl)
      FROM fill f WHERE f.account_id = p.account_id AND f.symbol = p.symbol
      AND (f.account_id, f.symbol, f.fill_id) > (p.account_id, p.symbol, {BEHIND_THE_LAST})), 0) AS value
    FROM position p"""  # noqa: S608
TRIP_CHECKS: tuple[Check | SumCheck, ...] = (
    Check(
        invariant="I2", code="TRIP_IS_NOT_ITS_FILLS", recent="t.recorded_at >= %(since)s", query=TRIP_IS_NOT_ITS_FILLS
    ),
    SumCheck(
        code="TRIPS_ARE_NOT_THE_PROFIT",
        kept=PROFIT_OF_CLOSED,
        entries="SELECT last_fill_id AS number, recorded_at, symbol || ' of ' || account AS key, gross AS value"
        " FROM round_trip",
        words=("position", "realized in closed trips", "trips"),
    ),
)

"""Round trips as rows: what the fills have closed since the last look is written, once, by whoever looks first.

The fills of one account are numbered in the order they are committed, because they are booked under its lock. So one
mark says how far they have been looked through; it has the sums of all trips besides. A look reads the fills behind the
mark and, of each symbol that was sold, those since its last trip. It locks the mark alone: no fill waits for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import transaction

from cdb_site import db
from execution.rules.accounting import ZERO, Oversold
from risk.models import RoundTrip, RoundTripMark
from risk.rules.round_trips import Trip, TripFill, closed_trips, excursion, whole_candles

log = logging.getLogger(__name__)
PORTION, PORTIONS_MAX = 2_000, 50
NEWER = "SELECT fill_id, symbol, side FROM fill WHERE account_id = %s AND fill_id > %s ORDER BY fill_id LIMIT %s"
NOTHING_NEW = """SELECT
    coalesce((SELECT fill_id FROM fill WHERE account_id = %(account)s ORDER BY fill_id DESC LIMIT 1), 0)
    <= coalesce((SELECT fill_id FROM round_trip_mark WHERE account = %(account)s), 0)"""
# Numbers of fills are compared together with account and symbol: as a plan may only take the index of these three, a
# symbol that is traded once a year does not cost a year of the others' fills.
LAST_TRIP = """coalesce((SELECT t.last_fill_id FROM round_trip t WHERE t.account = %(account)s AND t.symbol = {symbol}
      ORDER BY t.last_fill_id DESC LIMIT 1), 0)"""
SINCE_LAST_TRIP = f"""
    SELECT f.fill_id, f.symbol, f.side, f.price, f.quantity, f.fee, f.executed_at, o.kind, o.decision_id, o.signal_id,
      o.decision_price, (SELECT d.limits_version FROM decision d WHERE d.decision_id = o.decision_id),
      coalesce(f.fee_quantity, 0), coalesce(f.dust_quantity, 0)
    FROM unnest(%(symbols)s::text[]) AS asked (symbol)
    CROSS JOIN LATERAL (SELECT * FROM fill WHERE account_id = %(account)s AND symbol = asked.symbol
      AND (account_id, symbol, fill_id) > (%(account)s, asked.symbol, {LAST_TRIP.format(symbol="asked.symbol")})
      AND (account_id, symbol, fill_id) <= (%(account)s, asked.symbol, %(upto)s) ORDER BY fill_id) AS f
    CROSS JOIN LATERAL (SELECT * FROM "order" WHERE order_id = f.order_id OFFSET 0) AS o
    ORDER BY f.symbol, f.fill_id"""  # noqa: S608
FACTS = tuple(TripFill.__dataclass_fields__)
EXTREMES = """
    SELECT trip.number, count(c.open_time), max(c.high), min(c.low)
    FROM unnest(%(numbers)s::bigint[], %(symbols)s::text[], %(first)s::timestamptz[], %(end)s::timestamptz[])
      AS trip (number, symbol, first, "end")
    LEFT JOIN marketdata_candle c ON c.instrument_id = trip.symbol AND c."interval" = %(interval)s
      AND c.open_time >= trip.first AND c.open_time < trip."end"
    GROUP BY trip.number"""
CLOSED_AND_OPEN = f"""
    SELECT coalesce(max(m.trips), 0), coalesce(max(m.gross), 0), coalesce(max(m.fees), 0),
      coalesce(max(still.gross), 0), coalesce(max(still.fees), 0), max(a.realized_pnl), max(a.fees)
    FROM (SELECT sum(part.gross) AS gross, sum(part.fees) AS fees FROM position p
      CROSS JOIN LATERAL (SELECT sum(f.realized_pnl) AS gross, sum(f.fee) AS fees FROM fill f
        WHERE f.account_id = %(account)s AND f.symbol = p.symbol
          AND (f.account_id, f.symbol, f.fill_id) > (%(account)s, p.symbol, {LAST_TRIP.format(symbol="p.symbol")})
        ) AS part
      WHERE p.account_id = %(account)s) AS still
    LEFT JOIN round_trip_mark m ON m.account = %(account)s LEFT JOIN account a ON a.account = %(account)s"""  # noqa: S608
NOT_STORED = ("highest_fill", "lowest_fill")


def catch_up(account: str, *, portions: int = PORTIONS_MAX) -> int:
    """Write the trips that were closed since the last look; returns how many. Twice, or by several at once, changes
    nothing. At most `portions` × 2,000 fills are looked through; the next look goes on from there."""
    written = 0
    for _ in range(portions):
        if db.select(NOTHING_NEW, {"account": account})[0][0]:
            break
        with transaction.atomic():
            written += _portion(account)
    return written


def _portion(account: str) -> int:
    RoundTripMark.objects.get_or_create(account=account)
    mark = RoundTripMark.objects.select_for_update().get(account=account)
    newer = db.select(NEWER, (account, mark.fill_id, PORTION))
    if not newer:
        return 0
    upto = newer[-1][0]
    sold = sorted({symbol for _, symbol, side in newer if side == "SELL"})
    written = _write(account, list(_trips(account, sold, upto)))
    mark.fill_id = upto
    mark.trips += len(written)
    mark.gross += sum(row[1] for row in written)
    mark.fees += sum(row[2] for row in written)
    mark.save()
    return len(written)


def _trips(account: str, symbols: Sequence[str], upto: int) -> Iterator[Trip]:
    """What the fills of these symbols closed since their last trips."""
    rows = db.select(SINCE_LAST_TRIP, {"account": account, "symbols": list(symbols), "upto": upto}) if symbols else []
    facts = [TripFill(**dict(zip(FACTS, row, strict=True))) for row in rows]
    for symbol, fills in groupby(facts, key=lambda fact: fact.symbol):
        try:
            yield from closed_trips(fills)
        except Oversold:
            # Nothing that is booked can do this. The audit says what is wrong with the books; the others' trips go on.
            log.exception("the fills of %s give no round trips", symbol)


def _write(account: str, trips: Sequence[Trip]) -> list[tuple[Any, ...]]:
    """(last fill, gross, fees) of those that were not there."""
    ways = _excursions(trips)
    rows = [
        {name: value for name, value in asdict(trip).items() if name not in NOT_STORED}
        | {"account": account}
        | dict(zip(("best_excursion_pct", "worst_excursion_pct"), ways[trip.last_fill_id], strict=True))
        for trip in trips
    ]
    return db.bulk_insert(RoundTrip, rows, on_conflict="DO NOTHING", returning="last_fill_id, gross, fees")


def _excursions(trips: Sequence[Trip]) -> dict[int, tuple[Any, Any]]:
    """(best, worst) by last fill; neither where a candle within the trip is not stored."""
    length = timedelta(seconds=settings.ENVIRONMENT.interval_s)
    spans = {trip.last_fill_id: whole_candles(trip, length) for trip in trips}
    asked = {
        "numbers": list(spans),
        "symbols": [trip.symbol for trip in trips],
        "first": [first for first, _ in spans.values()],
        "end": [first + count * length for first, count in spans.values()],
        "interval": settings.ENVIRONMENT.INTERVAL,
    }
    seen = {row[0]: row[1:] for row in db.select(EXTREMES, asked)} if trips else {}
    found: dict[int, tuple[Any, Any]] = {}
    for trip in trips:
        count, high, low = seen[trip.last_fill_id]
        way = excursion(trip, high=high, low=low) if count == spans[trip.last_fill_id][1] else None
        found[trip.last_fill_id] = (way.best, way.worst) if way else (None, None)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TripSums:
    """What trips, or the fills that are in none yet, add up to."""

    trips: int = 0
    gross: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees


def closed_and_open(account: str) -> tuple[TripSums, TripSums, TripSums | None]:
    """(the sums of all trips that are written, whatever their number; what the fills behind the last trip of each
    symbol realised and cost; what the account has of both, None without an account), all of one moment: the first two
    are the third."""
    [[trips, gross, fees, open_gross, open_fees, realized, paid]] = db.select(CLOSED_AND_OPEN, {"account": account})
    booked = None if realized is None else TripSums(gross=realized, fees=paid)
    return TripSums(trips=trips, gross=gross, fees=fees), TripSums(gross=open_gross, fees=open_fees), booked

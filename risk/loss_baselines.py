"""What today's loss and the drawdown are measured from: the UTC day's opening equity, and the peak of 24 hours.

Both change slowly and are looked up every two seconds, the opening at once on a new day of market time; of the points
behind the peak only the new ones are read (`risk/peak.py`).
A decision records the levels it saw. The opening is provisional until its inputs are complete (`docs/days.md`):
computed anew at each look, stored as final once, and never changed after that.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import orjson
from django.conf import settings
from django.db import connection

from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.clock import SYSTEM, Clock
from risk import queries
from risk.order_rate import OrderRate
from risk.peak import Peak
from risk.rules.account_state import Levels
from risk.rules.day_opening import Opening
from risk.rules.portfolio import Mark

LIFETIME_S = 2.0
SETTLED_AFTER = timedelta(seconds=60)
WAIT_TOLD_S = 60.0
WAIT_MAX_S = 900.0
RISK = "risk"
KEEP = """INSERT INTO day_opening (account, day, equity, final, inputs) VALUES (%s, %s, %s, %s, %s::jsonb)
    ON CONFLICT (account, day) DO UPDATE
      SET equity = EXCLUDED.equity, final = EXCLUDED.final, inputs = EXCLUDED.inputs || jsonb_strip_nulls(
        jsonb_build_object('first_seen', day_opening.inputs->'first_seen')) WHERE NOT day_opening.final"""
# Who saw a symbol first, counts: another process or an earlier one.
KEEP_FIRST_SEEN = """UPDATE day_opening
    SET inputs = inputs || jsonb_build_object('first_seen', %s::jsonb || coalesce(inputs->'first_seen', '{}'))
    WHERE account = %s AND day = %s AND NOT final RETURNING inputs->'first_seen'"""


class LevelBoard:
    """The levels of one account in one process, which also settles the opening of each day; and its rate of orders."""

    def __init__(self, account: str, clock: Clock = SYSTEM) -> None:
        self.account, self.clock = account, clock
        self._order_rate = OrderRate(clock)
        self._peak = Peak(account)
        self._lock = threading.Lock()
        self._levels: Levels | None = None
        self._read_at = float("-inf")
        self._waiting: tuple[date, float] | None = None
        self._told = False
        self._first_seen: tuple[date | None, dict[str, Decimal]] = (None, {})

    @property
    def placed_lately(self) -> int | None:
        """Orders of the last minute; None when they have to be counted."""
        return self._order_rate.known

    def note_orders(self, counted: int | None, placed: int) -> None:
        """So many were counted, if they were, and so many are placed now."""
        if counted is not None:
            self._order_rate.counted(counted)
        self._order_rate.placed(placed)

    def first_seen(self, levels: Levels, marks: Mapping[str, Mark]) -> Mapping[str, Decimal]:
        """The first price that any risk manager saw today of each symbol that lacks its last close before midnight."""
        if self._first_seen[0] != levels.day:
            self._first_seen = (levels.day, {})
        known = self._first_seen[1]
        new = [row.symbol for row in levels.missing if row.symbol in marks and row.symbol not in known]
        if new:
            prices = {symbol: str(marks[symbol].price) for symbol in new}
            stored = db.select(KEEP_FIRST_SEEN, (orjson.dumps(prices).decode(), self.account, levels.day))
            seen = orjson.loads(stored[0][0]) if stored else prices
            known |= {symbol: Decimal(price) for symbol, price in seen.items()}
        return known

    def at(self, market_now: datetime) -> Levels:
        """The levels that hold at a market time. Inside a transaction nothing is settled: it is somebody else's."""
        with self._lock:
            held, monotonic_s = self._levels, self.clock.monotonic_s()
            if held and held.day == market_now.date() and monotonic_s - self._read_at < LIFETIME_S:
                return held
            peak, inside = self._peak.at(market_now), connection.in_atomic_block
            self._levels = _read(self.account, market_now, peak)[0] if inside else self._settled(market_now, peak)
            self._read_at = monotonic_s
            return self._levels

    def forget(self) -> None:
        """Read again at the next look."""
        with self._lock:
            self._read_at = float("-inf")

    def _settled(self, market_now: datetime, peak: Decimal | None) -> Levels:
        """The levels; an opening that is not final is kept as it is known now, and made final when it is complete."""
        day = market_now.date()
        levels, opening = _read(self.account, market_now, peak)
        if opening is None:
            self._end_waiting()
            return levels
        incomplete = bool(opening.missing or opening.unbooked)
        waited_s = self._waited_s(day) if incomplete else 0.0
        final = waited_s >= WAIT_MAX_S or (not incomplete and market_now >= midnight_of(day) + SETTLED_AFTER)
        row = (self.account, day, opening.equity, final, orjson.dumps(opening.explained()).decode())
        if not db.execute(KEEP, row):
            return _read(self.account, market_now, peak)[0]  # another process has just made it final
        self._tell(day, opening, incomplete=incomplete, final=final, waited_s=waited_s)
        return _read(self.account, market_now, peak)[0] if final else levels

    def _waited_s(self, day: date) -> float:
        """How long this process has waited for the inputs of that day; wall time, steps of the clock left out."""
        if self._waiting is None or self._waiting[0] != day:
            self._waiting = (day, self.clock.monotonic_s())
        return self.clock.monotonic_s() - self._waiting[1]

    def _tell(self, day: date, opening: Opening, *, incomplete: bool, final: bool, waited_s: float) -> None:
        if incomplete:
            params = {"day": day.isoformat(), "symbols": _names(opening), "equity": str(opening.equity)}
            if final:
                alerts.raise_alert("OPENING_ESTIMATED", source=RISK, key=f"{self.account} {day}", params=params)
            elif waited_s >= WAIT_TOLD_S and not self._told:
                self._told = True
                alerts.raise_alert("OPENING_WAITS", source=RISK, key=self.account, params=params)
        if final or not incomplete:
            self._end_waiting()

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            alerts.close_alert("OPENING_WAITS", source=RISK, key=self.account)
        self._waiting, self._told = None, False


def read(account: str, market_now: datetime) -> Levels:
    """The levels as PostgreSQL has them; nothing is stored."""
    return _read(account, market_now, queries.peak_earned(account, market_now))[0]


def _read(account: str, market_now: datetime, peak: Decimal | None) -> tuple[Levels, Opening | None]:
    """(levels, what a provisional opening comes from; None when it is final). `peak` is less what is paid in."""
    day = market_now.astimezone(UTC).date()
    settled = queries.new_start(account, midnight_of(day))
    if settled is None:
        settled = queries.final_opening(account, day)
    if settled is not None:
        paid_in = settled.paid_in
        return Levels(day=day, opening=settled.equity, peak=_above(peak, paid_in), paid_in=paid_in), None
    opening = queries.opening_at(account, midnight_of(day), settings.ENVIRONMENT.INTERVAL)
    paid_in = opening.external
    levels = Levels(
        day=day,
        opening=opening.equity,
        peak=_above(peak, paid_in),
        final=False,
        missing=opening.missing,
        paid_in=paid_in,
    )
    return levels, opening


def _above(peak: Decimal | None, paid_in: Decimal) -> Decimal | None:
    return None if peak is None else peak + paid_in


def midnight_of(day: date) -> datetime:
    """When a UTC day of market time begins."""
    return datetime.combine(day, time(), UTC)


def _names(opening: Opening) -> str:
    return ", ".join(row.symbol for row in opening.missing) or f"{opening.unbooked} orders"


@cache
def process_levels(account: str) -> LevelBoard:
    """The levels shared by the decisions and the watcher of this process."""
    return LevelBoard(account)

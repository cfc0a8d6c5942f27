"""What a decision may have seen of things that wait for no lock: each as it was some seconds before and after. Pure.

A breaker that is opened while a batch is being decided is seen by it or not: both are right. A value that was stored
with the decision is taken as seen when it is one of those; else what must have been seen is taken, and comes out as a
difference. The seconds cover what passes from the beginning of a transaction, whose time rows have, to its commit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

from replay.rules.recorded_day import DayLevels, HoldChange, PeakPoint, Spell, Value
from risk.rules.limits import Limits

CONCURRENT = timedelta(seconds=5)
LEVELS_LIVE = timedelta(seconds=2)
PEAK_WINDOW = timedelta(days=1)
MINUTE = timedelta(minutes=1)
STRICTNESS = ("ACTIVE", "REDUCING", "HALTED")


def surely(spells: Iterable[Spell[Value]], at: datetime) -> list[Value]:
    """What held for all of the time around a moment."""
    before, after = at - CONCURRENT, at + CONCURRENT
    return [one.value for one in spells if one.begun <= before and (one.ended is None or one.ended > after)]


def perhaps(spells: Iterable[Spell[Value]], at: datetime) -> list[Value]:
    """What held at some time around a moment."""
    before, after = at - CONCURRENT, at + CONCURRENT
    return [one.value for one in spells if one.begun <= after and (one.ended is None or one.ended > before)]


def holds_seen(changes: Sequence[HoldChange], at: datetime) -> set[str]:
    """The trading states that may have been seen: the strictest of what the owners held. Nobody ever said: HALTED."""
    by_owner: dict[str, list[str]] = {}
    for change in changes:
        if change.at > at + CONCURRENT:
            break
        held = by_owner.setdefault(change.owner, ["ACTIVE"])
        if change.at <= at - CONCURRENT:
            held.clear()
        held.append(change.state)
    return {max(states, key=STRICTNESS.index, default="HALTED") for states in product(*by_owner.values())}


def limits_seen(versions: Sequence[tuple[datetime, Limits]], at: datetime) -> list[Limits]:
    """The limits that may have been in force, newest first."""
    known = [limits for since, limits in versions if since <= at + CONCURRENT]
    older = [limits for since, limits in versions if since <= at - CONCURRENT]
    return known[max(0, len(older) - 1) :][::-1]


def orders_seen(placed: Sequence[datetime], at: datetime, batch: int) -> tuple[int, int]:
    """(fewest, most) orders of the last minute, `batch` of them placed by the same batch before. `placed` is sorted."""
    before = bisect_left(placed, at)
    certain = bisect_right(placed, at - CONCURRENT) - bisect_left(placed, at - MINUTE + CONCURRENT)
    most = bisect_right(placed, at + CONCURRENT) - bisect_left(placed, at - MINUTE - CONCURRENT)
    return max(0, min(certain, before)) + batch, most + batch


def peak_is_possible(levels: DayLevels, stored: Decimal | None, at: datetime, market_now: datetime) -> bool:
    """Whether the highest point of 24 hours, less what had been paid in, may have been read as `stored`."""
    early, late = at - LEVELS_LIVE - CONCURRENT, at + CONCURRENT
    since = market_now - PEAK_WINDOW
    restarts = [moment for moment in levels.restarts if moment <= late]
    last, first = max(restarts, default=None), max((one for one in restarts if one <= early), default=None)
    points = _stored_until(levels.points, late)
    sure = [
        point.earned
        for point in points
        if point.stored_at <= early and point.taken_at > since + CONCURRENT and (last is None or point.stored_at > last)
    ]
    if stored is None:
        return not sure
    if sure and stored < max(sure):
        return False
    return any(
        point.earned == stored and point.taken_at > since - CONCURRENT and (first is None or point.stored_at > first)
        for point in points
    )


def _stored_until(points: Sequence[PeakPoint], late: datetime) -> Sequence[PeakPoint]:
    return points[: bisect_right(points, late, key=lambda point: point.stored_at)]

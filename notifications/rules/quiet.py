"""Quiet hours: from one time of day until another, by the clock on the wall of a place.

From 22:00 until 07:00 goes over midnight. On the night of a change of time the hours are as long as the clock on the
wall makes them: where 02:30 is skipped, hours until 02:30 end with the skip; where it comes twice, they end with the
first and are quiet again from the second 02:00 on.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
# Longer than any day, so that an end is found.
MINUTES_MOST = 26 * 60


def is_quiet(now: datetime, begin: time | None, end: time | None, zone: ZoneInfo) -> bool:
    """Whether `now` (aware) lies in the quiet hours; without them it never does."""
    if begin is None or end is None:
        return False
    shown = now.astimezone(zone).time()
    return begin <= shown < end if begin < end else shown >= begin or shown < end


def quiet_until(now: datetime, begin: time | None, end: time | None, zone: ZoneInfo) -> datetime | None:
    """The first whole minute (UTC) that is not quiet any more; None when it is not quiet now."""
    if not is_quiet(now, begin, end, zone):
        return None
    moment = now.astimezone(UTC).replace(second=0, microsecond=0)
    for _ in range(MINUTES_MOST):
        moment += MINUTE
        if not is_quiet(moment, begin, end, zone):
            return moment
    raise ValueError(f"quiet hours from {begin} until {end} have no end")

"""The days that are over are verified once each, by the clock, in a process of its own: it may take minutes.

How far they are is a mark among the audit's. A day that differs raises an alert that closes when the day verifies:
somebody has mended it and has run `manage.py verify_day` again. A hole of the tape is told once, for it stays. A day
without decisions has nothing to verify; one that nobody could verify is told like one that differs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta

from cdb_site import db, failures
from cdb_site.alerts import operations as alerts
from replay.days.verifying import VerifiedDay, verify_day
from risk.loss_baselines import midnight_of
from risk.models import AuditMark, Decision

log = logging.getLogger(__name__)
REPLAY = "replay"
DIFFERS, LACKS = "DAY_DIFFERS", "DAY_LACKS_TAPE"
DAYS_BACK = 7
DAY = timedelta(days=1)
# What was decided at the end of a day is stored then, and its quotes are on the tape.
SETTLED_AFTER = timedelta(minutes=5)
# One process at a time; who comes second leaves it to the first.
ONE_AT_A_TIME = "SELECT pg_try_advisory_lock(hashtext('verifying days'))"


def due_days(account: str, now: datetime) -> list[date]:
    """Days of market time that are over and settled, in which something was decided and that were not looked at yet;
    oldest first, a week back at most."""
    mark = AuditMark.objects.filter(code=_mark(account)).first()
    over = midnight_of((now - SETTLED_AFTER).date())
    begun = over - DAYS_BACK * DAY if mark is None else max(over - DAYS_BACK * DAY, mark.since)
    days = [begun + number * DAY for number in range((over - begun).days)]
    return [since.date() for since in days if _was_decided(account, since)]


def _mark(account: str) -> str:
    return f"RECORDED_DAYS {account}"


def _was_decided(account: str, since: datetime) -> bool:
    return Decision.objects.filter(account=account, market_now__gte=since, market_now__lt=since + DAY).exists()


def verify_due(account: str, now: datetime, tell: Callable[[VerifiedDay], None] = lambda found: None) -> int:
    """Verify the days that are due. Returns how many; 0 where another process is at it."""
    if not db.select(ONE_AT_A_TIME)[0][0]:
        return 0
    days = due_days(account, now)
    for day in days:
        _verify(account, day, tell)
        _looked_at(account, day)
    return len(days)


def ended_by(account: str, now: datetime, signal: int) -> None:
    """A process that verified the due days was killed: tell of the day it was at, and go on with the one after it, or
    it were killed at the same day for ever."""
    for day in due_days(account, now)[:1]:
        first = f"its check was ended by signal {signal}; where that is for want of memory, it needs more"
        _raise(account, day, different=0, holes=0, first=first)
        _looked_at(account, day)


def _looked_at(account: str, day: date) -> None:
    AuditMark.objects.update_or_create(code=_mark(account), defaults={"since": midnight_of(day) + DAY})


def _verify(account: str, day: date, tell: Callable[[VerifiedDay], None]) -> None:
    """Raises only what PostgreSQL or Redis may do better the next time."""
    try:
        found = verify_day(account, day)
    except Exception as problem:
        if failures.meaning_of(problem) is not failures.Failure.WORK:
            raise
        log.exception("the day %s of %s cannot be verified", day, account)
        _raise(account, day, different=0, holes=0, first=f"{type(problem).__name__}: {problem}")
        return
    say(found)
    if found.holes and not found.different:
        params = {"day": day.isoformat(), "holes": found.holes, "first": found.holes_told[0]}
        alerts.raise_alert(LACKS, source=REPLAY, key=_key(account, day), params=params)
    tell(found)


def say(found: VerifiedDay) -> None:
    """Raise the alert of a day that is over, or close it."""
    if found.different:
        _raise(found.account, found.day, different=found.different, holes=found.holes, first=found.first)
    else:
        alerts.close_alert(DIFFERS, source=REPLAY, key=_key(found.account, found.day))


def _raise(account: str, day: date, *, different: int, holes: int, first: str) -> None:
    params = {"day": day.isoformat(), "different": different, "holes": holes, "first": first}
    alerts.raise_alert(DIFFERS, source=REPLAY, key=_key(account, day), params=params)


def _key(account: str, day: date) -> str:
    return f"{account} {day}"

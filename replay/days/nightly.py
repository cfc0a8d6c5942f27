"""The days that are over are verified once each, by the clock, in a process of its own: it may take minutes.

How far they are is a mark among the audit's. A day that differs, or has a hole, raises an alert that closes when the
day verifies: somebody has mended it and has run `manage.py verify_day` again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from cdb_site import db
from cdb_site.alerts import operations as alerts
from replay.days.verifying import VerifiedDay, verify_day
from risk.loss_baselines import midnight_of
from risk.models import AuditMark, Decision

REPLAY = "replay"
DIFFERS = "DAY_DIFFERS"
DAYS_BACK = 7
DAY = timedelta(days=1)
# One process at a time; who comes second leaves it to the first.
ONE_AT_A_TIME = "SELECT pg_try_advisory_lock(hashtext('verifying days'))"


def due_days(account: str, now: datetime) -> list[date]:
    """Days of market time that are over, in which something was decided and that were not looked at yet; oldest
    first, a week back at most."""
    mark = AuditMark.objects.filter(code=_mark(account)).first()
    first = midnight_of(now.date()) - DAYS_BACK * DAY
    begun = first if mark is None else max(first, mark.since)
    days = [begun + number * DAY for number in range((midnight_of(now.date()) - begun).days)]
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
        found = verify_day(account, day)
        say(found)
        AuditMark.objects.update_or_create(code=_mark(account), defaults={"since": midnight_of(day) + DAY})
        tell(found)
    return len(days)


def say(found: VerifiedDay) -> None:
    """Raise the alert of a day that is over, or close it."""
    key = f"{found.account} {found.day}"
    if found.is_whole:
        alerts.close_alert(DIFFERS, source=REPLAY, key=key)
        return
    params = {
        "day": found.day.isoformat(),
        "different": found.different,
        "holes": found.holes,
        "first": found.first or found.holes_told[0],
    }
    alerts.raise_alert(DIFFERS, source=REPLAY, key=key, params=params)

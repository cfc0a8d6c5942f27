"""The end of old files of the tape, and the hourly look at the new ones. Run by the clock.

A file goes when it was written `TAPE_KEPT_DAYS` ago; its row stays and says when it went, so the chain can still be
followed. The newest file of a worker stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from cdb_site.alerts import operations as alerts
from risk.models import TapeFile
from risk.tape import files
from risk.tape.checking import check

LOOKED_BACK = timedelta(hours=3)
ALERT = "TAPE_DAMAGED"
RISK = "risk"


def drop_old(days: int, now: datetime) -> int:
    """Delete files that are older; 0 days: none. Returns how many went. Raises OSError."""
    if not days:
        return 0
    newest = dict(TapeFile.objects.values_list("worker").annotate(newest=Max("number")))
    kept = TapeFile.objects.filter(dropped_at=None, written_at__lt=now - timedelta(days=days))
    old = [row for row in kept if row.number < newest[row.worker]]
    for row in old:
        (files.root() / row.name).unlink(missing_ok=True)
        TapeFile.objects.filter(pk=row.pk).update(dropped_at=now)
    return len(old)


def look_at_new(now: datetime) -> int:
    """Check what was written lately; a fault is an alert, which closes when there is none. Returns how many are."""
    faults = check(since=now - LOOKED_BACK).faults
    if faults:
        alerts.raise_alert(ALERT, source=RISK, key="tape", params={"what": "; ".join(map(str, faults[:3]))})
    else:
        alerts.close_alert(ALERT, source=RISK, key="tape")
    return len(faults)

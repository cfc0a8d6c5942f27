"""Timed jobs of the replay, in the clock."""

from __future__ import annotations

import logging
import subprocess
import sys

from celery import shared_task
from django.conf import settings

from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from replay import operations
from replay.days import nightly

log = logging.getLogger(__name__)
WORDS = ("manage.py", "verify_day", "--due")
_running: list[subprocess.Popen[bytes]] = []


@shared_task(name="replay.verify_days")
def verify_days() -> bool:
    """Start a process that verifies the days that are over; False when none is due, or one is at it. That the one
    before was killed is told."""
    now = SYSTEM.market_now()
    for child in [child for child in _running if child.poll() is not None]:
        _running.remove(child)
        if child.returncode < 0:
            nightly.ended_by(PAPER, now, -child.returncode)
    if _running or not nightly.due_days(PAPER, now):
        return False
    child = subprocess.Popen([sys.executable, *WORDS], cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603
    _running.append(child)
    return True


@shared_task(name="replay.retire_runs")
def retire_runs() -> int:
    """Delete runs whose time is over. Returns how many went."""
    kept = settings.ENVIRONMENT
    return operations.retire(SYSTEM.wall_now(), days=kept.REPLAY_RUNS_KEPT_DAYS, most=kept.REPLAY_RUNS_KEPT)

"""What happens to a run, each step one conditional UPDATE: asked, claimed, renewed, ended, taken up again, deleted.

The row is the queue and its lease the lock. Whoever carries a run out names itself `carrier`; once another has taken
the run up, nothing that the first one writes is heard any more. `now` is wall time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from replay.kept import KeptRun
from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
ATTEMPTS_MOST = 3
WAITING_MOST = 20
PORTION = 1_000
# The error of a run that failed by itself: what `step` says it did when its process ended.
PROCESS_LOST = "PROCESS_LOST"
State = ReplayRun.State


class RunRefused(Exception):
    """What was asked for is not done, in words for who asked."""


class KeyOfAnother(RunRefused):
    """The run of this key was asked for otherwise, or by somebody else."""


class Held(StrEnum):
    """How a lease stands after it was to be renewed."""

    HELD = "HELD"
    CANCEL = "CANCEL"
    LOST = "LOST"


def ask(run_id: UUID, kind: str, parameters: Mapping[str, Any], *, by: str) -> ReplayRun:
    """The run of this key, made now or before. Raises RunRefused when it is another's, or too many wait."""
    waiting = ReplayRun.objects.filter(state=State.QUEUED).exclude(pk=run_id).count()
    if waiting >= WAITING_MOST:
        raise RunRefused(_("%(count)s runs wait already; cancel one, or ask again later.") % {"count": waiting})
    wanted = {"kind": kind, "parameters": dict(parameters), "asked_by": by}
    run, _made = ReplayRun.objects.get_or_create(run_id=run_id, defaults=wanted)
    if any(getattr(run, name) != value for name, value in wanted.items()):
        raise KeyOfAnother(_("This key belongs to another wish; nothing was done."))
    return run


def claim(run_id: UUID, *, machine: str, carrier: str, now: datetime) -> ReplayRun | None:
    """Take a waiting run for `carrier`; None when it waits no more, or the machine carries out another one."""
    waiting = ReplayRun.objects.filter(run_id=run_id, state=State.QUEUED)
    try:
        with transaction.atomic():
            taken = waiting.update(
                state=State.RUNNING,
                machine=machine,
                carrier=carrier,
                lease_until=now + LEASE,
                attempts=F("attempts") + 1,
                begun_at=Coalesce("begun_at", models.Value(now)),
                progress=0,
                step="",
            )
    except IntegrityError:
        return None
    return ReplayRun.objects.get(run_id=run_id) if taken else None


def renew(run_id: UUID, carrier: str, *, progress: float, step: str, now: datetime) -> Held:
    """Say how far it is, and keep it for another while."""
    mine = ReplayRun.objects.filter(run_id=run_id, carrier=carrier, state=State.RUNNING)
    told = min(max(progress, 0.0), 1.0)
    if not mine.update(lease_until=now + LEASE, progress=told, step=step):
        return Held.LOST
    return Held.CANCEL if mine.filter(cancel_asked_at__isnull=False).exists() else Held.HELD


def finish(run_id: UUID, carrier: str, brought: KeptRun, manifest: Mapping[str, Any], *, now: datetime) -> bool:
    """Keep what it brought, whole or not at all. False: the run is another's by now, and nothing is kept."""
    with transaction.atomic():
        done = _end(run_id, carrier, State.DONE, now, result=brought.result, manifest=dict(manifest), progress=1)
        if done:
            _write(ReplayRunDecision, run_id, brought.decisions)
            _write(ReplayRunTrip, run_id, brought.trips)
    return done


def _write(model: type[models.Model], run_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    for first in range(0, len(rows), PORTION):
        portion = rows[first : first + PORTION]
        model._default_manager.bulk_create([model(run_id=run_id, **row) for row in portion])


def fail(run_id: UUID, carrier: str, words: str, *, now: datetime) -> bool:
    return _end(run_id, carrier, State.FAILED, now, error=words)


def settle_canceled(run_id: UUID, carrier: str, *, now: datetime) -> bool:
    return _end(run_id, carrier, State.CANCELED, now)


def _end(run_id: UUID, carrier: str, state: str, now: datetime, **values: Any) -> bool:
    mine = ReplayRun.objects.filter(run_id=run_id, carrier=carrier, state=State.RUNNING)
    return bool(mine.update(state=state, ended_at=now, lease_until=None, **values))


def give_back(run_id: UUID, carrier: str) -> bool:
    """Its process must end before it is through, and not by its fault: the attempt does not count."""
    mine = ReplayRun.objects.filter(run_id=run_id, carrier=carrier, state=State.RUNNING, cancel_asked_at=None)
    return bool(mine.update(state=State.QUEUED, lease_until=None, progress=0, step="", attempts=F("attempts") - 1))


def take_up_lost(now: datetime, *, carrier: str | None = None) -> int:
    """Runs whose lease has run out wait again, or have failed after the last attempt; those of `carrier` at once, for
    its end was seen. Returns how many there were."""
    running = ReplayRun.objects.filter(state=State.RUNNING)
    lost = running.filter(lease_until__lt=now) if carrier is None else running.filter(carrier=carrier)
    over = {"lease_until": None, "ended_at": now}
    canceled = lost.filter(cancel_asked_at__isnull=False).update(state=State.CANCELED, **over)
    failed = lost.filter(attempts__gte=ATTEMPTS_MOST).update(state=State.FAILED, error=PROCESS_LOST, **over)
    again = lost.update(state=State.QUEUED, lease_until=None, progress=0, step="")
    if again or failed:
        log.warning("%d runs of the replay have lost their process and wait again, %d have failed", again, failed)
    return canceled + failed + again


def cancel(run_id: UUID, *, by: str, now: datetime) -> ReplayRun:
    """End a run before its time: a waiting one at once, a running one as soon as its process hears of it."""
    asked = {"cancel_asked_by": by, "cancel_asked_at": now}
    mine = ReplayRun.objects.filter(run_id=run_id)
    ended = mine.filter(state=State.QUEUED).update(state=State.CANCELED, ended_at=now, **asked)
    if not ended and not mine.filter(state=State.RUNNING).update(**asked):
        raise RunRefused(_("The run is over; there is nothing to cancel."))
    log.warning("run %s of the replay is canceled by %s", run_id, by)
    return mine.get()


def retire(now: datetime, *, days: int, most: int) -> int:
    """Delete runs that ended so many days ago, and all but the `most` that ended last; 0: that is no reason. Returns
    how many there were. What waits or is under way stays."""
    over = ReplayRun.objects.filter(ended_at__isnull=False)
    old = over.filter(ended_at__lt=now - timedelta(days=days)) if days else over.none()
    many = over.order_by("-ended_at", "-run_id")[most:] if most else over.none()
    run_ids = {*old.values_list("pk", flat=True), *many.values_list("pk", flat=True)}
    for run_id in sorted(run_ids):
        with suppress(RunRefused):
            delete(run_id, by="retention")
    return len(run_ids)


def delete(run_id: UUID, *, by: str) -> None:
    """A run that is over, with its decisions and round trips."""
    with transaction.atomic():
        run = ReplayRun.objects.select_for_update().filter(run_id=run_id).first()
        if run is None:
            raise RunRefused(_("There is no such run any more."))
        if not run.over:
            raise RunRefused(_("The run is not over: cancel it first."))
        for model in (ReplayRunTrip, ReplayRunDecision):
            model._default_manager.filter(run_id=run_id).delete()
        run.delete()
    log.warning("run %s of the replay, asked for by %s, is deleted by %s", run_id, run.asked_by, by)

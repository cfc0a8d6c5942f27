"""Reading the runs of the replay: the next one that waits, a run's decisions and round trips, two runs side by side."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform

from cdb_site import db
from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip

BESIDE = """
    FROM (SELECT * FROM replay_run_decision WHERE run_id = %(first)s) one
    FULL JOIN (SELECT * FROM replay_run_decision WHERE run_id = %(second)s) other
        USING (at, symbol, side, kind)
    WHERE one.outcome IS DISTINCT FROM other.outcome OR one.reason_code IS DISTINCT FROM other.reason_code
        OR one.quantity IS DISTINCT FROM other.quantity"""
DIFFERING = f"""
    SELECT at, symbol, side, kind, one.number, one.outcome, one.reason_code, one.quantity,
        other.number, other.outcome, other.reason_code, other.quantity
    {BESIDE} ORDER BY at, symbol, side, kind LIMIT %(most)s"""  # noqa: S608 - no input
COUNTED = f"""
    SELECT count(*), count(*) FILTER (WHERE other.id IS NULL), count(*) FILTER (WHERE one.id IS NULL) {BESIDE}"""  # noqa: S608


class DecidedSide(NamedTuple):
    """What one of two runs decided; None in a difference: it was not asked."""

    number: int
    outcome: str
    reason_code: str
    quantity: Decimal


class Differing(NamedTuple):
    """One request that two runs answered otherwise, or that only one of them had."""

    at: datetime
    symbol: str
    side: str
    kind: str
    first: DecidedSide | None
    second: DecidedSide | None


class DifferenceCount(NamedTuple):
    """All requests that differ, and those of them that only the first or only the second run had."""

    all: int
    only_first: int
    only_second: int


def next_waiting(machine: str) -> UUID | None:
    """The run that waits longest; None while this machine carries one out."""
    if ReplayRun.objects.filter(state=ReplayRun.State.RUNNING, machine=machine).exists():
        return None
    waiting = ReplayRun.objects.filter(state=ReplayRun.State.QUEUED).order_by("asked_at", "run_id")
    return waiting.values_list("run_id", flat=True).first()


def ahead_of(run: ReplayRun) -> int:
    """How many runs come before one that waits."""
    earlier = ReplayRun.objects.filter(state=ReplayRun.State.QUEUED, asked_at__lt=run.asked_at).count()
    return earlier + ReplayRun.objects.filter(state=ReplayRun.State.RUNNING).count()


def runs(kind: str = "") -> QuerySet[ReplayRun]:
    """Newest first, each with the measures of its result and without the rest of it."""
    found = ReplayRun.objects.defer("manifest", "result").annotate(measures=KeyTransform("measures", "result"))
    return found.filter(kind=kind) if kind else found


def trip_of(decision: ReplayRunDecision) -> ReplayRunTrip | None:
    """The round trip that a decision began or ended."""
    trips = ReplayRunTrip.objects.filter(run_id=decision.run_id)
    return (trips.filter(entry=decision.number) | trips.filter(exit=decision.number)).first()


def differing(first: UUID, second: UUID, most: int) -> list[Differing]:
    """The first requests that two runs answered otherwise, in order of time."""
    rows = db.select(DIFFERING, {"first": first, "second": second, "most": most})
    return [
        Differing(at=at, symbol=symbol, side=side, kind=kind, first=_side(sides[:4]), second=_side(sides[4:]))
        for at, symbol, side, kind, *sides in rows
    ]


def _side(values: Any) -> DecidedSide | None:
    return None if values[0] is None else DecidedSide(*values)


def count_differing(first: UUID, second: UUID) -> DifferenceCount:
    return DifferenceCount(*db.select(COUNTED, {"first": first, "second": second})[0])

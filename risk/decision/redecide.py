"""Deciding again: every stored decision, from the inputs stored with it, must come out the same.

Compared are outcome, reason, wanted and decided quantity, and every verdict of the layers that were stored. Settled
dead letters and write-offs are not decisions of the layers and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from risk.decision.records import layer_json
from risk.models import Decision
from risk.rules.decide import Ruling, decide
from risk.rules.decision_inputs import from_json

FIELDS = ("outcome", "reason_code", "wanted_quantity", "quantity")
CHUNK = 500
NOT_OF_THE_LAYERS = ("SYSTEM_DEAD_LETTER", "POSITION_WRITTEN_OFF")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field of a decision that comes out otherwise when decided again."""

    decision_id: str
    field: str
    stored: str
    again: str

    def __str__(self) -> str:
        return f"decision {self.decision_id}: {self.field} was {self.stored}, now {self.again}"


def redecide(row: Decision) -> list[Difference]:
    """What differs in one decision."""
    again = decide(from_json(row.inputs))
    pairs: list[tuple[str, Any, Any]] = [(name, getattr(row, name), getattr(again, name)) for name in FIELDS]
    pairs += _verdicts(row, again)
    return [
        Difference(decision_id=str(row.decision_id), field=name, stored=str(stored), again=str(new))
        for name, stored, new in pairs
        if stored != new
    ]


def _verdicts(row: Decision, again: Ruling) -> list[tuple[str, Any, Any]]:
    """The stored verdicts beside those of now; layers that did not exist then are left out."""
    new = {verdict.layer: layer_json(verdict) for verdict in again.layers}
    return [
        (f"layer {stored['layer']}", stored, {name: new.get(stored["layer"], {}).get(name) for name in stored})
        for stored in row.layers
    ]


def decisions(*, since: datetime | None = None, decision_id: str | None = None) -> Iterator[Decision]:
    """Stored decisions, newest first, read in portions."""
    rows = Decision.objects.exclude(reason_code__in=NOT_OF_THE_LAYERS).order_by("-decided_at")
    if since:
        rows = rows.filter(decided_at__gte=since)
    if decision_id:
        rows = rows.filter(decision_id=decision_id)
    return rows.iterator(chunk_size=CHUNK)

"""The history of one row as the admin shows it: what the triggers kept, newest first, who did it and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

SHOWN = 200
LABELS = {"insert": "+", "update": "±", "delete": "−"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChange:
    """One change: `who` is empty for what the system did by itself."""

    when: datetime
    sign: str
    who: str
    what: str


def kept_changes(model: type[Model], pk: Any) -> list[KeptChange]:
    """All that is kept of this row; nothing for a table without history."""
    changes = []
    for events in apps.get_models():
        tracked = getattr(events, "pgh_tracked_model", None)
        if tracked is not None and tracked._meta.concrete_model is model._meta.concrete_model:
            rows = events._default_manager.filter(**{tracked._meta.pk.name: pk})
            changes += _compared(list(rows.select_related("pgh_context").order_by("-pgh_id")[:SHOWN]))
    return changes


def _compared(rows: list[Any]) -> list[KeptChange]:
    """Each with the one before it, which stands behind it."""
    changes = []
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        fields = [field.attname for field in row._meta.fields if not field.name.startswith("pgh_")]
        different = [name for name in fields if before is not None and getattr(row, name) != getattr(before, name)]
        what = "; ".join(f"{name}: {getattr(before, name)} → {getattr(row, name)}" for name in different)
        by = row.pgh_context.metadata.get("by", "") if row.pgh_context else ""
        changes.append(
            KeptChange(when=row.pgh_created_at, sign=LABELS.get(row.pgh_label, row.pgh_label), who=by, what=what)
        )
    return changes


class HistoryTab:
    """Mixin of an admin page: its History shows what the triggers kept, beside what was done in the admin."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        model = self.model  # type: ignore[attr-defined]
        kept = {"kept": kept_changes(model, object_id)}
        answer: HttpResponse = super().history_view(request, object_id, kept | (extra_context or {}))  # type: ignore[misc]
        return answer

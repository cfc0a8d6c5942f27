"""The record of imports: which file brought which candles, and how an import is undone.

Undone are the candles that the import stored and that are still as it stored them. What it corrected had other numbers
before, which nobody kept: it stays as corrected. So does what the exchange corrected later, and every signal that was
made meanwhile: a signal carries the prices it was made with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from cdb_site.clock import SYSTEM
from marketdata.files.problems import FileProblem
from marketdata.models import Candle, CandleImport

LISTED = 20


class Undone(NamedTuple):
    """Candles removed, those that were corrected since and stay, and those that the import itself corrected."""

    removed: int
    confirmed: int
    corrected: int


def begun(file: str) -> CandleImport:
    return CandleImport.objects.create(file=file, begun_at=SYSTEM.wall_now())


def ended(record: CandleImport, *, stored: int, corrected: int) -> None:
    """An import that did nothing leaves no record."""
    if not stored and not corrected:
        record.delete()
        return
    record.stored, record.corrected, record.ended_at = stored, corrected, SYSTEM.wall_now()
    record.save(update_fields=["stored", "corrected", "ended_at"])


def newest() -> Sequence[CandleImport]:
    """The last imports, newest first."""
    return list(CandleImport.objects.all()[:LISTED])


def undo(import_id: int) -> Undone:
    """Raises FileProblem for an import that there is not, or not any more."""
    with transaction.atomic():
        record = CandleImport.objects.select_for_update().filter(pk=import_id).first()
        if record is None:
            raise FileProblem(f"--undo: there is no import {import_id}. See --list.")
        if record.undone_at is not None:
            raise FileProblem(f"--undo: import {import_id} was undone at {record.undone_at:%Y-%m-%d %H:%M} already.")
        brought = Candle.objects.filter(brought_by=record)
        removed, _ = brought.filter(source=Candle.Source.IMPORT, revised=False).delete()
        record.undone_at = SYSTEM.wall_now()
        record.save(update_fields=["undone_at"])
        return Undone(removed, brought.count(), record.corrected)

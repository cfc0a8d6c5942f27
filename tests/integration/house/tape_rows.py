"""Rows of the tape as they are right, to be spoiled in one field."""

from __future__ import annotations

from typing import Any

from risk.models import TapeFile, TapeHole
from tests.integration.house.rows import NOW

ZEROS = "0" * 64


def tape_file(**changes: Any) -> TapeFile:
    values = {
        "worker": "1", "number": 1, "name": "1/00000001-2026-01-02T03.tape", "before": ZEROS, "digest": ZEROS,
        "bytes": 200, "last_place": "0-0", "begun_at": NOW, "written_at": NOW,
    }  # fmt: skip
    return TapeFile.objects.create(**values | changes)


def tape_hole(**changes: Any) -> TapeHole:
    values = {
        "worker": "1", "reason": "DISK", "after_place": "1-0", "until_place": "2-0", "from_at": NOW, "until_at": NOW,
    }  # fmt: skip
    return TapeHole.objects.create(**values | changes)

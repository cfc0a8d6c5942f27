"""Rows of the tape, and of what instruments were, as they are right, to be spoiled in one field."""

from __future__ import annotations

from typing import Any

from marketdata.models import InstrumentRules
from risk.models import TapeFile, TapeHole
from tests.integration.house.rows import NOW, instrument

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


def instrument_rules(**changes: Any) -> InstrumentRules:
    of = instrument()
    names = ("price_tick", "quantity_step", "min_quantity", "min_notional", "taker_fee", "status", "sides")
    values = {name: getattr(of, name) for name in names}
    return InstrumentRules.objects.create(**{"instrument": of, "market_at": NOW} | values | changes)

"""The moments of the newest signals, as the tables have them."""

from __future__ import annotations

import pytest

from dashboard import stage_times
from tests.ui import chains, planting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


def test_chains_from_candle_to_fill_tell_every_step_and_only_the_newest_signals_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planting.plant()
    chains.plant()

    told = stage_times.read()
    monkeypatch.setattr(stage_times, "NEWEST", 3)

    assert told["signals"] == len(chains.SIGNALS)
    assert [step["to"] for step in told["steps"]] == ["signal", "decision", "order", "claimed", "filled"]
    assert told["whole"]["count"] == told["steps"][-1]["count"] == 4
    assert all(0 <= step["p50_ms"] <= step["p95_ms"] for step in told["steps"])
    assert stage_times.read()["signals"] == 3

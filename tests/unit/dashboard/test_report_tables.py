"""The hours of a report as bars: all of the day, up for a gain and down for a loss, the largest as high as can be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dashboard.pages.report_tables import HOUR_HALF, hour_bars


def row(hour: str, net: str) -> dict[str, Any]:
    return {"name": hour, "net": Decimal(net), "trips": 2}


def test_every_hour_has_its_place_and_only_those_with_a_result_a_bar() -> None:
    bars = hour_bars([row("04", "100"), row("07", "-50"), row("22", "0")])

    assert [bar["name"] for bar in bars] == [f"{hour:02d}" for hour in range(24)]
    drawn = {bar["name"]: (float(bar["y"]), float(bar["height"])) for bar in bars if float(bar["height"])}
    assert drawn == {"04": (0.0, HOUR_HALF), "07": (HOUR_HALF, HOUR_HALF / 2)}


def test_a_result_however_small_is_seen() -> None:
    bars = hour_bars([row("00", "1000000"), row("01", "-0.01")])

    assert float(bars[1]["height"]) == 1.0


def test_without_a_result_there_is_no_chart() -> None:
    assert hour_bars([]) == hour_bars([row("03", "0")]) == []

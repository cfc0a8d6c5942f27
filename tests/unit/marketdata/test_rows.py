"""Rows of the exchange's answers: what cannot be believed is left out, and its neighbours stay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from marketdata.mexc import rows


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e31", "1e-31", "9" * 61, "", "x", [], {}])
def test_what_is_no_believable_number_is_refused(text: Any) -> None:
    with pytest.raises(rows.SURPRISES):
        rows.number(text)


@pytest.mark.parametrize(
    "row",
    [
        [60_001, "1", "1", "1", "1", "1", 120_000, "1"],
        [60_000, "1", "0.9", "1", "1", "1", 120_000, "1"],
        [60_000, "1", "1", "0", "1", "1", 120_000, "1"],
        [60_000, "1", "1", "1", "1", "-1", 120_000, "1"],
        [60_000, "1", "1", "1", "1"],
        {"open": 1},
        None,
    ],
)
def test_an_impossible_candle_is_left_out_and_its_neighbours_stay(row: Any) -> None:
    good = [120_000, "1", "2", "0.5", "1.5", "7", 180_000, "8"]

    read = rows.usable("klines", [row, good], lambda item: rows.candle("A", item, 60))

    assert [(candle.open_s, candle.close) for candle in read] == [(120, Decimal("1.5"))]

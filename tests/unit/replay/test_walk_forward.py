"""Chosen on the past and played on what came after, by splits drawn by hand."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest

from replay.rules.walk_forward import (
    ANCHORED,
    CURVE_POINTS,
    ROLLING,
    WalkedPart,
    WalkSplit,
    joined,
    lengths_of,
    splits,
    walked,
)  # fmt: skip
from replay.rules.worth import DAY_S, WorthPath
from tests.unit.replay.trials import make_trial


def days(*values: float, start: int = 0) -> WorthPath:
    return WorthPath(DAY_S * (start + np.arange(len(values), dtype=np.int64)), np.array(values, dtype=float))


def test_lengths_are_days_or_hours() -> None:
    assert lengths_of("90d/30d") == (90 * DAY_S, 30 * DAY_S)
    assert lengths_of(" 36H/12h ") == (36 * 3600, 12 * 3600)


@pytest.mark.parametrize("text", ["90/30", "90d", "0d/30d", "90d/0d", "90d/30d/1d", "-9d/3d", "1.5d/1d", ""])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not of the form 90d/30d"):
        lengths_of(text)


def told(found: list[WalkSplit]) -> list[tuple[int, int, int]]:
    return [(one.first_s // DAY_S, one.chosen_s // DAY_S, one.played_s // DAY_S) for one in found]


def test_a_rolling_past_is_always_as_long() -> None:
    found = splits(0, 200 * DAY_S, lengths_of("90d/30d"), ROLLING)

    assert told(found) == [(0, 90, 120), (30, 120, 150), (60, 150, 180)]


def test_an_anchored_past_grows() -> None:
    found = splits(0, 180 * DAY_S, lengths_of("90d/30d"), ANCHORED)

    assert told(found) == [(0, 90, 120), (0, 120, 150), (0, 150, 180)]


def test_no_split_is_played_on_what_it_was_chosen_by_and_none_twice() -> None:
    found = splits(0, 365 * DAY_S, lengths_of("90d/30d"))

    assert all(one.first_s < one.chosen_s < one.played_s for one in found)
    assert [one.chosen_s for one in found[1:]] == [one.played_s for one in found[:-1]]


def test_too_short_a_time_is_refused_with_what_is_needed() -> None:
    with pytest.raises(ValueError, match=r"119\.0 days are fewer than the 120\.0"):
        splits(0, 119 * DAY_S, lengths_of("90d/30d"))


def test_parts_are_joined_each_on_what_the_one_before_left() -> None:
    # +10 %, then −50 % and back to +20 % of its own start: 1.1, 0.55, 1.32
    path = joined([days(100, 110), days(1000, 500, 1200, start=1)])

    assert path.value == pytest.approx([1, 1.1, 0.55, 1.32])
    assert path.at_s.tolist() == [0, DAY_S, 2 * DAY_S, 3 * DAY_S]


def part(number: int, *, inside: float, outside: float) -> WalkedPart:
    """90 days of which each earns `inside`, then 30 that earn `outside` altogether."""
    split = WalkSplit(
        first_s=30 * number * DAY_S, chosen_s=(90 + 30 * number) * DAY_S, played_s=(120 + 30 * number) * DAY_S
    )
    path = days(*[100.0] * 30, 100 * (1 + outside), start=90 + 30 * number)
    return WalkedPart(split, {"TOP_N": Decimal(3)}, make_trial([inside] * 90), make_trial([0.0] * 29 + [outside]), path)


def test_the_efficiency_is_what_was_kept_of_what_was_promised() -> None:
    # promised 0.1 % and 0.3 % a day: 1.001^365 − 1 = 0.4403, 1.003^365 − 1 = 1.9841, on average 1.2122
    # kept 1.1 × 1.05 = 1.155 in 60 days: 1.155^(365 ÷ 60) − 1 = 1.4021
    found = walked([part(0, inside=0.001, outside=0.1), part(1, inside=0.003, outside=0.05)])

    assert found is not None
    assert found.efficiency == pytest.approx(1.4021 / 1.2122, rel=1e-3)
    assert found.figures is not None and found.figures.net == pytest.approx(0.155)
    assert found.trips == 400


def test_where_nothing_was_promised_there_is_no_efficiency() -> None:
    found = walked([part(0, inside=-0.001, outside=0.1)])

    assert found is not None and found.efficiency is None
    assert walked([]) is None


def test_parts_of_hours_have_no_yearly_return_and_no_efficiency() -> None:
    short = part(0, inside=0.001, outside=0.1)._replace(path=days(100, 110))

    found = walked([short])

    assert found is not None and (found.efficiency, found.figures.cagr if found.figures else 0) == (None, None)


def test_the_json_keeps_both_ends_of_a_long_curve_and_few_points() -> None:
    long = WorthPath(np.arange(50_001, dtype=np.int64) * 60, np.linspace(1, 2, 50_001))
    found = walked([part(0, inside=0.001, outside=0.1)._replace(path=long)])

    curve = json.loads(json.dumps(found.as_json() if found else None))["curve"]

    assert len(curve) <= CURVE_POINTS + 1
    assert (curve[0], curve[-1]) == ([0, 1.0], [3_000_000, 2.0])

"""Columns into grids: exact whatever the parts count in, the coarsest unit, holes as zeros, numbers beyond 64 bits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.rules.columns import FIELDS, Columns, ColumnsError, Periods, coarsest, grid_of
from replay.rules.months import months_of

DAY_S = 86_400


def columns(*closes: int, first: int = 0, price_places: int = 0, volume_places: int = 0, volume: int = 7) -> Columns:
    """Candles that stand still at each close."""
    prices = np.array(closes, np.int64)
    values = np.vstack([prices, prices, prices, prices, np.where(prices > 0, volume, 0)])
    return Columns(first, price_places, volume_places, values)


def test_parts_that_count_in_different_units_share_the_one_that_holds_both() -> None:
    # 1.5 in tenths and 1.23 in hundredths: in hundredths 150 and 123.
    parts = [columns(15, price_places=1), columns(123, first=1, price_places=2)]

    grid = grid_of(["AUSDT"], 60, Periods(0, 2), lambda _: parts)

    assert grid.close.tolist() == [[150, 123]]
    assert grid.price_places == (2,)


def test_zeros_at_the_end_of_all_numbers_are_no_places() -> None:
    grid = grid_of(["AUSDT"], 60, Periods(0, 2), lambda _: [columns(1500, 1300, price_places=3, volume_places=1)])

    assert (grid.close.tolist(), grid.price_places) == ([[15, 13]], (1,))
    assert (grid.quote_volume.tolist(), grid.volume_places) == ([[7, 7]], (1,))


def test_what_is_missing_is_zero_and_what_lies_outside_is_left_away() -> None:
    parts = [columns(1, 2, 3, first=8), columns(5, first=13)]

    grid = grid_of(["AUSDT"], 60, Periods(9, 13), lambda _: parts)

    assert grid.close.tolist() == [[2, 3, 0, 0]]
    assert grid.opens_s(0) == 540


def test_rows_are_in_the_order_of_symbols() -> None:
    prices = {"BUSDT": 2, "AUSDT": 1}

    grid = grid_of(list(prices), 60, Periods(0, 1), lambda symbol: [columns(prices[symbol])])

    assert grid.symbols == ("AUSDT", "BUSDT")
    assert grid.close.tolist() == [[1], [2]]


@pytest.mark.parametrize(("part", "field"), [
    (columns(10**17, price_places=0), "AUSDT open"),
    (columns(1, volume=10**18), "AUSDT quote_volume"),
])  # fmt: skip
def test_numbers_beyond_64_bits_name_symbol_and_field(part: Columns, field: str) -> None:
    finer = columns(1, first=1, price_places=3, volume_places=2)

    with pytest.raises(ColumnsError, match=field):
        grid_of(["AUSDT"], 60, Periods(0, 2), lambda _: [part, finer])


def test_a_volume_is_cut_where_a_day_of_it_is_not_summed_in_64_bits() -> None:
    # 2^63 ÷ 1,440 = 6.405e15: 6 x 10^14 in tenths is 6 x 10^15, in hundredths too much.
    parts = [columns(1, volume=6 * 10**14), columns(1, first=1, volume_places=2, volume=1239)]

    grid = grid_of(["AUSDT"], 60, Periods(0, 2), lambda _: parts)

    assert (grid.quote_volume.tolist(), grid.volume_places) == ([[6 * 10**15, 123]], (1,))
    assert grid.cut_volumes == ("AUSDT",)


def test_what_is_cut_and_was_nothing_is_not_told() -> None:
    parts = [columns(1, volume=6 * 10**14), columns(1, first=1, volume_places=2, volume=1230)]

    assert grid_of(["AUSDT"], 60, Periods(0, 2), lambda _: parts).cut_volumes == ()


def test_what_lies_outside_cuts_nothing() -> None:
    parts = [columns(1, volume=6 * 10**14), columns(1, first=1, volume_places=2, volume=1239)]

    grid = grid_of(["AUSDT"], 60, Periods(1, 2), lambda _: parts)

    assert (grid.quote_volume.tolist(), grid.volume_places, grid.cut_volumes) == ([[1239]], (2,), ())


@given(
    st.lists(st.tuples(st.integers(1, 10**18), st.integers(0, 12)), min_size=1, max_size=6),
    st.sampled_from([60, 300, DAY_S]),
)
def test_a_cut_takes_less_than_the_last_place_and_nothing_else(volumes: list[tuple[int, int]], interval_s: int) -> None:
    told = [Decimal(units).scaleb(-places) for units, places in volumes]
    parts = [columns(1, first=at, volume_places=places, volume=units) for at, (units, places) in enumerate(volumes)]
    most = 2**63 // max(1, DAY_S // interval_s)
    if int(max(told)) >= most:
        return

    grid = grid_of(["AUSDT"], interval_s, Periods(0, len(parts)), lambda _: parts)

    unit = Decimal(1).scaleb(-grid.volume_places[0])
    held = [Decimal(units) * unit for units in grid.quote_volume[0].tolist()]
    assert all(0 <= before - now < unit for before, now in zip(told, held, strict=True))
    assert int(grid.quote_volume.max()) <= most
    assert (held == told) == (grid.cut_volumes == ())


@given(
    st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 10**9), min_size=1, max_size=5)), max_size=4),
    st.integers(0, 3),
)
def test_every_price_is_what_it_was(parts: list[tuple[int, list[int]]], start: int) -> None:
    made, expected, first = [], [Decimal(0)] * 30, 0
    for places, closes in parts:
        made.append(columns(*closes, first=first, price_places=places))
        expected[first : first + len(closes)] = [Decimal(close).scaleb(-places) for close in closes]
        first += len(closes)

    grid = grid_of(["AUSDT"], 60, Periods(start, 30), lambda _: made)

    (places,) = grid.price_places
    assert [Decimal(units).scaleb(-places) for units in grid.close[0].tolist()] == expected[start:]
    assert places == 0 or any(units % 10 for units in grid.close[0].tolist())


def test_a_digit_far_behind_keeps_its_place() -> None:
    row = np.full(1000, 10, np.int64)
    row[900] = 11

    assert coarsest([row], 1) == 1
    assert row[0] == 10


def test_months_are_whole_whatever_part_of_them_is_asked_for() -> None:
    # 2024-02-29 12:00 to 2024-03-01 00:05, in minutes.
    first = 1_709_208_000 // 60
    found = dict(months_of(Periods(first, first + 725), 60))

    assert list(found) == [date(2024, 2, 1), date(2024, 3, 1)]
    assert found[date(2024, 2, 1)].width == 29 * 1440
    assert found[date(2024, 2, 1)].end == found[date(2024, 3, 1)].first


@given(st.integers(15_000, 25_000), st.integers(1, 800), st.sampled_from([60, 300, 14_400, DAY_S]))
def test_months_cover_every_period_once(day: int, days: int, interval_s: int) -> None:
    span = Periods(day * DAY_S // interval_s, (day + days) * DAY_S // interval_s)

    spans = [periods for _, periods in months_of(span, interval_s)]

    assert spans[0].first <= span.first
    assert spans[-1].end >= span.end
    assert all(before.end == after.first for before, after in zip(spans, spans[1:], strict=False))


def test_fields_are_those_of_a_grid() -> None:
    grid = grid_of(["AUSDT"], 60, Periods(0, 1), lambda _: [columns(3)])

    assert [int(getattr(grid, name)[0, 0]) for name in FIELDS] == [3, 3, 3, 3, 7]

"""The drawings of the Trades page: bars where they belong, inside the drawing, whatever the results are."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from dashboard.trades import charts

fractions = st.floats(-1, 5, allow_nan=False)


def test_bins_are_a_quarter_of_a_per_cent_wide_for_usual_results() -> None:
    bins = charts.bins_for(-0.031, 0.045)

    # −3.1 % to +4.5 % in 30 bins at most: 0.25 % would need 31, so half a per cent
    assert bins.width == Decimal("0.005")
    assert (bins.first, bins.last) == (-8, 10)


@given(fractions, fractions)
def test_there_are_few_bins_and_nothing_is_an_edge_of_them(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    bins = charts.bins_for(low, high)

    assert 2 <= bins.count <= charts.BINS_MAX + 2
    assert bins.first < 0 <= bins.last
    assert bins.first * bins.width <= Decimal(low) + bins.width
    assert (bins.last + 1) * bins.width >= Decimal(high)


@given(st.dictionaries(st.integers(-8, 8), st.integers(1, 10**6), min_size=1), fractions)
def test_every_bar_lies_in_the_drawing_and_tells_its_number(counts: dict[int, int], mean: float) -> None:
    bins = charts.Bins(width=Decimal("0.01"), first=-8, count=17)

    drawn = charts.distribution(bins, counts, mean=mean, stop=Decimal("0.02"))

    assert {bar.trips for bar in drawn.bars} == set(counts.values())
    for bar in drawn.bars:
        assert charts.LEFT <= bar.x <= bar.x + bar.width <= charts.RIGHT
        assert charts.TOP <= bar.y <= charts.BASE
        assert (bar.tone == "down") == (bar.until <= 0)
    assert drawn.stop is not None and drawn.stop < drawn.zero
    assert len(drawn.grid) <= 3


def test_a_sideways_bar_is_as_long_as_its_share_and_never_beyond_its_edge() -> None:
    won = charts.sideways(Decimal(5), Decimal(10))
    lost = charts.sideways(Decimal(-20), Decimal(10))

    # half of 40 beside the middle at 42; and all of it on the other side
    assert (won.x, won.width, won.tone) == (42, 20, "up")
    assert (lost.x, lost.width, lost.tone) == (2, 40, "down")
    assert charts.sideways(Decimal(0), Decimal(0)).width == 0

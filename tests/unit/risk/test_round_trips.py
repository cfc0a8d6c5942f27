"""Round trips by hand, and against an oracle that adds up cash alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.rules.accounting import Oversold
from risk.rules.round_trips import Trip, closed_trips, excursion, whole_candles
from tests.unit.risk.trips_notation import BEGIN, MINUTE, trip_fills


def only(text: str, **options: str | None) -> Trip:
    [trip] = closed_trips(trip_fills(text, **options))
    return trip


def test_a_trip_from_one_buy_to_one_sell() -> None:
    trip = only("buy 2 @ 101; sell 2 @ 110")

    # bought for 202, sold for 220: 18 gross, two fees of 0.5; decided at 100, so the buy slipped by 2 and the sell
    # brought 20 more than decided
    assert (trip.entry_notional, trip.exit_notional) == (202, 220)
    assert (trip.gross, trip.fees, trip.net) == (18, 1, 17)
    assert trip.slippage == 2 - 20
    assert (trip.opened_at, trip.closed_at) == (BEGIN, BEGIN + MINUTE)
    assert (trip.first_fill_id, trip.last_fill_id) == (1, 2)


def test_several_entries_and_partial_exits_are_one_trip() -> None:
    trip = only("buy 1 @ 100; buy 1 @ 104; sell 1 @ 105; buy 2 @ 99; stop 3 @ 98")

    # average 102 after two buys; the sell realises 3; then (102 + 198) / 3 = 100, and the stop realises −6
    assert trip.gross == 3 - 6
    assert trip.quantity == 3, "the most that was held at once"
    assert trip.entry_notional == 100 + 104 + 198
    assert trip.avg_entry_price == Decimal("100.5"), "402 for 4"
    assert trip.avg_exit_price == Decimal("99.75"), "105 + 294 for 4"
    assert trip.fees == Decimal("2.5")


def test_each_time_it_is_flat_a_trip_ends_and_what_is_held_is_none() -> None:
    trips = list(
        closed_trips(trip_fills("buy 1 @ 100; sell 1 @ 101; buy 1 @ 100; halt 1 @ 99; buy 5 @ 100; sell 4 @ 9"))
    )

    assert [trip.net for trip in trips] == [0, -2]
    assert [(trip.first_fill_id, trip.last_fill_id) for trip in trips] == [(1, 2), (3, 4)]


def test_nothing_gives_no_trip() -> None:
    assert list(closed_trips([])) == []


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("sell 1 @ 99", "SIGNAL"),
        ("stop 1 @ 98", "STOP"),
        ("halt 1 @ 98", "HALT"),
        ("operator 1 @ 98", "OPERATOR"),
        ("writeoff 1 @ 0", "WRITE_OFF"),
    ],
)
def test_a_trip_ends_for_the_reason_of_its_last_sale(last: str, reason: str) -> None:
    trip = only(f"buy 2 @ 100; sell 1 @ 101; {last}")

    assert trip.exit_reason == reason
    assert trip.exit_decision_id == UUID(int=3)


def test_it_names_the_signal_decision_and_limits_of_its_first_entry() -> None:
    trip = only("buy 1 @ 100; buy 1 @ 100; sell 2 @ 100")

    assert (trip.entry_decision_id, trip.entry_signal_id, trip.limits_version) == (UUID(int=1), UUID(int=1001), 1)


def test_what_is_written_off_loses_its_entry_value() -> None:
    trip = only("buy 2 @ 100; writeoff 2 @ 0")

    assert (trip.gross, trip.exit_notional, trip.avg_exit_price) == (-200, 0, 0)
    assert trip.lowest_fill == 100, "nobody paid 0"


def test_slippage_against_an_unknown_decision_price_is_unknown() -> None:
    assert only("buy 1 @ 100; sell 1 @ 101", decided=None).slippage is None


def test_a_sale_of_more_than_is_held_is_refused() -> None:
    with pytest.raises(Oversold):
        list(closed_trips(trip_fills("buy 1 @ 100; sell 2 @ 100")))


def test_only_candles_that_lie_wholly_in_a_trip_count() -> None:
    trip = only("buy 1 @ 100; buy 1 @ 100; buy 1 @ 100; sell 3 @ 100")

    # from 03:04:30 to 03:07:30: the candles of 03:05 and 03:06
    assert whole_candles(trip, MINUTE) == (BEGIN.replace(minute=5, second=0), 2)
    assert whole_candles(trip, timedelta(minutes=5))[1] == 0


def test_the_way_of_a_trip_is_measured_from_its_average_entry() -> None:
    trip = only("buy 1 @ 100; sell 1 @ 104")

    assert excursion(trip, high=Decimal(110), low=Decimal(97)).best == Decimal("0.1")
    assert excursion(trip, high=Decimal(110), low=Decimal(97)).worst == Decimal("-0.03")
    # too short for a candle: its own fills are all that is known of it
    assert excursion(trip, high=None, low=None).best == Decimal("0.04")
    assert excursion(trip, high=None, low=None).worst == 0


prices = st.decimals("0.00000001", "100000", places=8)
steps = st.integers(1, 1_000_000).map(lambda units: Decimal(units) / 1000)


@st.composite
def histories(draw: st.DrawFn) -> str:
    """Some buys and sells of one symbol, never more sold than is held."""
    held, notes = Decimal(0), []
    for _ in range(draw(st.integers(0, 25))):
        selling = held > 0 and draw(st.booleans())
        quantity = held if selling and draw(st.booleans()) else draw(steps)
        quantity = min(quantity, held) if selling else quantity
        held += -quantity if selling else quantity
        notes.append(f"{'sell' if selling else 'buy'} {quantity} @ {draw(prices)}")
    return ";".join(notes)


@given(histories())
def test_trips_agree_with_cash_that_is_simply_added_up(text: str) -> None:
    fills = trip_fills(text) if text else []
    trips = list(closed_trips(fills))

    # The oracle knows no average: a trip's net is the cash that moved between two moments of being flat.
    held, cash, expected = Decimal(0), Decimal(0), []
    for fill in fills:
        sign = 1 if fill.side == "BUY" else -1
        held += sign * fill.quantity
        cash -= sign * fill.price * fill.quantity + fill.fee
        if held == 0:
            expected.append((fill.fill_id, cash))
            cash = Decimal(0)

    assert [trip.last_fill_id for trip in trips] == [number for number, _ in expected]
    for trip, (_, moved) in zip(trips, expected, strict=True):
        assert abs(trip.net - moved) < Decimal("1e-6")
        assert trip.net == trip.gross - trip.fees
        assert trip.lowest_fill <= trip.avg_entry_price <= trip.highest_fill


@given(histories(), st.integers(0, 25))
def test_it_does_not_matter_where_the_fills_are_cut_while_flat(text: str, cut: int) -> None:
    fills = trip_fills(text) if text else []
    whole = list(closed_trips(fills))
    first = [trip for trip in whole if trip.last_fill_id <= cut]
    behind = max((trip.last_fill_id for trip in first), default=0)

    assert first + list(closed_trips([fill for fill in fills if fill.fill_id > behind])) == whole

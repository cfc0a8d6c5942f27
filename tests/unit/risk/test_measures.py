"""The measures of closed round trips, each by an example worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from risk.rules.measures import TripTally, day_return, share, total, trip

# Five trips: +30, −10, +50, −40 and 0. Fees 2 each, gross 40 = net 30 + fees 10.
NETS = (30, -10, 50, -40, 0)


@pytest.fixture
def five() -> TripTally:
    return total(trip(net=Decimal(net), gross=Decimal(net + 2), fees=Decimal(2), held_s=Decimal(60)) for net in NETS)


def test_a_trip_of_exactly_nothing_is_neither_won_nor_lost(five: TripTally) -> None:
    assert (five.trips, five.won, five.lost) == (5, 2, 2)


def test_the_win_rate_is_won_trips_of_all(five: TripTally) -> None:
    assert five.win_rate == Decimal("0.4")  # 2 of 5


def test_the_profit_factor_is_what_was_gained_for_each_that_was_lost(five: TripTally) -> None:
    assert five.profit_factor == Decimal("1.6")  # (30 + 50) ÷ (10 + 40)


def test_the_expectancy_is_the_mean_net_result(five: TripTally) -> None:
    assert five.expectancy == 6  # (30 − 10 + 50 − 40 + 0) ÷ 5


def test_won_and_lost_trips_have_a_mean_of_their_own(five: TripTally) -> None:
    assert (five.mean_won, five.mean_lost) == (40, -25)


def test_the_fee_share_is_fees_of_the_gross_result(five: TripTally) -> None:
    assert five.fee_share == Decimal("0.25")  # 10 of 40


def test_the_time_held_is_an_average(five: TripTally) -> None:
    assert five.mean_held_s == 60


def test_without_a_trip_nothing_is_known() -> None:
    none = TripTally()

    known = [
        none.win_rate,
        none.profit_factor,
        none.expectancy,
        none.mean_won,
        none.mean_lost,
        none.mean_held_s,
        none.fee_share,
    ]

    assert known == [None] * 7
    assert none.net == 0


def test_without_a_loss_there_is_no_profit_factor_and_without_a_gain_no_fee_share() -> None:
    assert trip(net=Decimal(5)).profit_factor is None
    assert trip(net=Decimal(-5), gross=Decimal(-3), fees=Decimal(2)).fee_share is None


def test_sums_of_parts_are_the_sum_of_all(five: TripTally) -> None:
    parts = [trip(net=Decimal(net), gross=Decimal(net + 2), fees=Decimal(2)) for net in NETS]

    assert total([total(parts[:2]), total(parts[2:])]).net == five.net == 30


def test_a_days_return_is_its_result_of_what_it_could_be_earned_with() -> None:
    # 10,000 at midnight, 5,000 more paid in, 300 earned: 300 ÷ 15,000. Of 5,000 taken out: 300 ÷ 10,000.
    assert day_return(Decimal(300), Decimal(10_000), Decimal(5_000)) == Decimal("0.02")
    assert day_return(Decimal(300), Decimal(10_000), Decimal(-5_000)) == Decimal("0.03")
    assert day_return(Decimal(0), Decimal(0), Decimal(0)) is None


def test_a_share_of_nothing_is_not_known() -> None:
    assert share(Decimal(1), Decimal(4)) == Decimal("0.25")
    assert share(Decimal(1), Decimal(0)) is None

"""What a replay's outcome tells, each measure by an example worked by hand."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest

from replay.rules.measures import GROUPS, measures
from replay.rules.worth import DAY_S
from risk.rules.measures import TripTally
from tests.unit.replay.outcomes import curve, decided, make_outcome, make_trip

HOUR_S = 3600


def test_the_net_result_is_the_equity_at_the_end_less_the_starting_cash() -> None:
    told = measures(make_outcome(equity=Decimal("112.5"), curve=curve([105, 90, 112.5])))

    assert told.net == Decimal("12.5")
    assert told.account is not None
    assert told.account.net == pytest.approx(0.125)
    assert told.account.drawdown == pytest.approx(1 / 7)  # 105 → 90
    assert (told.start_s, told.end_s) == (0, 3 * DAY_S)


def test_the_benchmark_has_the_same_figures_and_the_excess_is_the_difference() -> None:
    told = measures(make_outcome(curve=curve([100, 110], benchmark=[90, 104])))

    assert told.benchmark is not None
    assert (told.benchmark.net, told.benchmark.drawdown) == (pytest.approx(0.04), pytest.approx(0.1))
    assert told.excess == pytest.approx(0.06)


def test_an_unknown_benchmark_is_not_one_that_stood_still() -> None:
    told = measures(make_outcome(curve=curve([100, 110], benchmark=[90, np.nan])))

    assert (told.benchmark, told.excess) == (None, None)


def test_exposure_time_is_the_share_of_closes_at_which_something_was_held() -> None:
    told = measures(make_outcome(curve=curve([100] * 4, exposure=[0, 50, 10, 0])))

    assert told.exposure_time == 0.5
    assert told.exposure_mean == pytest.approx(0.15)


def test_turnover_a_day_is_a_multiple_of_the_average_equity() -> None:
    # 300 in 2 days on an average of 150: 300 ÷ 150 ÷ 2
    told = measures(make_outcome(turnover=Decimal(300), curve=curve([100, 200])))

    assert told.turnover_per_day == pytest.approx(1)


def test_trips_are_told_by_symbol_exit_weekday_of_entry_and_month_of_exit() -> None:
    told = measures(
        make_outcome(
            trips=(
                make_trip("30"),
                make_trip("-10", "BTCUSDT", exit_reason="STOP", opened_at_s=30 * DAY_S, closed_at_s=31 * DAY_S),
                make_trip("5", opened_at_s=DAY_S, closed_at_s=DAY_S + HOUR_S),
            )
        )
    )

    assert (told.trips.trips, told.trips.net, told.trips.fees) == (3, 25, 3)
    assert {key: tally.net for key, tally in told.groups["symbol"].items()} == {"ETHUSDT": 35, "BTCUSDT": -10}
    assert {key: tally.net for key, tally in told.groups["exit_reason"].items()} == {"SIGNAL": 35, "STOP": -10}
    # 1970-01-01 was a Thursday, 31 January a Saturday; the trip of that day was closed on 1 February
    assert {key: tally.net for key, tally in told.groups["weekday"].items()} == {"4": 30, "6": -10, "5": 5}
    assert {key: tally.net for key, tally in told.groups["month"].items()} == {"1970-01": 35, "1970-02": -10}


def test_every_group_adds_up_to_the_total() -> None:
    trips = tuple(
        make_trip(str(net), symbol, opened_at_s=net * HOUR_S, closed_at_s=(net + 40) * DAY_S)
        for net, symbol in enumerate(("AUSDT", "BUSDT", "AUSDT", "CUSDT") * 10)
    )

    told = measures(make_outcome(trips=trips))

    for kind in GROUPS:
        assert sum(told.groups[kind].values(), TripTally()) == told.trips


def test_profit_factor_expectancy_win_rate_and_fee_share_come_from_the_trips() -> None:
    told = measures(make_outcome(trips=(make_trip("9"), make_trip("-3"), make_trip("-1"), make_trip("0")))).trips

    # 9 ÷ 4; 5 ÷ 4; 1 of 4; fees 4 of a gross 9
    assert (told.profit_factor, told.expectancy, told.win_rate) == (Decimal("2.25"), Decimal("1.25"), Decimal("0.25"))
    assert told.fee_share == Decimal(4) / 9


def test_refusals_are_counted_by_reason_the_most_frequent_first() -> None:
    told = measures(
        make_outcome(
            decisions=decided(
                "APPROVED SIGNAL_APPROVED",
                "REJECTED BREAKER_OPEN",
                "REJECTED EXPOSURE_LIMIT_EXCEEDED",
                "EXPIRED SIGNAL_EXPIRED",
                "REJECTED EXPOSURE_LIMIT_EXCEEDED",
                "TRIMMED POSITION_LIMIT_TRIMMED",
            )
        )
    )

    assert list(told.refusals.items())[0] == ("EXPOSURE_LIMIT_EXCEEDED", 2)
    assert told.refusals == {"EXPOSURE_LIMIT_EXCEEDED": 2, "BREAKER_OPEN": 1, "SIGNAL_EXPIRED": 1}
    assert told.outcomes == {"REJECTED": 3, "APPROVED": 1, "EXPIRED": 1, "TRIMMED": 1}


@pytest.mark.parametrize("equity", [[], [100], [np.nan, np.nan]])
def test_where_nothing_was_played_nothing_is_known(equity: list[float]) -> None:
    told = measures(make_outcome(curve=curve(equity)))

    assert (told.account, told.benchmark, told.excess, told.turnover_per_day) == (None, None, None, None)
    assert told.months == ()
    assert told.trips.profit_factor is None


def test_without_a_trip_ratios_are_null_in_the_json_and_not_zero() -> None:
    told = json.loads(json.dumps(measures(make_outcome()).as_json(), allow_nan=False))

    assert told["trips"]["win_rate"] is None
    assert told["account"]["sharpe"] is None
    assert told["account"]["cagr"] is None
    assert told["account"]["net"] == 0.0
    assert told["by_symbol"] == []


def test_the_json_has_every_group_in_its_order_and_money_as_exact_text() -> None:
    outcome = make_outcome(
        equity=Decimal("100.100000000001"),
        curve=curve([100] * 40, benchmark=[100] * 40),
        trips=(make_trip("-10", "AUSDT"), make_trip("30", closed_at_s=40 * DAY_S), make_trip("5")),
    )

    told = json.loads(json.dumps(measures(outcome).as_json(), allow_nan=False))

    assert told["net"] == "0.100000000001"
    assert [row["symbol"] for row in told["by_symbol"]] == ["ETHUSDT", "AUSDT"]
    assert [row["month"] for row in told["by_month"]] == ["1970-01", "1970-02"]
    assert [row["month"] for row in told["months"]] == ["1970-01", "1970-02"]
    assert told["account"]["cagr"] == 0.0

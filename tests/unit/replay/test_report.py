"""The measures of a replay as somebody reads them on the command line."""

from __future__ import annotations

from decimal import Decimal

from replay import report
from replay.rules.layer_prices import LayerPrice
from replay.rules.measures import measures
from replay.rules.worth import DAY_S
from tests.unit.replay.outcomes import curve, decided, make_outcome, make_trip


def told_lines(**values: object) -> list[str]:
    return report.lines(measures(make_outcome(**values)), "USDT")


def test_it_says_from_when_to_when_and_what_became_of_the_cash() -> None:
    first, second, *_ = told_lines(equity=Decimal(110), curve=curve([90, 110]))

    assert first == "1970-01-01 00:00 to 1970-01-03 00:00 UTC, 2.0 days"
    assert second == "100.00 → 110.00 USDT, +10.00 %"


def test_the_account_stands_beside_the_universe_held() -> None:
    text = told_lines(curve=curve([90, 110], benchmark=[100, 104]))

    assert "net return           +10.00 %        +4.00 %" in text
    assert "deepest fall          10.00 %         0.00 %" in text
    assert "a year                      —              —" in text
    assert "longest under water     2.0 d          0 min" in text


def test_trips_refusals_and_groups_are_told() -> None:
    text = told_lines(
        trips=(make_trip("9"), make_trip("-3", "BTCUSDT", exit_reason="STOP")),
        decisions=decided("REJECTED BREAKER_OPEN", "REJECTED BREAKER_OPEN", "APPROVED SIGNAL_APPROVED"),
        unheld_sells=1234,
    )

    assert "2 trips, 1 won, 1 lost (50.00 % won)" in text
    assert "decisions: 2 rejected, 1 approved; 1,234 SELLs of what was not held" in text
    assert "       2 × BREAKER_OPEN" in text
    assert [line.split()[0] for line in text if line.startswith(("BTCUSDT", "ETHUSDT", "STOP", "Thursday"))] == [
        "ETHUSDT", "BTCUSDT", "STOP", "Thursday",
    ]  # fmt: skip


def test_of_many_symbols_the_best_and_the_worst_are_shown() -> None:
    trips = tuple(make_trip(str(net), f"S{net:02}USDT") for net in range(20))

    shown = [line.split()[0] for line in told_lines(trips=trips) if line.startswith("S") and line[1].isdigit()]

    assert shown == [f"S{number:02}USDT" for number in (19, 18, 17, 16, 15, 4, 3, 2, 1, 0)]


def test_without_anything_played_it_says_so_and_invents_nothing() -> None:
    text = told_lines(curve=curve([]))

    assert text[0] == "Nothing was played; 100.00 USDT lie untouched."
    assert "profit factor —, expectancy — a trip, fees — of the gross result, held — on average" in text
    assert text[-1] == report.NO_EVIDENCE


def test_the_price_of_a_layer_is_a_row() -> None:
    price = LayerPrice(layer=5, code="STOP_LOSS", title="Stop loss", net=Decimal(15), drawdown=0.25, trips=-1)

    text = report.lines(measures(make_outcome()), "USDT", [price])

    assert text[-3].split() == ["5", "Stop", "loss", "15", "+25.00", "%", "-1"]


def test_a_time_is_told_in_the_largest_unit_it_passes() -> None:
    assert [report.duration(seconds) for seconds in (60, 2 * 3600, 36 * 3600, 1500 * DAY_S, None)] == [
        "1 min", "2.0 h", "1.5 d", "1,500.0 d", "—",
    ]  # fmt: skip

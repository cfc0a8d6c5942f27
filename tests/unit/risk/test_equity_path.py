"""The account's index, its drawdowns and time invested, each by an example worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from risk.rules.equity_path import Point, deepest, drawdowns, index, mean_over_time

START = datetime(2026, 3, 4, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def path(*values: str) -> list[Point]:
    """One value a minute."""
    return [(at(minute), Decimal(value)) for minute, value in enumerate(values)]


def values(points: list[Point]) -> list[Decimal]:
    return [value for _, value in points]


def test_without_payments_the_index_is_equity_over_the_first() -> None:
    assert values(index(path("10000", "10100", "9900"))) == [1, Decimal("1.01"), Decimal("0.99")]


def test_money_paid_in_is_no_gain_and_money_taken_out_no_loss() -> None:
    # 10,000 → 11,000 (+10 %), 9,000 paid in → 20,000 (0 %), → 22,000 (+10 %), 12,000 out → 10,000 (0 %): 1.1 × 1.1
    payments = [(at(1.5), Decimal(9_000)), (at(3.5), Decimal(-12_000))]

    path_of = index(path("10000", "11000", "20000", "22000", "10000"), payments)

    assert values(path_of) == [1, Decimal("1.1"), Decimal("1.1"), Decimal("1.21"), Decimal("1.21")]


def test_an_account_that_begins_with_nothing_begins_with_its_first_deposit() -> None:
    assert values(index(path("0", "10000", "10500"), [(at(1), Decimal(10_000))])) == [1, 1, Decimal("1.05")]


def test_a_new_start_of_the_account_is_no_result() -> None:
    # 8,000 are withdrawn and 10,000 paid in at once.
    assert values(index(path("8000", "10000", "10100"), [(at(1), Decimal(-8_000)), (at(1), Decimal(10_000))])) == [
        1, 1, Decimal("1.01"),
    ]  # fmt: skip


def test_a_loss_of_everything_stays_one() -> None:
    assert values(index(path("100", "0"))) == [1, 0]
    assert index([]) == []


def test_drawdowns_are_measured_from_the_highest_so_far() -> None:
    assert values(drawdowns(path("100", "120", "90", "120", "60"))) == [0, 0, Decimal("0.25"), 0, Decimal("0.5")]


def test_the_deepest_drawdown_has_its_peak_its_lowest_point_and_its_length() -> None:
    # 120 → 90 is a quarter, from minute 1 to its recovery in minute 4; 130 → 110 is less.
    fall = deepest(path("100", "120", "100", "90", "120", "130", "110"))

    assert fall is not None
    assert (fall.fraction, fall.peak_at, fall.lowest_at, fall.recovered_at) == (Decimal("0.25"), at(1), at(3), at(4))
    assert fall.length_s == 180


def test_a_drawdown_that_goes_on_lasts_until_the_end() -> None:
    fall = deepest(path("100", "80", "90"))

    assert fall is not None
    assert (fall.recovered_at, fall.length_s) == (None, 120)


def test_a_path_that_only_rises_has_no_drawdown() -> None:
    assert deepest(path("1", "1", "2")) is None
    assert deepest([]) is None


def test_time_invested_weighs_each_exposure_by_how_long_it_held() -> None:
    # 0 % for 3 minutes, 40 % for 1 minute: 10 %.
    points = [(at(0), Decimal(0)), (at(3), Decimal("0.4"))]

    assert mean_over_time(points, at(4)) == Decimal("0.1")
    assert mean_over_time([], at(4)) is None
    assert mean_over_time([(at(0), Decimal(1))], at(0)) is None

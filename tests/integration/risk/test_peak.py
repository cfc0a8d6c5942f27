"""The remembered peak of 24 hours is the one that PostgreSQL has, and only new points are read for it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdb_site import db
from risk import queries
from risk.models import Breaker, EquitySnapshot
from risk.peak import AGAIN, POINTS, Peak
from tests.builders import PAPER, open_paper_account
from tests.clocks import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _account() -> None:
    open_paper_account(cash="0")


def plant_point(taken_at: datetime, equity: int) -> None:
    EquitySnapshot.objects.create(
        account=PAPER, taken_at=taken_at, equity=equity, cash=equity, exposure=0, stored_at=datetime.now(UTC)
    )


def release_drawdown(released_at: datetime) -> None:
    Breaker.objects.create(
        account=PAPER,
        kind="DRAWDOWN",
        occurred_at=NOON,
        observed=1,
        limit=1,
        limits_version=1,
        released_at=released_at,
        released_by="anna",
        reason="understood",
    )


def test_without_a_point_there_is_no_peak() -> None:
    assert Peak(PAPER).at(NOON) is None


def test_a_point_of_more_than_a_day_ago_counts_no_more_and_the_next_highest_does() -> None:
    peak = Peak(PAPER)
    plant_point(NOON, 12_000)
    plant_point(NOON + HOUR, 11_000)
    assert peak.at(NOON + HOUR) == 12_000

    assert peak.at(NOON + 24 * HOUR) == 11_000
    assert peak.at(NOON + 25 * HOUR) is None


def test_a_point_of_an_earlier_time_that_is_stored_later_counts() -> None:
    peak = Peak(PAPER)
    plant_point(NOON, 10_000)
    peak.at(NOON)

    plant_point(NOON - HOUR, 11_000)

    assert peak.at(NOON) == 11_000


def test_the_peak_of_a_released_drawdown_is_forgotten_by_who_remembered_it() -> None:
    peak = Peak(PAPER)
    plant_point(NOON, 12_000)
    assert peak.at(NOON) == 12_000

    release_drawdown(datetime.now(UTC) + timedelta(seconds=1))

    assert peak.at(NOON) is None


def test_a_market_clock_that_was_set_back_finds_what_it_had_left_behind() -> None:
    peak = Peak(PAPER)
    plant_point(NOON, 12_000)
    for number in range(AGAIN + 1):
        plant_point(NOON + 26 * HOUR + number * timedelta(seconds=5), 10_000)
    assert peak.at(NOON + 30 * HOUR) == 10_000

    assert peak.at(NOON + HOUR) == 12_000


@pytest.mark.parametrize("seed", range(8))
def test_it_is_what_a_reading_of_all_points_finds(seed: int) -> None:
    chance, peak, now = random.Random(seed), Peak(PAPER), NOON  # noqa: S311
    for _ in range(60):
        now += timedelta(minutes=chance.choice((1, 5, 60, 400)))
        for _ in range(chance.randrange(4)):
            taken_at = now - timedelta(seconds=chance.randrange(1, 100_000), microseconds=chance.randrange(1000))
            plant_point(taken_at, chance.randrange(100, 130))
        if chance.random() < 0.05:
            release_drawdown(datetime.now(UTC))

        assert peak.at(now) == queries.peak_earned(PAPER, now)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_look_reads_the_new_points_alone(monkeypatch: pytest.MonkeyPatch, direction: int) -> None:
    for number in range(1000)[::direction]:
        plant_point(NOON + number * timedelta(seconds=5), 10_000 - number)
    peak, read = Peak(PAPER), []
    select = db.select

    def counting(statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        rows = select(statement, parameters)
        if statement == POINTS:
            read.append(len(rows))
        return rows

    monkeypatch.setattr("risk.peak.db.select", counting)
    now = NOON + 2 * HOUR
    peak.at(now)
    plant_point(now, 1)

    assert peak.at(now) == Decimal(10_000)
    assert read == [1000, 101]

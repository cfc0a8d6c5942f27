"""Quiet hours over midnight and over both changes of time, by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.quiet import is_quiet, quiet_until

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("now", "begin", "end", "until"),
    [
        ("2026-06-01 12:00", 22, 7, None),
        ("2026-06-01 22:00", 22, 7, "2026-06-02 07:00"),
        ("2026-06-02 06:59:59", 22, 7, "2026-06-02 07:00"),
        ("2026-06-02 07:00", 22, 7, None),
        ("2026-06-01 13:30", 13, 14, "2026-06-01 14:00"),
        ("2026-03-28 23:00", 22, 7, "2026-03-29 07:00"),
        ("2026-10-24 23:00", 22, 7, "2026-10-25 07:00"),
    ],
)
def test_the_hours_end_at_their_time_of_day(now: str, begin: int, end: int, until: str | None) -> None:
    found = quiet_until(local(now), time(begin), time(end), BERLIN)

    assert found == (local(until) if until else None)


def test_the_night_of_the_change_to_summer_is_an_hour_shorter_and_that_to_winter_an_hour_longer() -> None:
    nights = [
        quiet_until(local(f"{day} 22:00"), time(22), time(7), BERLIN) - local(f"{day} 22:00").astimezone(UTC)  # type: ignore[operator]
        for day in ("2026-03-28", "2026-10-24", "2026-06-01")
    ]

    assert nights == [timedelta(hours=8), timedelta(hours=10), timedelta(hours=9)]


def test_hours_until_a_time_that_is_skipped_end_with_the_skip() -> None:
    assert quiet_until(local("2026-03-29 01:30"), time(22), time(2, 30), BERLIN) == local("2026-03-29 03:00")


def test_hours_until_a_time_that_comes_twice_end_with_the_first_and_are_quiet_again() -> None:
    first, second = local("2026-10-25 02:30"), local("2026-10-25 02:30", fold=1)

    assert quiet_until(local("2026-10-25 01:00"), time(22), time(2, 30), BERLIN) == first.astimezone(UTC)
    assert is_quiet(local("2026-10-25 02:10", fold=1), time(22), time(2, 30), BERLIN)
    assert not is_quiet(second, time(22), time(2, 30), BERLIN)


def test_without_hours_nothing_is_ever_quiet() -> None:
    assert quiet_until(local("2026-06-01 03:00"), None, None, BERLIN) is None


@given(
    minute=st.integers(0, 366 * 24 * 60),
    begin=st.times(),
    end=st.times(),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC", "Pacific/Apia"]),
)
def test_the_end_is_not_quiet_and_every_minute_before_it_is(minute: int, begin: time, end: time, zone: str) -> None:
    begin, end = begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    now, place = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute), ZoneInfo(zone)
    if begin == end:
        return

    until = quiet_until(now, begin, end, place)

    assert (until is not None) == is_quiet(now, begin, end, place)
    if until is not None:
        assert timedelta(0) < until - now <= timedelta(hours=26)
        assert not is_quiet(until, begin, end, place)
        assert is_quiet(until - timedelta(minutes=1), begin, end, place)

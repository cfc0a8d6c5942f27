"""Candle lengths: how long one is, where it opens, and what the exchange's socket calls it."""

from __future__ import annotations

import pytest

from marketdata.intervals import CHANNEL_NAMES, SECONDS, interval_s, last_closed_open_s, moment, window_start_s


def test_every_interval_has_a_length_of_whole_minutes_and_a_channel_of_its_own() -> None:
    assert set(CHANNEL_NAMES) == set(SECONDS)
    assert len(set(CHANNEL_NAMES.values())) == len(CHANNEL_NAMES)
    assert all(length_s % 60 == 0 for length_s in SECONDS.values())


def test_an_unknown_interval_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(ValueError, match="interval '2m' is unknown; use one of 1m, .*1d"):
        interval_s("2m")


def test_a_candle_opens_at_a_multiple_of_its_length_and_the_one_before_it_is_the_last_closed() -> None:
    at_s = moment(0).replace(year=2026, month=3, day=2, hour=10, minute=7, second=59).timestamp()

    opened, closed = window_start_s(at_s, interval_s("5m")), last_closed_open_s(at_s, interval_s("5m"))

    # 10:07:59 lies in 10:05 to 10:10; the candle from 10:00 is closed.
    assert moment(opened).strftime("%H:%M:%S") == "10:05:00"
    assert moment(closed).strftime("%H:%M:%S") == "10:00:00"

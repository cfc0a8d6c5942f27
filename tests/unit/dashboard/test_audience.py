"""When the parts behind the screens rest, and that a picture waits for all of them."""

from __future__ import annotations

import threading

import pytest

from dashboard.live import audience
from dashboard.live.audience import Audience


@pytest.fixture
def hall() -> Audience:
    return Audience(("reader", "facts"))


def test_nobody_is_there_at_first(hall: Audience) -> None:
    assert not hall.present


def test_who_is_expected_counts_as_present(hall: Audience) -> None:
    hall.expect()

    assert hall.present


def test_the_last_one_to_leave_is_waited_for_a_while(hall: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.watching(1)
    hall.watching(0)
    assert hall.present

    monkeypatch.setattr(audience, "LINGER_S", 0.0)
    hall.watching(0)

    assert not hall.present


def test_a_picture_waits_until_every_part_is_fresh(hall: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "FRESH_WITHIN_S", 0.01)
    hall.expect()
    hall.fresh("reader")
    assert not hall.wait_fresh()

    hall.fresh("facts")

    assert hall.wait_fresh()


def test_a_part_that_rested_is_no_longer_fresh(hall: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "FRESH_WITHIN_S", 0.01)
    hall.fresh("reader")
    hall.fresh("facts")

    hall.rest("facts", 0.0)

    assert not hall.wait_fresh()


def test_a_resting_part_is_woken_by_who_comes(hall: Audience) -> None:
    resting = threading.Thread(target=hall.rest, args=("reader", 60.0))
    resting.start()

    hall.expect()

    resting.join(5)
    assert not resting.is_alive()

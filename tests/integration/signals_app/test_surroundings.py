"""What the engine knows besides candles: read by the timer, so that no candle waits for the database."""

from __future__ import annotations

import pytest

from marketdata import pausing
from marketdata.models import UniverseMember
from signals_app import surroundings
from signals_app.surroundings import Surroundings
from tests.builders import plant_instrument
from tests.clocks import NOON, HandClock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def clock() -> HandClock:
    plant_instrument(symbol="AUSDT")
    UniverseMember.objects.create(instrument_id="AUSDT", chosen_by="", since=NOON)
    return HandClock()


def pause() -> None:
    pausing.pause("AUSDT", reason="news", by="anna", expires_at=None)


def test_while_the_timer_turns_nobody_reads_but_it(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    around = Surroundings(clock)
    reads = []
    read = surroundings.market.paused
    monkeypatch.setattr(surroundings.market, "paused", lambda now: reads.append(now) or read(now))

    for _ in range(5):
        clock.move(1.1)
        around.refresh()
        assert around.known().universe == ["AUSDT"]

    assert len(reads) == 5


def test_a_pause_is_known_within_a_turn_of_the_timer(clock: HandClock) -> None:
    around = Surroundings(clock)
    around.refresh()
    pause()
    clock.move(1.1)
    around.refresh()

    assert around.known().paused == {"AUSDT": "news"}


def test_without_a_timer_it_is_known_after_two_seconds(clock: HandClock) -> None:
    around = Surroundings(clock)
    before = around.known().paused
    pause()
    clock.move(2.1)

    assert (before, around.known().paused) == ({}, {"AUSDT": "news"})

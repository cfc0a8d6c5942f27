"""The signal engine after gaps, restarts, failures and lost doorbells, on real PostgreSQL and Redis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from cdb_site.bus import models as bus
from signals_app import operations
from signals_app.models import Evaluation, Signal
from tests.integration.signals_app.engine_market import (
    FLAT,
    candle_event,
    engine_at,
    heard,
    market,
    minute,
    play,
    said,
    stored,
)

__all__ = ["market"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def test_candles_that_another_worker_was_told_of_are_read_from_the_database() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 2)
    stored(2, FLAT)
    clock.at = minute(4)
    engine.take([heard(3, "A 101 B 100 C 100")])

    clock.at += timedelta(seconds=3)
    engine.tick()

    assert [row.complete for row in Evaluation.objects.order_by("open_time")] == [True] * 4
    assert said() == ["3 BUY A"]


def test_of_two_workers_the_one_whose_evaluation_came_second_loses_no_exit() -> None:
    first, earlier = engine_at(0)
    play(first, earlier, 0, [FLAT] * 3 + ["A 102 B 102 C 100"])
    second, later = engine_at(4)
    second.tick()
    earlier.at = minute(5) + timedelta(seconds=1)
    first.take([heard(4, "A 102 C 100")])
    earlier.at += timedelta(seconds=3)
    first.tick()
    stored(4, "B 99")

    second.take([candle_event(4, "A 102 B 99 C 100")])
    later.at = minute(6) + timedelta(seconds=1)
    second.take([heard(5, "A 102 B 98 C 100")])

    assert [row.candles for row in Evaluation.objects.order_by("open_time")][-2:] == [2, 3]
    assert [line for line in said() if "SELL" in line] == ["5 SELL B"]


def test_after_a_restart_every_candle_since_the_last_evaluation_is_evaluated_in_order() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    for number, row in enumerate(["A 101 B 100 C 100", "A 102 B 100 C 100", "A 99 B 100 C 100"], start=3):
        stored(number, row)
    restarted, later = engine_at(8)

    restarted.tick()
    later.at += timedelta(seconds=3)
    restarted.tick()

    assert [row.late for row in Evaluation.objects.order_by("open_time")] == [False] * 3 + [True] * 3
    assert said() == ["3 BUY A", "5 SELL A"]
    expired = Signal.objects.get(side="BUY")
    assert expired.expires_at < datetime.fromtimestamp(later.market_s(), UTC)


def test_a_symbol_that_fell_during_the_outage_gets_one_exit() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3 + ["A 102 B 102 C 100"])
    for number, row in enumerate(["A 99 B 99 C 100", "A 98 B 103 C 100", "A 97 B 104 C 100"], start=4):
        stored(number, row)

    restarted, _ = engine_at(10)
    restarted.tick()

    assert [line for line in said() if "SELL" in line] == ["6 SELL A"]


def test_an_outage_longer_than_the_window_is_caught_up_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signals_app.engine.READ_AT_ONCE", 30)
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    for number in range(3, 40):
        stored(number, "A 101 B 100 C 100" if number == 20 else FLAT)

    restarted, _ = engine_at(45)
    restarted.tick()

    assert Evaluation.objects.count() == 40
    assert [line for line in said() if "BUY" in line] == ["20 BUY A"]


def test_a_failed_transaction_leaves_no_trace_and_the_candle_is_evaluated_when_it_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    event = heard(3, "A 101 B 100 C 100")

    def away(*_: object) -> int:
        raise OperationalError("the server went away")

    with monkeypatch.context() as broken:
        broken.setattr(operations, "_new_signals", away)
        with pytest.raises(OperationalError):
            engine.take([event])
    lost = Evaluation.objects.filter(open_time=minute(3)).exists()
    engine.take([event])

    assert not lost
    assert said() == ["3 BUY A"]


def test_candles_whose_doorbell_was_lost_are_evaluated_though_nothing_comes_any_more() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT, FLAT, FLAT, FLAT])
    stored(4, "A 102 B 100 C 100")
    clock.at = minute(5) + timedelta(seconds=1)

    looks = [0, 0, 0]
    for number in range(3):
        looks[number] = engine.tick()
        clock.at += timedelta(seconds=2)

    assert looks == [0, 1, 0]
    assert said() == ["4 BUY A"]


def test_a_candle_that_is_stored_a_moment_before_its_doorbell_keeps_it_as_its_cause() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT, FLAT, FLAT, FLAT])
    rung = heard(4, "A 102 B 100 C 100")
    clock.at = minute(5) + timedelta(seconds=1)

    assert engine.tick() == 0
    assert engine.take([rung]) == 1

    assert str(bus.Event.objects.get(topic="signals").causation_id) == rung.event_id

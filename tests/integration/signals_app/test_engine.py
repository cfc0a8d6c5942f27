"""The signal engine on real PostgreSQL and Redis: once per candle, warm starts, grace, several workers."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from cdb_site.bus import models as bus
from cdb_site.bus.events import BusEvent, deterministic_id
from cdb_site.clock import iso
from marketdata.models import UniverseMember
from signals_app.engine import SignalEngine
from signals_app.models import Evaluation, Signal
from tests.integration.signals_app.engine_market import (
    FLAT,
    START,
    STRATEGY,
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


def test_a_crossing_becomes_one_signal_and_one_event_in_a_chain_of_its_own() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    event = heard(3, "A 101 B 100 C 100")

    count = engine.take([event])

    signal = Signal.objects.get()
    sent = bus.Event.objects.get(topic="signals")
    assert count == 1
    assert signal.signal_id == deterministic_id("MOMENTUM", "AUSDT", "1m", iso(minute(3)), "BUY")
    assert (signal.momentum, signal.strength, signal.rank, signal.universe_size) == (
        Decimal("0.01"),
        Decimal("0.5"),
        1,
        3,
    )
    # closes 12:04:00, lives 90 s; two candles of 1000 are in the lookback of two minutes
    assert signal.expires_at == datetime(2026, 3, 2, 12, 5, 30, tzinfo=UTC)
    assert signal.quote_volume == Decimal(2000)
    assert signal.context["closes"] == {"previous_base": "100", "base": "100", "previous": "100", "close": "101"}
    assert str(sent.causation_id) == event.event_id
    assert sent.correlation_id == sent.event_id
    assert sent.occurred_at == minute(4)
    assert sent.payload["signal_id"] == str(signal.signal_id)
    assert not bus.Outbox.objects.exists()


def test_the_signal_reaches_its_stream(valkey: Any) -> None:
    engine, clock = engine_at(0)

    play(engine, clock, 0, [FLAT] * 3 + ["A 101 B 102 C 100"])

    assert valkey.xlen("cdb:signals") == 2
    assert said() == ["3 BUY A", "3 BUY B"]


def test_a_repeated_candle_event_changes_nothing() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    event = heard(3, "A 101 B 100 C 100")

    first = engine.take([event, event])
    again = engine.take([event])
    elsewhere = SignalEngine(STRATEGY, clock).take([event])

    assert (first, again, elsewhere) == (1, 0, 0)
    assert Evaluation.objects.filter(open_time=minute(3)).count() == 1


def test_a_micro_batch_of_several_candles_is_evaluated_in_order() -> None:
    engine, _ = engine_at(5)
    rows = [FLAT, FLAT, FLAT, "A 101 B 100 C 100", "A 99 B 100 C 100"]

    engine.take([heard(number, row) for number, row in reversed(list(enumerate(rows)))])

    assert Evaluation.objects.count() == 5
    assert said() == ["3 BUY A", "4 SELL A"]


def test_on_the_first_start_stored_candles_only_warm_the_lookback() -> None:
    for number, row in enumerate([FLAT, FLAT, "A 105 B 100 C 100", FLAT]):
        stored(number, row, "BACKFILL")
    engine, clock = engine_at(4)

    quiet = engine.take([candle_event(2, "A 105 B 100 C 100", "BACKFILL")]) + engine.tick()
    engine.take([heard(4, "A 100 B 101 C 100")])

    assert quiet == 0
    assert [row.open_time for row in Evaluation.objects.all()] == [minute(4)]
    assert said() == ["4 BUY B"]


def test_backfill_that_comes_after_the_first_candle_still_serves_as_base() -> None:
    engine, clock = engine_at(3)
    engine.take([heard(3, FLAT)])
    for number in range(3):
        stored(number, FLAT, "BACKFILL")

    clock.at += timedelta(minutes=1)
    engine.take([heard(4, "A 100 B 101 C 100")])

    assert said() == ["4 BUY B"]


def test_an_incomplete_cross_section_waits_for_its_grace() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    clock.at = minute(4)

    engine.take([heard(3, "A 101 B 100")])
    clock.at = minute(4) + timedelta(seconds=1.9)
    early = engine.tick()
    clock.at = minute(4) + timedelta(seconds=2)
    due = engine.tick()

    evaluation = Evaluation.objects.get(open_time=minute(3))
    assert (early, due) == (0, 1)
    assert not evaluation.complete
    assert evaluation.skipped == {"CUSDT": "CANDLE_MISSING"}


def test_a_late_candle_is_not_evaluated_again() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    clock.at = minute(4)
    engine.take([heard(3, "A 100 B 100")])
    clock.at += timedelta(seconds=2)
    engine.tick()

    late = engine.take([heard(3, "C 150")])

    assert late == 0
    assert Evaluation.objects.filter(open_time=minute(3)).exists()
    assert said() == []


def test_candles_of_another_interval_are_left_alone() -> None:
    engine, _ = engine_at(0)
    event = candle_event(0, FLAT)
    other = BusEvent(
        **{
            **{name: getattr(event, name) for name in BusEvent.__slots__},
            "payload": {**event.payload, "interval": "5m"},
        }
    )

    engine.take([other])

    assert not Evaluation.objects.exists()


def test_two_workers_that_evaluate_the_same_candles_store_each_once(valkey: Any) -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    rows = [f"A {101 + number} B 100 C {100 - number}" for number in range(12)]
    events = [heard(number, row) for number, row in enumerate(rows, start=3)]
    clock.at = minute(16)
    workers = [SignalEngine(STRATEGY, clock) for _ in range(4)]
    gate = threading.Barrier(len(workers))
    counts: list[int] = []

    def work(worker: SignalEngine) -> None:
        gate.wait()
        counts.extend([worker.take([event]) for event in events])
        connections.close_all()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Evaluation.objects.count() == 15
    assert Signal.objects.count() == sum(counts) == bus.Event.objects.filter(topic="signals").count()
    assert valkey.xlen("cdb:signals") == sum(counts)
    assert said()[0] == "3 BUY A"


def test_the_timer_and_the_consumer_share_one_memory() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    clock.at = minute(40)
    events = [heard(number, f"A {100 + number % 3} B 100") for number in range(3, 33)]
    stopping = threading.Event()

    def ticking() -> None:
        while not stopping.is_set():
            engine.tick()
        connections.close_all()

    timer = threading.Thread(target=ticking)
    timer.start()
    for event in events:
        engine.take([event])
    clock.at += timedelta(seconds=5)
    engine.tick()
    stopping.set()
    timer.join()
    engine.tick()

    assert Evaluation.objects.count() == 33


def test_a_universe_that_was_another_only_while_the_memory_was_built_is_waited_for_no_longer() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    passing = UniverseMember.objects.filter(instrument_id="CUSDT")
    passing.delete()
    engine._section = None
    engine.tick()
    UniverseMember.objects.create(instrument_id="CUSDT", chosen_by="test", since=START)
    engine._surroundings.read()

    play(engine, clock, 3, [FLAT])

    assert Evaluation.objects.latest("open_time").universe_size == 3

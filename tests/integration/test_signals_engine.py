"""The signal engine on real PostgreSQL and Redis: once per candle, warm starts, gaps, restarts, several workers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connections

from cdb_site.bus import models as bus
from cdb_site.bus.events import Event, deterministic_id, make
from cdb_site.clock import Anchor, Clock, iso
from marketdata.models import Candle, Instrument, UniverseMember
from signals_app import operations
from signals_app.engine import SignalEngine
from signals_app.models import Evaluation, Signal
from signals_app.strategy import Strategy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
STRATEGY = Strategy(
    interval="1m",
    interval_s=60,
    lookback_s=120,
    threshold=Decimal("0.01"),
    exit=Decimal(0),
    min_volume=Decimal(100),
    top_n=2,
    ttl_s=90,
    grace_s=2.0,
)
FLAT = "A 100 B 100 C 100"


class HandClock(Clock):
    """A clock that stands where a test puts it; wall seconds pass with market seconds."""

    def __init__(self, at: datetime) -> None:
        super().__init__(Anchor(wall_s=0.0, market_s=0.0))
        self.at = at

    def market_s(self) -> float:
        return self.at.timestamp()

    def monotonic_s(self) -> float:
        return self.at.timestamp()


@pytest.fixture(autouse=True)
def market() -> None:
    for symbol in SYMBOLS:
        Instrument.objects.create(
            symbol=symbol,
            base_asset=symbol[0],
            quote_asset="USDT",
            price_tick=Decimal("0.01"),
            quantity_step=Decimal("0.01"),
            min_quantity=Decimal("0.01"),
            min_notional=Decimal(1),
            taker_fee=Decimal("0.0005"),
            updated_at=START,
        )
        UniverseMember.objects.create(instrument_id=symbol, chosen_by="test", since=START)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def engine_at(number: float) -> tuple[SignalEngine, HandClock]:
    """An engine whose clock stands a second after candle `number` has closed."""
    clock = HandClock(START + timedelta(minutes=number + 1, seconds=1))
    return SignalEngine(STRATEGY, clock), clock


def readings(closes: str) -> list[tuple[str, str]]:
    words = closes.split()
    return [(f"{name}USDT", close) for name, close in zip(words[::2], words[1::2], strict=True)]


def stored(number: int, closes: str, source: str = "WS") -> None:
    for symbol, close in readings(closes):
        price = Decimal(close)
        Candle.objects.create(
            instrument_id=symbol,
            interval="1m",
            open_time=minute(number),
            open=price,
            high=price,
            low=price,
            close=price,
            volume=Decimal(1),
            quote_volume=Decimal(1000),
            source=source,
            received_at=START,
        )


def candle_event(number: int, closes: str, source: str = "WS") -> Event:
    candles = [
        {
            "symbol": symbol,
            "open": close,
            "high": close,
            "low": close,
            "close": close,
            "volume": "1",
            "quote_volume": "1000",
        }
        for symbol, close in readings(closes)
    ]
    payload: dict[str, Any] = {"interval": "1m", "open_time": iso(minute(number)), "candles": candles, "source": source}
    return make("market_data", payload, key=f"{number}:{closes}", producer="ws", occurred_at=minute(number + 1))


def heard(number: int, closes: str) -> Event:
    """A candle event whose rows are stored, as the screeners do it."""
    stored(number, closes)
    return candle_event(number, closes)


def said() -> list[str]:
    rows = Signal.objects.order_by("open_time", "side", "symbol")
    return [f"{int((row.open_time - START).total_seconds() // 60)} {row.side} {row.symbol[0]}" for row in rows]


def play(engine: SignalEngine, clock: HandClock, first: int, closes: Sequence[str]) -> None:
    for number, row in enumerate(closes, start=first):
        clock.at = minute(number + 1) + timedelta(seconds=1)
        engine.take([heard(number, row)])


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


def test_candles_of_another_interval_are_left_alone() -> None:
    engine, _ = engine_at(0)
    event = candle_event(0, FLAT)
    other = Event(
        **{**{name: getattr(event, name) for name in Event.__slots__}, "payload": {**event.payload, "interval": "5m"}}
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

"""The stream reader on a real Valkey: from entries to numbered batches, and what it does when some go missing."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from cdb_site.bus import latest
from cdb_site.bus.events import BusEvent, encode, make
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.topics import topic
from cdb_site.clock import SYSTEM, iso
from cdb_site.health.heartbeat import payload
from cdb_site.services import service
from dashboard.live.audience import Audience
from dashboard.live.feed import Batch, Feed
from dashboard.live.reader import StreamReader

WAIT_S = 10.0


class Running:
    """A reader in its thread; what it delivered and the alerts it told."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.batches: list[Batch] = []
        self.toasts: list[BusEvent] = []
        self.runtime = Runtime(service=service("dashboard"), environment=settings.ENVIRONMENT, instance="1")
        self.audience = Audience(["reader"])
        self.audience.watching(1)
        self.beginnings: list[tuple[str, int]] = []
        self.reader = StreamReader(
            self.runtime,
            self.feed,
            self.audience,
            deliver=self.batches.append,
            toast=self.toasts.append,
            began=lambda epoch, seq: self.beginnings.append((epoch, seq)),
        )
        self.thread = threading.Thread(target=self.reader.run, daemon=True)

    def wait(self, condition: Any) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)

    def rows(self, kind: str) -> list[Any]:
        return [row for batch in self.batches for row in json.loads(batch.text)["changes"].get(kind, [])]


@pytest.fixture
def running(valkey: Any) -> Iterator[Running]:
    started = Running()
    started.thread.start()
    started.wait(lambda: started.reader.positions)
    yield started
    started.runtime.stopping.set()
    started.thread.join(WAIT_S)


def signal_event(symbol: str) -> BusEvent:
    now = iso(SYSTEM.wall_now())
    payload = {
        "signal_id": str(uuid.uuid4()),
        "strategy": "momentum",
        "symbol": symbol,
        "interval": "1m",
        "open_time": now,
        "side": "BUY",
        "momentum": "0.02",
        "strength": "1",
        "rank": 1,
        "universe_size": 5,
        "close": "10",
        "base_close": "9",
        "quote_volume": "1000",
        "expires_at": now,
    }
    return make("signals", payload, key=payload["signal_id"], producer="signal", occurred_at=SYSTEM.wall_now())


def alert_event() -> BusEvent:
    payload = {
        "alert_id": str(uuid.uuid4()),
        "code": "FEED_SILENT",
        "level": "CRITICAL",
        "state": "RAISED",
        "params": {"age_s": 31},
        "raised_at": iso(SYSTEM.wall_now()),
        "version": 1,
    }
    return make("alerts", payload, key=payload["alert_id"], producer="bus", occurred_at=SYSTEM.wall_now())


def add(valkey: Any, event: BusEvent) -> bytes:
    entry: bytes = valkey.xadd(topic(event.topic).key, {"e": encode(event)})
    return entry


def test_every_signal_reaches_a_batch_once_and_in_order(valkey: Any, running: Running) -> None:
    for number in range(50):
        add(valkey, signal_event(f"S{number}"))

    running.wait(lambda: len(running.rows("signals")) >= 50)

    assert [row["symbol"] for row in running.rows("signals")] == [f"S{number}" for number in range(50)]


def test_an_order_does_not_wait_for_the_batch_of_everything_else(running: Running) -> None:
    running.feed.put("quotes", {"symbol": "AAAUSDT", "last": "1"})
    usual_s = running.reader._gap_s
    running.feed.put("orders", {"order_id": "o", "version": 1})

    assert running.reader._gap_s < usual_s / 3


def test_what_lacks_a_field_is_counted_and_skipped(valkey: Any, running: Running) -> None:
    event = signal_event("SHORTUSDT")
    body = json.loads(encode(event))
    del body["payload"]["symbol"]
    valkey.xadd(topic("signals").key, {"e": json.dumps(body)})
    add(valkey, signal_event("WHOLEUSDT"))

    running.wait(lambda: running.rows("signals"))

    assert [row["symbol"] for row in running.rows("signals")] == ["WHOLEUSDT"]


def test_an_alert_is_a_row_in_words_and_is_told(valkey: Any, running: Running) -> None:
    event = alert_event()
    add(valkey, event)

    running.wait(lambda: running.toasts)
    running.wait(lambda: running.rows("alerts"))

    assert running.rows("alerts")[0]["text"] == "No market data for 31 s."
    assert running.rows("alerts")[0]["text_de"] == "Seit 31 s keine Marktdaten."
    assert running.toasts[0].event_id == event.event_id


def test_an_unreadable_entry_is_passed_over(valkey: Any, running: Running) -> None:
    valkey.xadd(topic("signals").key, {"e": b"not json"})
    add(valkey, signal_event("AFTER"))

    running.wait(lambda: running.rows("signals"))

    assert [row["symbol"] for row in running.rows("signals")] == ["AFTER"]


def test_entries_trimmed_before_they_were_read_begin_a_new_epoch(valkey: Any, running: Running) -> None:
    add(valkey, signal_event("SEEN"))
    running.wait(lambda: running.rows("signals"))
    epoch = running.feed.epoch

    # One round trip adds an entry, removes it, and adds another: the reader sees only the last.
    pipeline = valkey.pipeline(transaction=True)
    key = topic("signals").key
    pipeline.xadd(key, {"e": encode(signal_event("LOST"))})
    pipeline.xtrim(key, maxlen=0, approximate=False)
    pipeline.xadd(key, {"e": encode(signal_event("LAST"))})
    pipeline.execute()

    running.wait(lambda: running.feed.epoch != epoch)


def test_a_reader_that_starts_knows_the_latest_quotes_and_marks(valkey: Any) -> None:
    now = iso(SYSTEM.wall_now())
    quote = {"symbol": "AAA", "bid": "1", "ask": "1", "last": "1", "event_at": now, "received_at": now}
    latest.store_quotes([quote])
    started = Running()

    started.thread.start()
    started.wait(lambda: started.feed.latest()["quotes"])

    assert started.feed.latest()["quotes"] == [quote]
    started.runtime.stopping.set()
    started.thread.join(WAIT_S)


def test_nobody_looks_and_only_heartbeats_are_read(valkey: Any) -> None:
    started = Running()
    started.audience.watching(0)
    started.audience._until_s = float("-inf")
    started.thread.start()
    latest.publish("health", heartbeat(), producer="risk", occurred_at=SYSTEM.market_now())
    add(valkey, signal_event("UNSEEN"))

    started.wait(lambda: [row["service"] for row in started.feed.latest()["health"]] == ["risk"])

    assert not started.rows("signals")
    assert not started.reader.positions
    started.runtime.stopping.set()
    started.thread.join(WAIT_S)


def test_who_comes_meets_a_whole_picture_at_once(valkey: Any) -> None:
    started = Running()
    started.audience.watching(0)
    started.audience._until_s = float("-inf")
    started.thread.start()
    started.wait(lambda: started.runtime.progress.awaited == [] and not started.audience._all_fresh.is_set())
    now = iso(SYSTEM.wall_now())
    quote = {"symbol": "AAA", "bid": "1", "ask": "1", "last": "1", "event_at": now, "received_at": now}
    latest.publish_quotes([quote], producer="ws", occurred_at=SYSTEM.market_now())
    epoch = started.feed.epoch

    started.audience.watching(1)

    assert started.audience.wait_fresh()
    assert started.feed.latest()["quotes"] == [quote]
    assert started.beginnings == [(started.feed.epoch, started.feed.flushed_seq)]
    assert started.feed.epoch != epoch
    add(valkey, signal_event("SEEN"))
    started.wait(lambda: started.rows("signals"))
    started.runtime.stopping.set()
    started.thread.join(WAIT_S)


def heartbeat() -> dict[str, Any]:
    runtime = Runtime(service=service("risk"), environment=settings.ENVIRONMENT, instance="1")
    return payload(runtime)

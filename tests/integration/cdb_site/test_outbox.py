"""The unit of work: rows, events and doorbells together or not at all, whatever Redis does meanwhile."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection

from cdb_site.bus import models, outbox, streams
from cdb_site.bus import redis as bus_redis
from cdb_site.bus.events import decode
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.bus.relay import relay_once
from cdb_site.bus.schema import InvalidEvent
from cdb_site.local.servers import Servers
from cdb_site.local.valkey import ValkeyServer
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def attempt(event_id: str) -> models.DeliveryAttempt:
    return models.DeliveryAttempt.objects.create(topic="gossip", group="any", entry_id=event_id, attempts=1)


@pytest.fixture
def private_valkey(tmp_path: Path, servers: Servers, unused_tcp_port: int) -> Any:
    assert servers.valkey is not None
    server = ValkeyServer(
        data=tmp_path / "valkey",
        log=tmp_path / "log",
        port=unused_tcp_port,
        password="private",
        program=servers.valkey.program,
    )
    server.start()
    yield server
    server.stop()


def point_bus_at(monkeypatch: pytest.MonkeyPatch, *, port: int, password: str = "", timeout_s: float = 0.3) -> Any:
    """The bus's own client, but of another server."""
    client = bus_redis.connect()
    client.connection_pool.connection_kwargs.update(
        port=port, password=password, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
    )
    monkeypatch.setattr(streams, "redis_connection", lambda: client)
    return client


def test_the_row_its_event_and_its_outbox_entry_are_committed_before_anything_is_sent(
    gossip: Gossip, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        outbox, "send",
        lambda events, taken, bodies: seen.append((
            connection.in_atomic_block, models.DeliveryAttempt.objects.count(), models.Event.objects.count(),
            models.Outbox.objects.count(),
        )) or [],
    )  # fmt: skip

    with outbox.unit_of_work("test") as unit:
        attempt("1")
        unit.emit("gossip", {"word": "hello"}, key="1", occurred_at=NOW)

    assert seen == [(False, 1, 1, 1)]


def test_once_sent_the_outbox_is_empty_and_the_message_is_the_stored_event(gossip: Gossip) -> None:
    [event] = gossip.say("hello")

    assert models.Outbox.objects.count() == 0
    assert [decode(body) for body in gossip.sent()] == [event]
    assert outbox.stored_events([event.event_id]) == [event]


def test_a_rollback_leaves_nothing_and_sends_nothing(gossip: Gossip) -> None:
    with pytest.raises(ZeroDivisionError), outbox.unit_of_work("test") as unit:
        attempt("1")
        unit.emit("gossip", {"word": "hello"}, key="1", occurred_at=NOW)
        raise ZeroDivisionError

    rows = models.DeliveryAttempt.objects.count(), models.Event.objects.count(), models.Outbox.objects.count()
    assert (rows, gossip.sent(), outbox.current_unit()) == ((0, 0, 0), [], None)


def test_an_invalid_event_rolls_its_unit_back(gossip: Gossip) -> None:
    with pytest.raises(InvalidEvent, match="word"), outbox.unit_of_work("test") as unit:
        attempt("1")
        unit.emit("gossip", {}, key="1", occurred_at=NOW)

    assert models.DeliveryAttempt.objects.count() == 0


def test_events_of_a_unit_are_sent_in_the_order_they_were_said(gossip: Gossip) -> None:
    words = [f"word {number}" for number in range(50)]

    gossip.say(*words)

    assert [decode(body).payload["word"] for body in gossip.sent()] == words


def test_the_same_key_twice_is_stored_once_and_rung_twice_with_one_id(gossip: Gossip) -> None:
    [first] = gossip.say("hello")
    [second] = gossip.say("hello")

    assert first.event_id == second.event_id
    assert models.Event.objects.count() == 1
    assert [decode(body).event_id for body in gossip.sent()] == [first.event_id] * 2
    assert models.Outbox.objects.count() == 0


def test_resending_rings_the_stored_event_unchanged(gossip: Gossip) -> None:
    [event] = gossip.say("hello")

    with outbox.unit_of_work("someone else") as unit:
        unit.resend([event.event_id])

    assert [decode(body) for body in gossip.sent()] == [event, event]
    assert models.Event.objects.count() == 1


def test_a_unit_inside_a_unit_is_the_current_one_until_it_ends(gossip: Gossip) -> None:
    with outbox.unit_of_work("outer") as outer:
        with outbox.unit_of_work("inner") as inner:
            assert outbox.current_unit() is inner
        assert outbox.current_unit() is outer
    assert outbox.current_unit() is None


def test_with_redis_away_the_rows_stay_and_the_relay_sends_them_later(
    gossip: Gossip, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    with monkeypatch.context() as away:
        point_bus_at(away, port=unused_tcp_port)
        [event] = gossip.say("hello")
    assert (models.Outbox.objects.count(), gossip.sent()) == (1, [])

    connection.cursor().execute("UPDATE outbox SET created_at = created_at - interval '2 seconds'")
    relayed = relay_once()

    assert relayed == 1
    assert [decode(body) for body in gossip.sent()] == [event]
    assert models.Outbox.objects.count() == 0


def test_a_frozen_redis_costs_a_producer_one_timeout_and_no_event(
    gossip: Gossip, private_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = point_bus_at(monkeypatch, port=private_valkey.port, password="private")
    gossip.say("before")
    private_valkey.freeze()
    started = time.monotonic()

    gossip.say("meanwhile")

    took_s = time.monotonic() - started
    private_valkey.thaw()
    assert took_s < 1.5, "one socket timeout of 0.3 s, not a series of retries"
    assert models.Outbox.objects.count() == 1
    assert client.xlen("cdb:gossip") >= 1


def test_a_redis_that_was_restarted_is_found_again_without_a_failure(
    gossip: Gossip, private_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = point_bus_at(monkeypatch, port=private_valkey.port, password="private", timeout_s=3)
    gossip.say("before")
    private_valkey.stop()
    private_valkey.start()

    gossip.say("after")

    assert models.Outbox.objects.count() == 0
    assert client.xlen("cdb:gossip") == 2


def test_a_full_redis_refuses_the_message_and_the_committed_work_stands(
    gossip: Gossip, private_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = point_bus_at(monkeypatch, port=private_valkey.port, password="private", timeout_s=3)
    client.config_set("maxmemory", 1)

    gossip.say("hello")

    assert (models.Event.objects.count(), models.Outbox.objects.count()) == (1, 1)


def test_the_bus_gives_a_closed_port_up_at_once(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    client = point_bus_at(monkeypatch, port=unused_tcp_port)
    started = time.monotonic()

    with pytest.raises(UNREACHABLE):
        client.ping()

    assert time.monotonic() - started < 1


def test_the_errors_that_mean_away_are_redis_errors() -> None:
    assert all(issubclass(kind, redis.exceptions.RedisError) for kind in UNREACHABLE)


def test_candles_may_commit_without_waiting_for_the_disk(gossip: Gossip) -> None:
    def setting() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return str(cursor.fetchone()[0])

    with outbox.unit_of_work("test", durable_commit=False):
        inside = setting()
    with outbox.unit_of_work("test"):
        durable = setting()

    assert (inside, durable, setting()) == ("off", "on", "on")


def said(gossip: Gossip) -> list[str]:
    return [decode(body).payload["word"] for body in gossip.sent()]


def test_what_a_block_says_waits_for_what_follows_it_and_is_told_first(gossip: Gossip) -> None:
    told_before: list[list[str]] = []

    def answer() -> None:
        told_before.append(said(gossip))
        gossip.say("answer")

    with outbox.afterwards_at_end(), outbox.unit_of_work("test") as unit:
        unit.emit("gossip", {"word": "question"}, key="question", occurred_at=NOW)
        unit.then(answer)

    assert told_before == [[]]
    assert said(gossip) == ["question", "answer"]
    assert models.Outbox.objects.count() == 0


def test_what_a_block_says_is_told_although_what_follows_it_fails(gossip: Gossip) -> None:
    with pytest.raises(ZeroDivisionError), outbox.afterwards_at_end(), outbox.unit_of_work("test") as unit:
        unit.emit("gossip", {"word": "question"}, key="question", occurred_at=NOW)
        unit.then(lambda: 1 // 0)

    assert said(gossip) == ["question"]

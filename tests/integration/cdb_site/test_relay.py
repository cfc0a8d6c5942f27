"""The relay sends what was left in the outbox: all of it, once per relay, whatever the order of ids."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from cdb_site.alerts.models import Alert
from cdb_site.bus import models, outbox, relay, streams
from cdb_site.bus.events import decode
from cdb_site.bus.runtime import Runtime
from cdb_site.services import service
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def left_over(gossip: Gossip, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say words whose doorbell never rings; older than the second that is left to their writer."""

    def leave(*words: str, age_s: float = 2.0) -> None:
        with monkeypatch.context() as silent:
            silent.setattr(outbox, "_tell", lambda units: None)
            gossip.say(*words)
        ids = [models.Event.objects.get(payload={"word": word}).event_id for word in words]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE outbox SET created_at = now() - make_interval(secs => %s) WHERE event_ids && %s::uuid[]",
                [age_s, ids],
            )

    return leave


def words(gossip: Gossip) -> list[str]:
    return [decode(body).payload["word"] for body in gossip.sent()]


def test_what_is_left_is_sent_and_forgotten(gossip: Gossip, left_over: Any) -> None:
    left_over("one", "two")

    assert relay.relay_once() == 2
    assert sorted(words(gossip)) == ["one", "two"]
    assert relay.relay_once() == 0
    assert models.Outbox.objects.count() == 0


def test_fresh_rows_are_left_to_their_writer(gossip: Gossip, left_over: Any) -> None:
    left_over("fresh", age_s=0)

    assert relay.relay_once() == 0
    assert models.Outbox.objects.count() == 1


@pytest.fixture
def rows_come_by_their_ids() -> Iterator[None]:
    """What the planner may choose any day: rows are found in the order of their ids, not of their storing."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        yield
        cursor.execute("RESET enable_seqscan; RESET enable_bitmapscan")


def test_what_was_said_first_goes_first_within_and_between_transactions(
    gossip: Gossip, left_over: Any, rows_come_by_their_ids: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)
    said = [f"word {number}" for number in range(40)]
    for first in range(0, 40, 4):
        left_over(*said[first : first + 4])

    while relay.relay_once():
        pass

    assert words(gossip) == said


def test_an_event_of_an_unknown_topic_is_parked_with_an_alert_and_the_others_are_sent(
    gossip: Gossip, left_over: Any
) -> None:
    left_over("before", "stranger", "after")
    stranger = models.Event.objects.get(payload={"word": "stranger"}).event_id
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; UPDATE event SET topic = 'abolished' WHERE payload->>'word' ="
            " 'stranger'; SET session_replication_role = origin"
        )

    relay.relay_once()

    [letter] = models.DeadLetter.objects.all()
    [alert] = Alert.objects.all()
    assert words(gossip) == ["before", "after"]
    assert (letter.topic, letter.group, letter.entry_id, letter.state) == (
        "abolished",
        "relay",
        str(stranger),
        "PARKED",
    )
    assert (alert.code, alert.key) == ("SYSTEM_DEAD_LETTER", "abolished")
    assert not models.Outbox.objects.exists()


def test_an_event_that_cannot_be_written_is_parked_and_the_others_are_sent(gossip: Gossip, left_over: Any) -> None:
    left_over("before", "huge", "after")
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; UPDATE event SET"
            " payload = jsonb_build_object('word', 1e30::numeric) WHERE payload->>'word' = 'huge';"
            " SET session_replication_role = origin"
        )

    relay.relay_once()

    assert words(gossip) == ["before", "after"]
    assert models.DeadLetter.objects.get().state == "PARKED"


def test_a_stream_of_the_wrong_kind_stops_no_other(gossip: Gossip, left_over: Any) -> None:
    left_over("misplaced")
    gossip.client.set("cdb:gossip", "not a stream")

    relay.relay_once()

    assert "WRONGTYPE" in models.DeadLetter.objects.get().error
    assert gossip.client.xlen("cdb:alerts") == 1


def test_while_redis_is_away_the_rows_stay(
    gossip: Gossip, left_over: Any, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    left_over("one")
    with monkeypatch.context() as away:
        from cdb_site.bus import redis as bus_redis

        client = bus_redis.connect()
        client.connection_pool.connection_kwargs["port"] = unused_tcp_port
        away.setattr(streams, "redis_connection", lambda: client)
        with pytest.raises(bus_redis.UNREACHABLE):
            relay.relay_once()

    assert models.Outbox.objects.count() == 1
    assert relay.relay_once() == 1


def test_rows_another_relay_holds_are_skipped_and_not_waited_for(gossip: Gossip, left_over: Any) -> None:
    left_over("held")
    left_over("free")
    held = models.Event.objects.get(payload={"word": "held"}).event_id
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(models.Outbox.objects.select_for_update().filter(event_ids=[held]))
            locked.set()
            done.wait(10)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    locked.wait(10)
    sent = relay.relay_once()
    done.set()
    other.join(10)

    assert (sent, words(gossip)) == (1, ["free"])
    assert [row.event_ids for row in models.Outbox.objects.all()] == [[held]]


def test_the_hosted_relay_turns_until_it_is_stopped(
    gossip: Gossip, left_over: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_over("one")
    runtime = Runtime(service=service("signal_gen"), environment=settings.ENVIRONMENT, instance="1")
    monkeypatch.setattr(Runtime, "pause", lambda self, seconds: self.stopping.set())

    relay.Relay(runtime).run()

    assert words(gossip) == ["one"]
    assert runtime.progress.slowest()[0] == "relay"


def test_a_full_redis_parks_nothing_and_everything_arrives_when_there_is_room(gossip: Gossip, left_over: Any) -> None:
    left_over("one", "two")
    said = list(models.Event.objects.order_by("sequence").values_list("event_id", flat=True))
    before = gossip.client.config_get("maxmemory")["maxmemory"]
    gossip.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            relay.relay_once()
    finally:
        gossip.client.config_set("maxmemory", before)
    assert (models.Outbox.objects.get().event_ids, models.DeadLetter.objects.count()) == (said, 0)

    relay.relay_once()

    assert words(gossip) == ["one", "two"]

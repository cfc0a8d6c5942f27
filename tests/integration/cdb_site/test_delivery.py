"""One micro-batch: it takes effect, or the one entry that hurts is found, bounded and buried."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest
from django.db import connection, transaction

from cdb_site.alerts.models import Alert
from cdb_site.bus.delivery import MAX_ATTEMPTS, BackingServerAway
from cdb_site.bus.events import BusEvent, encode
from cdb_site.bus.models import Consumption, DeadLetter, DeliveryAttempt
from cdb_site.logs import JsonFormatter
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)


def dead_letters() -> list[tuple[str, str, int]]:
    return list(DeadLetter.objects.order_by("id").values_list("state", "error", "attempts"))


def changed(event: BusEvent, **changes: Any) -> bytes:
    return json.dumps(json.loads(encode(event)) | changes).encode()


def test_only_the_poison_event_is_given_up_and_its_neighbours_take_effect(gossip: Gossip) -> None:
    words = [f"word {number}" for number in range(9)]
    gossip.fail_on["word 4"] = ValueError("bad taste")
    reader = gossip.reader()
    gossip.say(*words)

    reader.turn()

    assert sorted(gossip.words) == sorted(set(words) - {"word 4"})
    assert dead_letters() == [("OPEN", "ValueError: bad taste", MAX_ATTEMPTS)]
    assert gossip.pending() == 0
    assert gossip.died == [("word 4", "ValueError: bad taste")]


def test_neighbours_are_not_tried_alone(gossip: Gossip) -> None:
    gossip.fail_on["word 4"] = ValueError("bad taste")
    reader = gossip.reader()
    gossip.say(*[f"word {number}" for number in range(9)])

    reader.turn()

    assert DeliveryAttempt.objects.count() == 1


def test_an_event_that_fails_now_and_then_takes_effect_in_the_end(gossip: Gossip) -> None:
    failures = [ValueError("not yet")] * 3

    def handler(events: list[BusEvent]) -> None:
        if failures:
            raise failures.pop()
        gossip.handler(events)

    reader = gossip.reader(handler=handler)
    gossip.say("patience")

    reader.turn()

    assert (gossip.words, dead_letters()) == (["patience"], [])


def test_a_batch_that_fails_leaves_none_of_its_rows(gossip: Gossip) -> None:
    from cdb_site.bus import outbox

    def handler(events: list[BusEvent]) -> None:
        with outbox.unit_of_work("listener"):
            for event in events:
                Consumption.objects.create(group="listener", event_id=event.event_id)
                if event.payload["word"] == "bad":
                    raise ValueError("half done")

    reader = gossip.reader(handler=handler)
    good, _, also_good = gossip.say("good", "bad", "also good")

    reader.turn()

    stored = {str(row.event_id) for row in Consumption.objects.all()}
    assert stored == {good.event_id, also_good.event_id}


def test_a_dead_letter_raises_one_alert_however_many_follow(gossip: Gossip) -> None:
    gossip.fail_on |= {"bad": ValueError("1"), "worse": ValueError("2")}
    reader = gossip.reader()
    gossip.say("bad", "worse")

    reader.turn()

    [alert] = Alert.objects.all()
    assert (alert.code, alert.level, alert.count) == ("SYSTEM_DEAD_LETTER", "CRITICAL", 2)
    assert alert.params["topic"] == "gossip"


def test_a_settlement_that_fails_itself_does_not_stop_the_consumer(gossip: Gossip) -> None:
    gossip.fail_on["bad"] = ValueError("bad taste")
    reader = gossip.reader()
    [delivery] = reader.deliveries.values()
    object.__setattr__(delivery.consumer, "on_dead", lambda event, error: 1 / 0)
    gossip.say("bad", "good")

    reader.turn()

    assert (gossip.words, gossip.pending(), len(dead_letters())) == (["good"], 0, 1)


UNREADABLE = {
    "malformed JSON": b'{"event_id": ',
    "no JSON at all": b"hello",
    "undecodable bytes": b"\xff\xfe\x00\x01",
    "an empty message": b"",
    "a list": b"[]",
    "a version with five thousand digits": b'{"schema_version": "' + b"9" * 5000 + b'.0"}',
    "a megabyte of nothing": b"[" * 1_000_000,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_buried_at_once_and_hurts_nobody(gossip: Gossip, body: bytes) -> None:
    reader = gossip.reader()
    gossip.say("before")
    gossip.send_raw(body)
    gossip.say("after")

    reader.turn()

    assert gossip.words == ["before", "after"]
    assert [(state, attempts) for state, _, attempts in dead_letters()] == [("OPEN", 1)]
    assert len(DeadLetter.objects.get().body) <= 100_000
    assert gossip.pending() == 0


@pytest.mark.parametrize(("changes", "says"), [
    ({"topic": "nonsense"}, "nonsense: topic has no definition"),
    ({"topic": "non\x00sense"}, "topic"),
    ({"topic": "market_data"}, "market_data"),
    ({"payload": {}}, "word"),
    ({"payload": {"word": 1}}, "word"),
    ({"event_id": "7"}, "event_id"),
])  # fmt: skip
def test_an_invalid_event_is_buried_naming_what_is_wrong(gossip: Gossip, changes: dict[str, Any], says: str) -> None:
    reader = gossip.reader()
    [event] = gossip.say("template")
    reader.turn()
    gossip.send_raw(changed(event, **changes))
    gossip.say("after")

    reader.turn()

    [(state, error, _)] = dead_letters()
    assert (state, gossip.words) == ("OPEN", ["template", "after"])
    assert says in error


def test_an_event_of_another_topic_on_this_stream_is_buried(gossip: Gossip) -> None:
    reader = gossip.reader()
    [event] = gossip.say("template")
    reader.turn()
    gossip.send_raw(changed(event, topic="market_data.quotes", payload={"quotes": []}))

    reader.turn()

    assert "is 'market_data.quotes' on the stream of 'gossip'" in dead_letters()[0][1]


def test_a_newer_major_version_is_parked(gossip: Gossip) -> None:
    reader = gossip.reader()
    [event] = gossip.say("template")
    gossip.send_raw(changed(event, schema_version="2.0", payload={"quite": "different"}))

    reader.turn()

    assert dead_letters() == [("PARKED", "schema version 2.0 is newer", 1)]
    assert gossip.words == ["template"]


def test_the_same_entry_is_buried_once_however_often_it_comes(gossip: Gossip) -> None:
    reader = gossip.reader()
    [entry_id] = gossip.send_raw(b"hello")
    from cdb_site.bus.delivery import Entry

    [delivery] = reader.deliveries.values()
    for _ in range(3):
        delivery.again(Entry(entry_id, b"hello"))

    assert len(dead_letters()) == 1


def test_an_attempt_is_committed_before_it_is_made(gossip: Gossip) -> None:
    seen = []

    def handler(events: list[BusEvent]) -> None:
        seen.append((connection.in_atomic_block, list(DeliveryAttempt.objects.values_list("attempts", flat=True))))
        raise ValueError("bad taste")

    reader = gossip.reader(handler=handler)
    gossip.say("bad")

    reader.turn()

    assert seen == [(False, []), *[(False, [attempt]) for attempt in range(1, MAX_ATTEMPTS + 1)]]


DETERMINISTIC = {
    "a statement that always takes too long": "SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)",
    "too many arguments": "SELECT jsonb_build_array(" + ", ".join(["1"] * 200) + ")",
}


@pytest.mark.parametrize("statement", DETERMINISTIC.values(), ids=DETERMINISTIC)
def test_a_failure_that_comes_again_with_its_event_does_not_block_the_group(gossip: Gossip, statement: str) -> None:
    def handler(events: list[BusEvent]) -> None:
        for event in events:
            if event.payload["word"] == "bad":
                with transaction.atomic(), connection.cursor() as cursor:
                    for part in statement.split(";"):
                        cursor.execute(part)
        gossip.handler(events)

    reader = gossip.reader(handler=handler)
    gossip.say("before", "bad", "after")

    reader.turn()

    assert sorted(gossip.words) == ["after", "before"]
    assert [(state, attempts) for state, _, attempts in dead_letters()] == [("OPEN", MAX_ATTEMPTS)]
    assert gossip.pending() == 0


def test_a_server_that_ended_the_session_is_waited_for(gossip: Gossip) -> None:
    def handler(events: list[BusEvent]) -> None:
        if not outages:
            return gossip.handler(events)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(outages.pop())
            time.sleep(0.3)
            cursor.execute("SELECT 1")

    outages = [
        "SET LOCAL idle_in_transaction_session_timeout = 50",
        "SELECT pg_terminate_backend(pg_backend_pid())",
    ]
    reader = gossip.reader(handler=handler)
    gossip.say("patient")

    with pytest.raises(BackingServerAway):
        reader.turn()
    with pytest.raises(BackingServerAway):
        reader._start()
    reader._start()

    assert (gossip.words, dead_letters(), gossip.pending()) == (["patient"], [], 0)


def test_a_line_logged_while_an_event_is_at_work_names_its_chain_and_of_several_none(gossip: Gossip) -> None:
    formatter, chains = JsonFormatter(), []

    def handler(events: list[BusEvent]) -> None:
        record = logging.makeLogRecord({"msg": "at work"})
        chains.append((len(events), json.loads(formatter.format(record))["correlation_id"]))

    reader = gossip.reader(handler=handler)
    (alone,) = gossip.say("one")
    reader.turn()
    gossip.say("two", "three")
    reader.turn()

    assert chains == [(1, alone.correlation_id), (2, None)]

"""The reader of a consumer group: at least once to the handler, acknowledged only after it, through every restart."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from cdb_site.bus import consumer as consumer_module
from cdb_site.bus import outbox, registry, schema
from cdb_site.bus.consumer import GroupReader, group_lag, stream_entries
from cdb_site.bus.delivery import MAX_ATTEMPTS, BackingServerAway
from cdb_site.bus.events import BusEvent
from cdb_site.bus.models import DeadLetter
from cdb_site.bus.registry import consumers_of, consumes
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.topics import TOPICS, Topic, register
from cdb_site.services import Service
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]


def test_a_batch_comes_to_the_handler_at_once_and_in_order(gossip: Gossip) -> None:
    reader = gossip.reader()
    gossip.say("one", "two", "three")

    reader.turn()

    assert gossip.heard == [["one", "two", "three"]]
    assert (gossip.pending(), reader.runtime.progress.processed) == (0, 3)


def test_nothing_is_acknowledged_before_the_handler_has_returned(gossip: Gossip) -> None:
    pending = []
    reader = gossip.reader(handler=lambda events: pending.append(gossip.pending()))
    gossip.say("one", "two")

    reader.turn()

    assert (pending, gossip.pending()) == ([2], 0)


def test_what_was_said_before_the_group_existed_is_read_too(gossip: Gossip) -> None:
    gossip.say("early")

    gossip.reader().turn()

    assert gossip.words == ["early"]


def test_a_worker_that_comes_back_finishes_its_own_pending_entries_first(gossip: Gossip) -> None:
    died = gossip.reader()
    gossip.say("one", "two")
    died.client.xreadgroup("listener", died.name, {"cdb:gossip": ">"})
    gossip.say("three")

    back = gossip.reader()
    heard_on_start = list(gossip.words)
    back.turn()

    assert heard_on_start == ["one", "two"]
    assert (gossip.words, gossip.pending()) == (["one", "two", "three"], 0)


def test_entries_of_a_consumer_that_never_returned_are_claimed(gossip: Gossip, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = gossip.reader(instance="dead")
    gossip.say("one", "two")
    dead.client.xreadgroup("listener", dead.name, {"cdb:gossip": ">"})
    monkeypatch.setattr(consumer_module, "CLAIM_IDLE_MS", 0)

    gossip.reader(instance="2").turn()

    assert (gossip.words, gossip.pending()) == (["one", "two"], 0)


def test_entries_of_a_consumer_still_at_work_are_left_to_it(gossip: Gossip) -> None:
    busy = gossip.reader(instance="busy")
    gossip.say("one")
    busy.client.xreadgroup("listener", busy.name, {"cdb:gossip": ">"})

    gossip.reader(instance="2").turn()

    assert (gossip.words, gossip.pending()) == ([], 1)


def test_a_claimed_entry_without_a_message_is_a_dead_letter(gossip: Gossip, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = gossip.reader(instance="dead")
    gossip.client.xadd("cdb:gossip", {"not": "e"})
    dead.client.xreadgroup("listener", dead.name, {"cdb:gossip": ">"})
    monkeypatch.setattr(consumer_module, "CLAIM_IDLE_MS", 0)

    gossip.reader(instance="2").turn()

    assert (DeadLetter.objects.count(), gossip.pending()) == (1, 0)


def test_pending_entries_that_were_trimmed_meanwhile_are_let_go(gossip: Gossip) -> None:
    died = gossip.reader()
    gossip.say("one")
    died.client.xreadgroup("listener", died.name, {"cdb:gossip": ">"})
    gossip.client.xtrim("cdb:gossip", maxlen=0, approximate=False)

    gossip.reader()

    assert (gossip.words, gossip.pending()) == ([], 0)


def test_what_the_service_has_taken_in_line_is_acknowledged_unread(gossip: Gossip) -> None:
    reader = gossip.reader()
    with outbox.unit_of_work("test") as unit:
        for word in ("taken", "told"):
            event = unit.emit("gossip", {"word": word}, key=word, occurred_at=datetime.now(UTC))
            if word == "taken":
                unit.take(event, "listener")

    reader.turn()

    assert (gossip.words, gossip.pending(), len(gossip.sent())) == (["told"], 0, 2)


def test_what_another_service_has_taken_is_read(gossip: Gossip) -> None:
    reader = gossip.reader()
    with outbox.unit_of_work("test") as unit:
        unit.take(unit.emit("gossip", {"word": "one"}, key="one", occurred_at=datetime.now(UTC)), "somebody")

    reader.turn()

    assert gossip.words == ["one"]


def test_two_workers_of_one_group_share_the_entries(gossip: Gossip) -> None:
    first, second = gossip.reader(instance="1"), gossip.reader(instance="2")
    gossip.say("one")
    first.turn()
    gossip.say("two")
    second.turn()
    first.turn()

    assert gossip.heard == [["one"], ["two"]]


def test_a_group_is_made_again_after_redis_came_back_empty(gossip: Gossip, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = gossip.reader()
    gossip.say("before")
    reader.turn()
    gossip.client.flushall()
    gossip.say("after")
    monkeypatch.setattr(consumer_module, "RETRY_S", 0.01)
    monkeypatch.setattr(reader, "turn", stopping_after(reader, turns=2))

    reader.run()

    assert gossip.words == ["before", "after"]


def stopping_after(reader: GroupReader, *, turns: int) -> Any:
    """The reader's turn, which stops the reader after that many tries."""
    turn, left = reader.turn, [turns]

    def counted() -> None:
        left[0] -= 1
        if not left[0]:
            reader.runtime.stopping.set()
        turn()

    return counted


def test_an_outage_acknowledges_nothing_and_gives_up_nothing_however_long_it_lasts(gossip: Gossip) -> None:
    outage = [OperationalError("away")] * (MAX_ATTEMPTS + 3)

    def handler(events: list[BusEvent]) -> None:
        if outage:
            raise outage.pop()
        gossip.handler(events)

    reader = gossip.reader(handler=handler)
    gossip.say("one", "two")
    with pytest.raises(BackingServerAway):
        reader.turn()
    pending_meanwhile = gossip.pending()
    while outage:
        with pytest.raises(BackingServerAway):
            reader._start()
    reader._start()

    assert pending_meanwhile == 2
    assert (gossip.words, gossip.pending(), DeadLetter.objects.count()) == (["one", "two"], 0, 0)


def test_lag_counts_what_is_unread_and_what_is_not_acknowledged(gossip: Gossip) -> None:
    reader = gossip.reader()
    gossip.say("one", "two", "three")
    reader.client.xreadgroup("listener", reader.name, {"cdb:gossip": ">"}, count=1)

    assert group_lag(gossip.client, "cdb:gossip", "listener") == 3
    assert group_lag(gossip.client, "cdb:gossip", "nobody") == 0


@pytest.mark.parametrize("response", [
    [[b"cdb:x", [(b"1-0", {b"e": b"body"}), (b"2-0", None), (b"3-0", {b"f": b"?"})]]],
    {b"cdb:x": [[(b"1-0", {b"e": b"body"}), (b"2-0", None), (b"3-0", {b"f": b"?"})]]},
])  # fmt: skip
def test_both_spellings_of_a_reply_are_read(response: Any) -> None:
    assert stream_entries(response) == [("cdb:x", [("1-0", b"body"), ("2-0", None), ("3-0", b"")])]


@pytest.mark.parametrize("response", [None, [], {}])
def test_a_reply_without_entries_is_empty(response: Any) -> None:
    assert stream_entries(response) == []


WORKERS = """
import os
import django; django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {database!r}
from cdb_site.bus import schema
from cdb_site.bus.topics import Topic, register
from cdb_site.bus.redis import connection
from tests.integration.cdb_site.bus_fixtures import PAYLOAD, Gossip
register(Topic(name="gossip", producers=("test",), consumers=("listener",)))
schema.define("gossip", PAYLOAD)

def live():
    def handler(events):
        if any(event.payload["word"] == "deadly" for event in events):
            os.kill(os.getpid(), 9)
        print("HEARD", *[event.payload["word"] for event in events], flush=True)
    Gossip(client=connection()).reader(handler=handler).turn()
    os._exit(0)

status = 9
while status == 9:
    worker = os.fork() or live()
    status = os.waitpid(worker, 0)[1]
    print("ENDED", status, flush=True)
"""


def test_an_entry_that_kills_its_worker_is_given_up_and_its_neighbours_take_effect(gossip: Gossip) -> None:
    """One process after the other, each killed with signal 9 by the entry, until one lives."""
    gossip.say("before", "deadly", "after")
    code = WORKERS.format(database=connection.settings_dict["NAME"])

    workers = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, cwd=ROOT, check=True, timeout=60
    )

    said = [line for line in workers.stdout.splitlines() if line.startswith(("HEARD", "ENDED"))]
    alone = ["ENDED 9"] * MAX_ATTEMPTS
    assert said == ["ENDED 9", "HEARD before", *alone, "HEARD after", "ENDED 0"]
    assert [letter.error for letter in DeadLetter.objects.all()] == ["failed 5 times or ended its worker"]
    assert gossip.pending() == 0


@pytest.fixture
def restored_tables() -> Any:
    yield
    TOPICS.pop("weather", None)
    schema._defined.pop("weather", None)
    registry.CONSUMERS.pop(("forecaster", "weather"), None)


def test_a_topic_and_its_consumer_are_fifteen_lines(valkey: Any, restored_tables: None) -> None:
    heard = []
    register(Topic(name="weather", producers=("test",), consumers=("forecaster",)))
    schema.define("weather", {"type": "object", "properties": {"sky": {"type": "string"}}, "required": ["sky"]})

    @consumes("weather", service="forecaster")
    def forecast(events: list[BusEvent]) -> None:
        heard.extend(event.payload["sky"] for event in events)

    with outbox.unit_of_work("test") as unit:
        unit.emit("weather", {"sky": "clear"}, key="today", occurred_at=datetime(2026, 1, 2, tzinfo=UTC))
    service = Service(name="forecaster", container="", title="", kind="worker", port=None)
    reader = GroupReader(
        Runtime(service=service, environment=settings.ENVIRONMENT, instance="1"), consumers_of("forecaster")
    )
    reader._start()
    reader.turn()
    assert heard == ["clear"]

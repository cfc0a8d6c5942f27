"""Streams are cut to what is still needed. A Redis that is full comes back and takes everything, in order."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.db import connection

from cdb_site.alerts.models import Alert
from cdb_site.bus import models, relay, trimming
from cdb_site.bus.topics import TOPICS, Topic, register
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)
PADDING = "x" * 10_000


@pytest.fixture
def nobody_reads_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the margin for readers: only the groups decide what is kept."""
    monkeypatch.setattr(trimming, "READERS_BEHIND_S", -60)


def test_what_all_groups_have_finished_is_trimmed(gossip: Gossip, nobody_reads_along: None) -> None:
    reader = gossip.reader()
    gossip.say("one", "two", "three")
    reader.turn()

    trimming.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 1, "the position itself stays"


def test_what_the_slowest_group_still_needs_is_kept(gossip: Gossip, nobody_reads_along: None) -> None:
    register(Topic(name="gossip", producers=("test",), consumers=("listener", "sleeper")))
    reader = gossip.reader()
    gossip.say("one", "two", "three")
    reader.turn()

    trimming.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 3


def test_an_entry_that_is_still_pending_is_kept(gossip: Gossip, nobody_reads_along: None) -> None:
    reader = gossip.reader()
    gossip.say("pending", "done")
    reader.client.xreadgroup("listener", reader.name, {"cdb:gossip": ">"})
    newest = gossip.client.xrevrange("cdb:gossip", count=1)[0][0]
    gossip.client.xack("cdb:gossip", "listener", newest)

    trimming.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 2


def test_what_is_young_stays_for_readers_without_a_group(gossip: Gossip) -> None:
    reader = gossip.reader()
    gossip.say("one", "two", "three")
    reader.turn()

    trimming.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 3


def test_a_group_past_the_hard_cap_loses_doorbells_and_raises_an_alert(gossip: Gossip) -> None:
    register(Topic(name="gossip", producers=("test",), consumers=("listener",), cap=2))
    gossip.reader()
    gossip.say("one", "two", "three")

    trimming.trim_streams()

    [alert] = Alert.objects.all()
    assert (alert.code, alert.level, alert.key) == ("SYSTEM_LAG_PAST_CAP", "CRITICAL", "gossip")
    assert gossip.client.xlen("cdb:gossip") == 2


def test_a_stream_without_groups_keeps_its_last_seconds_for_its_readers(gossip: Gossip) -> None:
    register(Topic(name="gossip", producers=("test",)))
    gossip.client.xadd("cdb:gossip", {"e": "of long ago"}, id="1-0")
    gossip.say("one", "two", "three")

    trimming.trim_streams()

    assert (gossip.client.xlen("cdb:gossip"), Alert.objects.count()) == (3, 0)


def test_a_stream_is_cut_at_its_bytes_whatever_its_entries(gossip: Gossip) -> None:
    register(Topic(name="gossip", producers=("test",), consumers=("listener",), cap_bytes=500_000))
    gossip.reader()
    gossip.say(*[f"{number} {PADDING}" for number in range(200)])

    trimming.trim_streams()

    assert gossip.client.memory_usage("cdb:gossip") <= 500_000
    assert gossip.client.xlen("cdb:gossip") > 20
    assert Alert.objects.get().code == "SYSTEM_LAG_PAST_CAP"


def test_a_latest_wins_stream_is_cut_at_its_bytes_too(gossip: Gossip) -> None:
    register(Topic(name="gossip", producers=("test",), durable=False, cap_bytes=500_000))
    for number in range(200):
        gossip.client.xadd("cdb:gossip", {"e": f"{number} {PADDING}"})

    trimming.trim_streams()

    assert gossip.client.memory_usage("cdb:gossip") <= 500_000


@pytest.fixture
def room_for_a_megabyte(gossip: Gossip) -> Iterator[None]:
    """A Redis that refuses writes once another megabyte is used."""
    from cdb_site.local.valkey import MEMORY_MB

    used = int(gossip.client.info("memory")["used_memory"])
    gossip.client.config_set("maxmemory", used + 1_000_000)
    yield
    gossip.client.config_set("maxmemory", MEMORY_MB * 2**20)


def test_a_full_redis_comes_back_by_itself_and_takes_everything_in_order(
    gossip: Gossip, nobody_reads_along: None, room_for_a_megabyte: None
) -> None:
    reader = gossip.reader()
    said: list[str] = []
    while not models.Outbox.objects.exists():
        said.append(f"{len(said)} {PADDING}")
        gossip.say(said[-1])
    refused = [f"refused {number} {PADDING}" for number in range(5)]
    gossip.say(*refused)
    kept_while_full = sum(len(row.event_ids) for row in models.Outbox.objects.all())
    reader.turn()

    trimming.trim_streams()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbox SET created_at = now() - interval '2 seconds'")
    relay.relay_once()
    reader.turn()

    assert len(said) > 20
    assert kept_while_full == 1 + len(refused)
    assert gossip.words == said + refused
    assert not models.Outbox.objects.exists()


def test_a_service_that_starts_while_redis_is_full_reads_what_is_there(
    gossip: Gossip, room_for_a_megabyte: None
) -> None:
    gossip.reader()
    while not models.Outbox.objects.exists():
        gossip.say(f"{models.Event.objects.count()} {PADDING}")

    started_anew = gossip.reader()
    started_anew.turn()

    assert len(gossip.words) == models.Event.objects.count() - 1


def test_trimming_is_quick_with_every_real_topic(gossip: Gossip) -> None:
    started = time.monotonic()

    trimming.trim_streams()

    assert time.monotonic() - started < 2
    assert all(row.key for row in TOPICS.values())


def test_what_is_delivered_while_the_trimming_looks_is_kept(gossip: Gossip) -> None:
    reader = gossip.reader()
    gossip.say("done")
    reader.turn()
    gossip.say("in hand", "next")

    class Meanwhile:
        """Redis, with a delivery between the first look at the group and the second."""

        looks = 0

        def __getattr__(self, name: str) -> object:
            if name in ("xinfo_groups", "xpending"):
                self.looks += 1
                if self.looks == 2:
                    gossip.client.xreadgroup("listener", reader.name, {"cdb:gossip": ">"})
            return getattr(gossip.client, name)

    done, in_hand, _ = (name.decode() for name, _ in gossip.client.xrange("cdb:gossip"))
    needed = trimming._first_needed(Meanwhile(), TOPICS["gossip"], "listener")  # type: ignore[arg-type]

    assert gossip.pending() == 2
    assert needed in (done, in_hand)

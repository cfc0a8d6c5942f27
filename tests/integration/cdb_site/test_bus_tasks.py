"""The timed jobs of the bus: ring again what had no effect, and trim without taking what is still needed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cdb_site.alerts.models import Alert
from cdb_site.bus import tasks
from cdb_site.bus.registry import SWEEPS
from cdb_site.bus.topics import TOPICS, Topic, register
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unconsumed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Event ids of `gossip` that had no effect; the only sweep there is."""
    ids: list[str] = []
    monkeypatch.setattr("cdb_site.bus.tasks.SWEEPS", {"gossip": lambda: ids})
    yield ids


@pytest.fixture
def nobody_reads_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the margin for readers: only the groups decide what is kept."""
    monkeypatch.setattr(tasks, "READERS_BEHIND_S", -60)


def test_an_event_without_effect_is_rung_again(gossip: Gossip, unconsumed: list[str]) -> None:
    reader = gossip.reader()
    unconsumed += [event.event_id for event in gossip.say("lost")]
    reader.turn()

    assert tasks.sweep_unconsumed() == 1
    reader.turn()

    assert gossip.words == ["lost", "lost"]


def test_a_backlog_is_left_alone(gossip: Gossip, unconsumed: list[str]) -> None:
    gossip.reader()
    unconsumed += [event.event_id for event in gossip.say("waiting")]

    assert tasks.sweep_unconsumed() == 0
    assert gossip.client.xlen("cdb:gossip") == 1


def test_entries_still_being_worked_on_count_as_backlog(gossip: Gossip, unconsumed: list[str]) -> None:
    reader = gossip.reader()
    unconsumed += [event.event_id for event in gossip.say("in hand")]
    reader.client.xreadgroup("listener", reader.name, {"cdb:gossip": ">"})

    assert tasks.sweep_unconsumed() == 0


def test_an_event_is_rung_again_at_most_once_in_thirty_seconds(gossip: Gossip, unconsumed: list[str]) -> None:
    reader = gossip.reader()
    unconsumed += [event.event_id for event in gossip.say("lost")]
    reader.turn()
    tasks.sweep_unconsumed()
    reader.turn()

    assert tasks.sweep_unconsumed() == 0
    assert 25 < gossip.client.ttl(f"cdb:rung:{unconsumed[0]}") <= 30

    gossip.client.delete(f"cdb:rung:{unconsumed[0]}")
    assert tasks.sweep_unconsumed() == 1


def test_after_redis_came_back_empty_everything_without_effect_is_rung(gossip: Gossip, unconsumed: list[str]) -> None:
    unconsumed += [event.event_id for event in gossip.say("one", "two")]
    gossip.client.flushall()

    assert tasks.sweep_unconsumed() == 2
    gossip.reader().turn()

    assert sorted(gossip.words) == ["one", "two"]


def test_signals_and_orders_are_swept() -> None:
    import execution.tasks
    import risk.tasks

    assert SWEEPS["signals"] is risk.tasks.undecided
    assert SWEEPS["orders"] is execution.tasks.unclaimed_orders


def test_what_all_groups_have_finished_is_trimmed(gossip: Gossip, nobody_reads_along: None) -> None:
    reader = gossip.reader()
    gossip.say("one", "two", "three")
    reader.turn()

    tasks.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 1, "the position itself stays"


def test_what_the_slowest_group_still_needs_is_kept(gossip: Gossip, nobody_reads_along: None) -> None:
    register(Topic(name="gossip", producers=("test",), consumers=("listener", "sleeper")))
    reader = gossip.reader()
    gossip.say("one", "two", "three")
    reader.turn()

    tasks.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 3


def test_an_entry_that_is_still_pending_is_kept(gossip: Gossip, nobody_reads_along: None) -> None:
    reader = gossip.reader()
    gossip.say("pending", "done")
    reader.client.xreadgroup("listener", reader.name, {"cdb:gossip": ">"})
    newest = gossip.client.xrevrange("cdb:gossip", count=1)[0][0]
    gossip.client.xack("cdb:gossip", "listener", newest)

    tasks.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 2


def test_what_is_young_stays_for_readers_without_a_group(gossip: Gossip) -> None:
    reader = gossip.reader()
    gossip.say("one", "two", "three")
    reader.turn()

    tasks.trim_streams()

    assert gossip.client.xlen("cdb:gossip") == 3


def test_a_group_past_the_hard_cap_loses_doorbells_and_raises_an_alert(gossip: Gossip) -> None:
    register(Topic(name="gossip", producers=("test",), consumers=("listener",), cap=2))
    gossip.reader()
    gossip.say("one", "two", "three")

    tasks.trim_streams()

    [alert] = Alert.objects.all()
    assert (alert.code, alert.level, alert.key) == ("SYSTEM_LAG_PAST_CAP", "CRITICAL", "gossip")
    assert gossip.client.xlen("cdb:gossip") == 2


def test_streams_without_groups_are_cut_at_their_cap_only(gossip: Gossip) -> None:
    register(Topic(name="gossip", producers=("test",), cap=2))
    gossip.say("one", "two", "three")

    tasks.trim_streams()

    assert (gossip.client.xlen("cdb:gossip"), Alert.objects.count()) == (2, 0)


def test_trimming_is_quick_with_every_real_topic(gossip: Gossip) -> None:
    started = time.monotonic()

    tasks.trim_streams()

    assert time.monotonic() - started < 2
    assert all(gossip.client.exists(row.key) for row in TOPICS.values() if row.consumers)


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
    needed = tasks._first_needed(Meanwhile(), TOPICS["gossip"], "listener")  # type: ignore[arg-type]

    assert gossip.pending() == 2
    assert needed in (done, in_hand)

"""The timed job of the bus: ring again what had no effect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdb_site.bus import tasks
from cdb_site.bus.registry import SWEEPS
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unconsumed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Event ids of `gossip` that had no effect; the only sweep there is."""
    ids: list[str] = []
    monkeypatch.setattr("cdb_site.bus.tasks.SWEEPS", {"gossip": lambda: ids})
    yield ids


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

"""Signal, risk and execution in one process: one transaction to the claimed order, then the venue, then the fills.

And each of its breaks: at the gate, in a decision, between commit and venue, beside a second lane.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connections

import execution.gate
import execution.placing
import execution.queries
import risk.operations
import risk.tasks
import signals_app.operations
from cdb_site.alerts import operations as alerts
from cdb_site.bus import lane, models, outbox, registry
from cdb_site.bus.topics import topic
from cdb_site.db import select
from execution.models import Fill, Order
from execution.order_gateway import Desk
from risk.decision.requests import exit_of
from risk.models import Decision
from signals_app.models import Signal
from tests.builders import PAPER
from tests.integration.signals_app.engine_market import engine_at, heard, market, minute
from tests.integration.signals_app.lane_house import FALLS, RISES, Lane

__all__ = ["market"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lane]:
    with lane.hosting("signal", "risk", "execution"):
        yield Lane(tmp_path, monkeypatch)


def orders() -> list[tuple[str, str]]:
    return list(Order.objects.order_by("created_at").values_list("side", "state"))


def taken(valkey: Any, name: str) -> list[str]:
    return [fields.get(b"t", b"").decode() for _, fields in valkey.xrange(topic(name).key)]


def test_a_candle_becomes_a_fill_in_one_call_and_nothing_is_left_to_be_delivered(beside: Lane, valkey: Any) -> None:
    beside.close(3, RISES)
    beside.close(4, FALLS)

    assert orders() == [("BUY", "FILLED"), ("SELL", "FILLED")]
    assert (taken(valkey, "signals"), taken(valkey, "orders")) == (["risk"] * 2, ["execution"] * 2)
    assert taken(valkey, "decisions") == ["", ""]
    assert models.Outbox.objects.count() == 0


def test_the_watcher_beside_learns_of_a_fill_once_it_is_booked_and_reads_no_result_from_the_stream(
    beside: Lane, valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked_when_told: list[int] = []
    monkeypatch.setattr(
        risk.tasks.watch_desk(), "positions_changed", lambda: booked_when_told.append(Fill.objects.count())
    )

    beside.close(3, RISES)

    assert booked_when_told == [1]
    assert taken(valkey, "order_results") == ["risk"]


def test_signal_decision_and_claimed_order_are_one_transaction(beside: Lane) -> None:
    beside.close(3, RISES)

    [(signal, decision, order)] = select(
        """SELECT s.xmin::text, d.xmin::text, o.created_at = s.created_at
           FROM signal s JOIN decision d USING (signal_id) JOIN "order" o USING (order_id)"""
    )
    assert (signal, order) == (decision, True)
    claimed = Order.objects.get()
    assert claimed.claimed_at is not None
    assert claimed.gate_number is not None


def test_every_event_is_said_by_the_service_it_belongs_to_in_the_order_of_its_cause(beside: Lane) -> None:
    beside.close(3, RISES)

    said = models.Event.objects.filter(topic__in=["signals", "decisions", "orders", "order_results"])
    assert list(said.order_by("sequence").values_list("topic", "producer")) == [
        ("signals", "signal"), ("decisions", "risk"), ("orders", "risk"),
        ("order_results", "execution"),
    ]  # fmt: skip


def test_no_lock_is_held_and_nothing_is_open_while_the_venue_is_asked(
    beside: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool, int]] = []
    submit = beside.desk.venue.submit

    def watched(tickets: Any) -> Any:
        seen.append((connections["default"].in_atomic_block, beside.engine._lock.locked(), Order.objects.count()))
        return submit(tickets)

    monkeypatch.setattr(beside.desk.venue, "submit", watched)
    beside.close(3, RISES)

    assert seen == [(False, False, 1)]


def test_a_halt_that_comes_before_the_gate_lets_no_entry_pass_and_the_exit_goes(beside: Lane) -> None:
    beside.close(3, RISES)
    execution.gate.halt(PAPER, by="anna", reason="storm")

    beside.close(4, "A 90 B 102 C 100")

    assert orders() == [("BUY", "FILLED"), ("SELL", "FILLED")]
    assert Decision.objects.get(symbol="BUSDT").reason_code == "TRADING_HALTED"


def test_a_halt_between_the_decision_and_the_gate_is_seen_under_the_gate(
    beside: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is locked before the state is read: a halt that wants in between waits until the order is claimed."""
    waited: list[bool] = []

    def halt() -> None:
        execution.gate.halt(PAPER, by="anna", reason="storm")
        connections.close_all()

    halting = threading.Thread(target=halt)
    place = execution.placing.place

    def slowly(*arguments: Any) -> None:
        halting.start()
        halting.join(0.5)
        waited.append(halting.is_alive())
        place(*arguments)

    monkeypatch.setattr(execution.placing, "place", slowly)
    beside.close(3, RISES)
    halting.join(5)

    assert waited == [True]
    [halted_as] = [row[0] for row in select("SELECT max(id) FROM trading_state_change")]
    assert Order.objects.get().gate_number < halted_as


def test_what_cannot_be_decided_in_line_is_stored_all_the_same_and_decided_when_it_is_read(
    beside: Lane, monkeypatch: pytest.MonkeyPatch, valkey: Any
) -> None:
    monkeypatch.setattr(execution.placing, "place", lambda *_: 1 / 0)
    beside.close(3, RISES)
    assert (Signal.objects.count(), Decision.objects.count(), taken(valkey, "signals")) == (1, 0, [""])

    monkeypatch.undo()
    beside.use(monkeypatch, beside.clock)
    risk.tasks.decide_signals(
        outbox.stored_events([str(row.pk) for row in models.Event.objects.filter(topic="signals")])
    )

    assert (orders(), taken(valkey, "orders")) == ([("BUY", "FILLED")], ["execution"])


def test_a_burst_is_not_decided_in_line_for_the_kill_switch_must_not_wait_for_it(
    beside: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ("risk", "signals")
    monkeypatch.setitem(registry.CONSUMERS, key, replace(registry.CONSUMERS[key], batch=1))

    beside.close(3, "A 102 B 102 C 100")

    assert (Signal.objects.count(), Decision.objects.count()) == (2, 0)


def test_a_server_that_is_away_is_waited_for_and_not_tried_a_second_way(
    beside: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[str] = []

    def gone(*_: Any) -> Any:
        ways.append("in line")
        raise redis.exceptions.ConnectionError

    monkeypatch.setattr(signals_app.operations, "_store_as_first", gone)
    monkeypatch.setattr(signals_app.operations, "_store_what_is_new", lambda *_: ways.append("alone"))
    with pytest.raises(redis.exceptions.ConnectionError):
        beside.close(3, RISES)

    assert ways == ["in line"]


def test_a_stop_leaves_its_order_to_whoever_executes_for_the_guard_must_not_wait_for_a_venue(beside: Lane) -> None:
    beside.close(3, RISES)
    [held] = execution.queries.open_positions(PAPER).values()
    stop = exit_of(
        symbol="AUSDT", episode_id=held.episode_id, kind="OPERATOR", attempt=1, occurred_at=beside.clock.market_now()
    )

    risk.operations.decide_batch(PAPER, [stop], marks=beside.marks, clock=beside.clock)

    assert orders() == [("BUY", "FILLED"), ("SELL", "NEW")]


def test_what_follows_a_commit_is_done_although_redis_does_not_take_the_events(
    beside: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise redis.exceptions.OutOfMemoryError

    monkeypatch.setattr(outbox, "send", full)
    beside.close(3, RISES)

    assert orders() == [("BUY", "FILLED")]
    waiting = [event_id for row in models.Outbox.objects.all() for event_id in row.event_ids]
    said = models.Event.objects.exclude(topic="market_data").values_list("event_id", flat=True)
    assert sorted(waiting) == sorted(said)


def test_an_alert_of_the_risk_manager_is_its_own_also_in_the_engines_transaction(
    beside: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = risk.tasks.operations.decide_within

    def alarmed(unit: Any, *arguments: Any, **named: Any) -> Any:
        alerts.raise_alert("FEED_SILENT", source="risk", key="test", params={"age_s": 31})
        return decide(unit, *arguments, **named)

    monkeypatch.setattr(risk.tasks.operations, "decide_within", alarmed)
    beside.close(3, RISES)

    assert models.Event.objects.get(topic="alerts").producer == "risk"


def test_an_entry_without_a_fresh_book_stays_new_and_is_nobodys_claim(beside: Lane, valkey: Any) -> None:
    beside.desk.can_fill = lambda *_: False  # type: ignore[method-assign]

    beside.close(3, RISES)

    assert orders() == [("BUY", "NEW")]
    assert (Order.objects.get().gate_number, taken(valkey, "orders")) == (None, [""])


def test_what_died_between_commit_and_venue_is_asked_for_and_filled_once(
    beside: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desk, "send_claimed", lambda *_, **__: 0)
    beside.close(3, RISES)
    assert orders() == [("BUY", "SUBMITTED")]
    select("""UPDATE "order" SET claimed_at = claimed_at - interval '1 minute' RETURNING 1""")

    beside.desk.recover()
    beside.desk.recover()

    assert (orders(), Fill.objects.count()) == ([("BUY", "FILLED")], 1)


def test_of_two_lanes_that_hear_the_same_candle_one_trades_it_and_the_other_finds_nothing_wrong(
    beside: Lane, caplog: pytest.LogCaptureFixture
) -> None:
    second, clock = engine_at(3)
    second.tick()
    beside.clock.at = clock.at = minute(4) + timedelta(seconds=1)
    event = heard(3, RISES)
    barrier = threading.Barrier(2)

    def take(engine: Any) -> None:
        barrier.wait(5)
        engine.take([event])
        connections.close_all()

    threads = [threading.Thread(target=take, args=(engine,)) for engine in (beside.engine, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert orders() == [("BUY", "FILLED")]
    assert (Signal.objects.count(), Decision.objects.count(), Fill.objects.count()) == (1, 1, 1)
    assert [line.getMessage() for line in caplog.records if line.levelname == "ERROR"] == []


def test_a_buy_is_overtaken_by_a_later_sell_of_the_same_transaction(beside: Lane) -> None:
    """After an outage two candles are evaluated together: the SELL is in no table yet."""
    events = [heard(3, RISES), heard(4, FALLS)]
    beside.clock.at = minute(5) + timedelta(seconds=1)

    beside.engine.take(events)

    by_side = dict(Decision.objects.values_list("side", "reason_code"))
    assert by_side["BUY"] == "SIGNAL_OVERTAKEN"
    assert orders() == []


def test_in_processes_of_their_own_each_waits_for_its_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lane.hosting("signal"):
        alone = Lane(tmp_path, monkeypatch)
        alone.close(3, RISES)

    assert (Signal.objects.count(), Decision.objects.count(), orders()) == (1, 0, [])

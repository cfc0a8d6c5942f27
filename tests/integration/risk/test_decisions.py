"""Deciding on the real database: stored whole, once per signal, and never past the limit however many race."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection

import execution.placing
import execution.queries
from cdb_site.alerts.models import Alert
from cdb_site.bus import models, outbox
from cdb_site.bus.events import deterministic_id
from cdb_site.clock import Clock
from execution.models import Account, Order
from risk import operations, queries
from risk.decision.requests import exit_of, from_signal
from risk.loss_baselines import read as read_levels
from risk.models import Decision
from risk.rules.decide import decide
from risk.rules.decision_inputs import from_json
from risk.watch.stops import WatchDesk
from tests.builders import (
    PAPER,
    make_desk,
    make_marks,
    make_quote,
    open_paper_account,
    plant_instrument,
    plant_signal,
    set_limits,
)  # fmt: skip

pytestmark = pytest.mark.django_db(transaction=True)
CLOCK = Clock()


@pytest.fixture(autouse=True)
def _market(valkey: Any) -> None:
    plant_instrument()
    open_paper_account()


def decide_on(*events: Any, marks: Any = None) -> list[Decision]:
    """Decide these signals in one batch; the new decisions in their order."""
    requests = [from_signal(event) for event in events]
    rulings = operations.decide_batch(PAPER, requests, marks=marks or make_marks(), clock=CLOCK)
    return [Decision.objects.get(decision_id=decision_id) for decision_id in rulings]


def said(topic: str) -> list[models.Event]:
    return list(models.Event.objects.filter(topic=topic).order_by("recorded_at"))


def test_a_decision_its_order_and_their_events_are_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    event = plant_signal()
    counts = []
    monkeypatch.setattr(
        outbox, "send",
        lambda events, taken, bodies: counts.append((
            connection.in_atomic_block, Decision.objects.count(), Order.objects.count(), len(said("decisions")),
            len(said("orders")), models.Outbox.objects.count(),
        )) or [],
    )  # fmt: skip

    decide_on(event)

    assert counts == [(False, 1, 1, 1, 1, 1)]


def test_when_the_order_cannot_be_written_there_is_no_decision_either(monkeypatch: pytest.MonkeyPatch) -> None:
    event = plant_signal()
    monkeypatch.setattr(execution.placing, "place", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        decide_on(event)

    assert (Decision.objects.count(), Order.objects.count(), said("decisions")) == (0, 0, [])


def test_a_decision_is_stored_with_all_it_was_made_from() -> None:
    [decision] = decide_on(plant_signal())

    assert (decision.outcome, decision.quantity, decision.price) == ("APPROVED", Decimal(10), Decimal(100))
    assert [layer["layer"] for layer in decision.layers] == [1, 2, 3, 4, 5]
    assert (decision.equity, decision.exposure_before, decision.trading_state) == (Decimal(10000), 0, "ACTIVE")
    again = decide(from_json(decision.inputs))
    assert (again.outcome, again.quantity, again.exposure_after) == (
        decision.outcome,
        decision.quantity,
        decision.exposure_after,
    )


def test_the_order_carries_decision_price_limit_and_reservation() -> None:
    decide_on(plant_signal())

    order = Order.objects.get()
    # 10 × 100 × 1.01
    assert (order.decision_price, order.limit_price, order.reserved_notional) == (
        Decimal(100),
        Decimal(101),
        Decimal(1010),
    )


def test_what_follows_from_a_signal_is_one_chain() -> None:
    event = plant_signal()
    decide_on(event)

    [decided], [placed] = said("decisions"), said("orders")
    assert str(decided.causation_id) == event.event_id
    assert placed.causation_id == decided.event_id
    assert {str(decided.correlation_id), str(placed.correlation_id)} == {event.correlation_id}


def test_a_signal_delivered_twice_is_decided_once_and_its_events_are_rung_again(valkey: Any) -> None:
    event = plant_signal()
    decide_on(event)
    before = {topic: [row.event_id for row in said(topic)] for topic in ("decisions", "orders")}

    assert decide_on(event) == []

    assert (Decision.objects.count(), Order.objects.count()) == (1, 1)
    assert {topic: [row.event_id for row in said(topic)] for topic in before} == before
    assert (valkey.xlen("cdb:decisions"), valkey.xlen("cdb:orders")) == (2, 2)
    assert models.Outbox.objects.count() == 0


def test_a_signal_twice_in_one_batch_is_decided_once() -> None:
    event = plant_signal()

    assert len(decide_on(event, event)) == 1


def test_within_a_batch_each_request_sees_what_the_ones_before_have_taken() -> None:
    set_limits(max_exposure_pct="0.25")
    symbols = [f"B{number}USDT" for number in range(4)]
    for symbol in symbols:
        plant_instrument(symbol=symbol)
    marks = make_marks(*[make_quote(symbol=symbol) for symbol in symbols])

    decided = decide_on(*[plant_signal(symbol=symbol) for symbol in symbols], marks=marks)

    # each wants 10 % × 1.01 at worst price: two fit into 25 %
    assert [row.outcome for row in decided] == ["APPROVED", "APPROVED", "REJECTED", "REJECTED"]
    assert decided[2].reason_code == "EXPOSURE_LIMIT_EXCEEDED"


def test_an_expired_signal_is_expired_and_has_no_order() -> None:
    [decision] = decide_on(plant_signal(ttl_s=-1))

    assert (decision.outcome, decision.order_id, Order.objects.count()) == ("EXPIRED", None, 0)


def test_a_sell_without_a_position_is_rejected() -> None:
    [decision] = decide_on(plant_signal(side="SELL"))

    assert (decision.outcome, decision.reason_code) == ("REJECTED", "POSITION_NONE")


def test_a_stale_price_rejects_an_entry_and_says_its_age() -> None:
    [decision] = decide_on(plant_signal(), marks=make_marks(make_quote(age_s=30)))

    assert decision.reason_code == "PRICE_STALE"
    assert decision.params["age_ms"] >= 30_000


def test_a_signal_given_up_is_rejected_as_a_dead_letter_once() -> None:
    request = from_signal(plant_signal())

    for _ in range(2):
        operations.reject_dead_letter(PAPER, request, marks=make_marks(), clock=CLOCK)

    decision = Decision.objects.get()
    assert (decision.outcome, decision.reason_code) == ("REJECTED", "SYSTEM_DEAD_LETTER")


def test_a_signal_decided_before_it_was_given_up_keeps_its_decision() -> None:
    event = plant_signal()
    decide_on(event)

    operations.reject_dead_letter(PAPER, from_signal(event), marks=make_marks(), clock=CLOCK)

    assert Decision.objects.get().outcome == "APPROVED"


def test_signals_received_are_the_sum_of_the_four_outcomes() -> None:
    events = [plant_signal(), plant_signal(ttl_s=-1), plant_signal(side="SELL"), plant_signal()]

    decide_on(*events)

    outcomes = sorted(Decision.objects.values_list("outcome", flat=True))
    assert outcomes == ["APPROVED", "EXPIRED", "REJECTED", "REJECTED"]


def race(*, rounds: int) -> tuple[int, int]:
    """(Rounds in which two deciders together passed the exposure limit, which has room for one entry; decisions that
    the database refused because their number was taken)."""
    breaches, refused = 0, []
    go, done = threading.Barrier(3), threading.Barrier(3)
    marks, requests, problems = make_marks(max_age_s=3600), [[], []], []

    def decider(place: int) -> None:
        try:
            for _ in range(rounds):
                go.wait(30)
                try:
                    operations.decide_batch(PAPER, [requests[place]], marks=marks, clock=CLOCK)
                except IntegrityError as problem:
                    assert "decision_number_once" in str(problem)
                    refused.append(place)
                done.wait(30)
        except Exception as problem:
            problems.append(problem)
            go.abort()
            done.abort()
        finally:
            connection.close()

    threads = [threading.Thread(target=decider, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for number in range(rounds):
        for place in (0, 1):
            episode = deterministic_id("race", str(number), str(place))
            requests[place] = entry_of(episode)  # type: ignore[call-overload]
        go.wait(30)
        done.wait(30)
        breaches += reserved() > Decimal("1100")
        Order.objects.update(state="CANCELED", reserved_notional=0)
    for thread in threads:
        thread.join(30)
    assert problems == []
    return breaches, len(refused)


def entry_of(signal_id: Any) -> Any:
    from risk.decision.requests import Request

    return Request(
        decision_id=deterministic_id("decision", str(signal_id)),
        kind="SIGNAL",
        side="BUY",
        symbol="AAAUSDT",
        occurred_at=CLOCK.market_now(),
        signal_id=signal_id,
    )


def reserved() -> Decimal:
    return sum((order.reserved_notional for order in execution.queries.open_orders(PAPER)), Decimal(0))


@pytest.fixture
def room_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that leave 11 % of 10,000; an entry wants 10.1 % at its worst price. Nothing is sent."""
    set_limits(max_exposure_pct="0.11", max_position_pct="0.1", max_price_age_s="3600")
    monkeypatch.setattr(outbox, "_tell", lambda units: None)


def test_two_who_race_for_the_last_exposure_never_pass_the_limit(room_for_one: None) -> None:
    assert race(rounds=200) == (0, 0)
    assert Decision.objects.filter(outcome__in=["APPROVED", "TRIMMED"]).count() >= 200, "one wins every round"


def test_without_the_account_lock_a_number_that_is_taken_refuses_the_second(
    room_for_one: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution.queries, "ACCOUNT_LOCKED", execution.queries.ACCOUNT)

    breaches, refused = race(rounds=60)

    assert breaches == 0 and refused > 0


def held_desk(tmp_path: Any) -> WatchDesk:
    """A watch desk over 10 units bought at 100."""
    decide_on(plant_signal())
    make_desk(folder=tmp_path).execute([str(Order.objects.get().order_id)])
    watch = WatchDesk(account=PAPER, marks=make_marks(), clock=CLOCK)
    assert watch.quotes_changed({"AAAUSDT"}) == 0, "no stop at the entry price"
    return watch


def tick(watch: WatchDesk, bid: str) -> int:
    watch.marks.board.take([make_quote(bid=bid, ask=bid)])
    return watch.quotes_changed({"AAAUSDT"})


def test_a_bid_above_the_stop_does_nothing(tmp_path: Any) -> None:
    watch = held_desk(tmp_path)

    assert tick(watch, "98.01") == 0


def test_a_bid_at_the_stop_sells_the_whole_position_and_says_so(tmp_path: Any) -> None:
    watch = held_desk(tmp_path)

    assert tick(watch, "98") == 1

    decision, order = Decision.objects.get(kind="STOP"), Order.objects.get(side="SELL")
    assert (decision.outcome, decision.reason_code, order.quantity) == ("APPROVED", "STOP_APPROVED", Decimal(10))
    assert [layer["verdict"] for layer in decision.layers] == ["SKIP", "SKIP", "SKIP", "SKIP", "TRIGGER"]
    assert Alert.objects.get(code="STOP_LOSS").params["bid"] == "98"


def test_further_ticks_join_the_live_exit(tmp_path: Any) -> None:
    watch = held_desk(tmp_path)
    tick(watch, "98")

    at_once = tick(watch, "97")
    watch._tried_at.clear()
    later = tick(watch, "96")

    assert (at_once, later, Order.objects.filter(side="SELL").count()) == (0, 0, 1)


def test_two_watchers_that_see_the_stop_at_once_decide_one_exit(tmp_path: Any) -> None:
    first = held_desk(tmp_path)
    second = WatchDesk(account=PAPER, marks=first.marks, clock=CLOCK)
    second.reread()
    request = exit_of(
        symbol="AAAUSDT", episode_id=second._positions["AAAUSDT"].episode_id, kind="STOP", attempt=1,
        occurred_at=CLOCK.market_now(),
    )  # fmt: skip
    tick(first, "97")

    assert operations.decide_batch(PAPER, [request], marks=second.marks, clock=CLOCK) == {}
    assert Order.objects.filter(side="SELL").count() == 1


def test_an_exit_that_failed_is_left_to_its_intent(tmp_path: Any) -> None:
    watch = held_desk(tmp_path)
    tick(watch, "98")
    Order.objects.filter(side="SELL").update(state="EXPIRED")
    watch._tried_at.clear()

    assert tick(watch, "97") == 0
    assert queries.leaving(PAPER) == {"AAAUSDT"}


def test_equity_at_the_opening_of_the_account_is_its_deposit() -> None:
    assert read_levels(PAPER, CLOCK.market_now()).opening == Decimal(10000)
    assert Account.objects.get().cash == Decimal(10000)

"""Acts that collide: the same wish twice, two people at once, an account that is held, a process that dies."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction

import execution.queries
from execution.models import TradingStateChange
from marketdata.models import Pause
from risk.acts import door
from risk.acts.door import ActWish, Market
from risk.acts.leftovers import ActLeftovers
from risk.models import LimitVersion, OperatorAct
from risk.roles import keep_groups
from tests.builders import PAPER, open_paper_account, plant_instrument, plant_order
from tests.clocks import HandClock
from tests.frozen import frozen_holder
from tests.integration.risk.acts_house import age, halt, prepared, state
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    plant_instrument()
    open_paper_account()
    house = House(tmp_path)
    house.price("100")
    keep_groups()
    return house


@pytest.mark.parametrize("name", ["halt", "close_position", "pause_symbol", "propose_limits"])
def test_eight_at_once_with_one_key_do_it_once(house: House, name: str) -> None:
    typed = {field: str(value) for field, value in prepared(name, house).items()}
    key, begin, answers = uuid4(), threading.Barrier(8), []

    def press() -> None:
        begin.wait()
        row = door.perform(ActWish(name=name, key=key, by="anna", reason="storm", typed=typed))
        answers.append((row.state, row.answer, row.answer_params))
        connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 8
    assert {str(answer) for answer in answers} == {str(answers[0])}
    assert answers[0][0] == "DONE"
    assert TradingStateChange.objects.filter(state="HALTED").count() == (name == "halt")
    assert Pause.objects.count() == (name == "pause_symbol")
    assert LimitVersion.objects.count() == 1 + (name == "propose_limits")


def test_two_tabs_that_halt_at_once_halt_once_and_both_are_told(house: House) -> None:
    begin, answers = threading.Barrier(2), []

    def press(by: str) -> None:
        begin.wait()
        answers.append(halt(by).state)
        connections.close_all()

    threads = [threading.Thread(target=press, args=(by,)) for by in ("anna", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["DONE", "DONE"]
    assert TradingStateChange.objects.filter(state="HALTED").count() == 1


def test_a_halt_is_answered_within_a_second_while_the_account_is_locked_for_five(house: House) -> None:
    entry = plant_order()

    with frozen_holder(settings="-c idle_in_transaction_session_timeout=0"):
        begun_s = time.monotonic()
        row = halt()
        answered_s = time.monotonic() - begun_s
        seen = state()
        time.sleep(max(0.0, 5 - answered_s))
        open_still = execution.queries.has_entries_to_cancel(PAPER)
    house.look()

    assert answered_s <= 1.0
    assert (row.state, seen, open_still) == ("DONE", "HALTED", True)
    assert not execution.queries.has_entries_to_cancel(PAPER), entry.order_id


def test_a_halt_that_must_wait_for_the_gate_says_it_is_under_way_and_happens_without_another_click(
    house: House,
) -> None:
    at_the_gate = execution.queries.GATE_SHARED.replace("%s", f"'{PAPER}'")

    with frozen_holder(at_the_gate, settings="-c idle_in_transaction_session_timeout=0"):
        begun_s = time.monotonic()
        row = halt()
        answered_s = time.monotonic() - begun_s
        assert "under way" in door.sentence(row)
    until_s = time.monotonic() + 5
    while state() != "HALTED" and time.monotonic() < until_s:
        time.sleep(0.02)
    row.refresh_from_db()

    assert answered_s <= 1.0
    assert state() == "HALTED"


def test_a_halt_whose_process_died_before_it_was_engaged_is_engaged_by_the_risk_service(house: House) -> None:
    row = OperatorAct.objects.create(key=uuid4(), account=PAPER, name="halt", parameters={"how": "keep"}, by="anna")
    age(row, 2)

    ActLeftovers(house.marks, house.clock).look()
    row.refresh_from_db()

    assert (state(), row.state, row.answer) == ("HALTED", "DONE", "HALTED")


def test_another_act_whose_process_died_is_answered_honestly_after_a_minute(house: House) -> None:
    row = OperatorAct.objects.create(key=uuid4(), account=PAPER, name="close_all", by="anna")
    leftovers = ActLeftovers(house.marks, house.clock)

    age(row, 30)
    leftovers.look()
    row.refresh_from_db()
    early = row.state
    age(row, 61)
    house.clock.move(2)
    leftovers.look()
    row.refresh_from_db()

    assert (early, row.state, row.answer) == ("UNDER_WAY", "REFUSED", "INTERRUPTED")


def test_an_act_that_died_is_done_by_the_same_wish_arriving_again(house: House) -> None:
    key = uuid4()
    OperatorAct.objects.create(key=key, account=PAPER, name="exits_only", by="anna", reason="storm")

    row = door.perform(ActWish(name="exits_only", key=key, by="anna", reason="storm", typed={}))

    assert (row.state, state()) == ("DONE", "REDUCING")


def test_exits_only_does_not_soften_a_halt(house: House) -> None:
    halt()

    row = door.perform(ActWish(name="exits_only", key=uuid4(), by="anna", reason="", typed={}))

    assert (row.state, state()) == ("REFUSED", "HALTED")
    assert "stricter" in door.sentence(row)


def test_an_act_that_fails_leaves_nothing_and_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("risk.acts.deeds.proposals.reject", explode)
    row = door.perform(
        ActWish(name="reject", key=uuid4(), by="anna", reason="", typed={"proposal": "1"}),
        Market(marks=lambda: house.marks, clock=HandClock()),
    )

    assert (row.state, row.answer) == ("REFUSED", "FAILED")
    with transaction.atomic():
        assert OperatorAct.objects.select_for_update(nowait=True).count() == 1

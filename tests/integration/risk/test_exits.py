"""An exit is an intent: it is carried out until the symbol is flat, or given up loudly. `docs/exits.md`."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connections

import execution.claims
import execution.queries
from cdb_site.alerts.models import Alert
from cdb_site.clock import Clock
from execution import tasks
from execution.models import Order
from risk import operations, queries
from risk.decision.requests import from_signal
from risk.exits import intents
from risk.exits.driver import ExitDriver
from risk.models import CloseOut, Decision, ExitIntent
from risk.rules.exiting import ATTEMPTS_MAX, is_due
from risk.watch import kill_switch
from risk.watch.stops import WatchDesk
from tests.builders import PAPER, make_quote, plant_signal, trade
from tests.integration.risk.exit_house import (
    OTHER,
    age_orders,
    coarser_step,
    endings,
    held,
    live,
    quoted_house,
    rejecting,
    sells,
)
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return quoted_house(tmp_path, monkeypatch)


# What fails is tried again


def test_an_exit_that_the_venue_rejects_is_tried_again(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    first = house.ask_for("SELL")
    refusal = rejecting(house)
    house.execute_new()
    refusal.undo()

    live(house, 3)

    assert [state for state, _ in sells()] == ["REJECTED", "FILLED"]
    assert held() == 0
    again = Decision.objects.exclude(decision_id=first.decision_id).get(side="SELL")
    assert (again.kind, again.attempt, again.signal_id, again.outcome) == ("SIGNAL", 2, None, "APPROVED")
    assert endings() == [("AAAUSDT", "FLAT")]


def test_attempts_back_off_and_end_loudly(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    rejecting(house)

    live(house, 30)
    in_half_a_minute = len(sells())
    live(house, 570, every_s=15)

    # at 0, 1, 3, 7 and 15 s; the next pause ends after the half minute
    assert in_half_a_minute == 5
    assert len(sells()) == ATTEMPTS_MAX
    assert endings() == [("AAAUSDT", "GIVEN_UP")]
    alert = Alert.objects.get(code="EXIT_GIVEN_UP")
    assert (alert.level, alert.params["symbol"], alert.params["why"]) == ("CRITICAL", "AAAUSDT", "ATTEMPTS_USED_UP")


def test_what_was_given_up_is_sold_when_a_signal_asks_again_and_its_alert_closes(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    refusal = rejecting(house)
    live(house, 600, every_s=15)
    refusal.undo()

    house.ask_for("SELL")
    live(house, 2)

    assert held() == 0
    assert endings() == [("AAAUSDT", "GIVEN_UP"), ("AAAUSDT", "FLAT")]
    assert Alert.objects.get(code="EXIT_GIVEN_UP").state == "CLOSED"


def test_an_exit_lost_in_a_crash_while_the_feed_is_silent_waits_for_a_quote(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    decision = house.ask_for("SELL")
    execution.claims.claim(PAPER, [str(decision.order_id)], clock=CLOCK, causes={})
    age_orders("1 minute")
    house.desk.board.take([make_quote(age_s=60)])

    tasks.sweep_orders()
    house.clock.move(2)
    house.look()
    age_orders("1 minute")
    tasks.sweep_orders()
    assert sells() == [("CANCELED", "EXIT_NO_QUOTE"), ("NEW", "")]
    house.price("99")
    tasks.sweep_orders()

    assert held() == 0


def test_a_signal_that_was_given_up_as_a_dead_letter_is_carried_out_all_the_same(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    request = from_signal(plant_signal(side="SELL"))

    operations.reject_dead_letter(PAPER, request, marks=house.marks, clock=house.clock)
    live(house, 2)

    assert held() == 0


# Buys on their way


def test_an_exit_signal_ends_a_buy_that_is_still_open(house: House) -> None:
    house.ask_for("BUY")

    sell = house.ask_for("SELL")
    live(house, 2)

    assert (sell.outcome, sell.reason_code) == ("REJECTED", "POSITION_NOT_YET")
    assert Order.objects.get().state == "CANCELED"
    assert endings() == [("AAAUSDT", "FLAT")]


def test_a_buy_that_crosses_its_cancel_is_sold(house: House) -> None:
    house.ask_for("BUY")
    claimed = execution.claims.claim(PAPER, [Order.objects.get().pk], clock=CLOCK, causes={})
    house.ask_for("SELL")
    house.look()

    house.desk.send_claimed(claimed, {}, claimed_at=house.desk.clock.market_now())
    assert held() == 10
    live(house, 2)

    assert held() == 0
    assert endings() == [("AAAUSDT", "FLAT")]


def test_a_buy_and_its_exit_in_one_batch_leave_nothing_held(house: House) -> None:
    requests = [from_signal(plant_signal(side=side, minute=minute)) for side, minute in (("BUY", 0), ("SELL", 0))]

    operations.decide_batch(PAPER, requests, marks=house.marks, clock=house.clock, levels=house.levels)
    live(house, 3)

    assert execution.queries.open_positions(PAPER) == {}
    assert ExitIntent.objects.get().ending == "FLAT"


def test_nothing_is_bought_while_the_symbol_is_to_be_flat(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    refusal = rejecting(house)
    house.execute_new()
    refusal.undo()

    assert house.ask_for("BUY").reason_code == "POSITION_EXITING"


def test_what_is_flat_may_be_bought_before_anybody_has_looked_again(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    house.execute_new()

    assert house.ask_for("BUY").outcome == "APPROVED"
    live(house, 3)

    assert held() > 9, "it is not taken for what was to be sold"
    assert endings() == [("AAAUSDT", "FLAT")]


def test_a_sell_of_nothing_creates_nothing(house: House) -> None:
    assert house.ask_for("SELL").reason_code == "POSITION_NONE"
    assert not ExitIntent.objects.exists()


def test_a_buy_that_comes_after_the_later_candles_sell_is_refused(house: House) -> None:
    sell, buy = plant_signal(side="SELL", minute=0), plant_signal(side="BUY", minute=1)

    for event in (sell, buy):
        request = from_signal(event)
        operations.decide_batch(PAPER, [request], marks=house.marks, clock=house.clock, levels=house.levels)

    decision = Decision.objects.get(side="BUY")
    assert (decision.outcome, decision.reason_code) == ("REJECTED", "SIGNAL_OVERTAKEN")


def test_a_buy_of_a_later_candle_than_the_sell_is_taken(house: House) -> None:
    plant_signal(side="SELL", minute=2)
    request = from_signal(plant_signal(side="BUY", minute=1))

    operations.decide_batch(PAPER, [request], marks=house.marks, clock=house.clock, levels=house.levels)

    assert Decision.objects.get().outcome == "APPROVED"


# Steps and dust


def test_after_the_step_became_coarser_a_stop_sells_what_it_allows_and_gives_the_rest_up_as_dust(house: House) -> None:
    trade(house.desk, "buy 2.345 @ 100")
    coarser_step(house, "0.01")
    watch = WatchDesk(account=PAPER, marks=house.marks, clock=house.clock)
    house.price("90")

    for _ in range(30):
        watch.quotes_changed({"AAAUSDT"})
        live(house, 1)

    assert sells() == [("FILLED", "")]
    assert execution.queries.open_positions(PAPER) == {}
    assert execution.queries.dust(PAPER) == {"AAAUSDT": Decimal("0.005")}
    assert endings() == [("AAAUSDT", "FLAT")]
    assert Decision.objects.filter(kind="STOP").count() == 1


def test_an_exit_decided_before_the_step_became_coarser_is_filled_as_far_as_it_goes(house: House) -> None:
    trade(house.desk, "buy 2.345 @ 100")
    house.ask_for("SELL")
    coarser_step(house, "0.01")

    live(house, 2)

    assert sells() == [("EXPIRED", "VENUE_PARTIAL")]
    assert held() == Decimal("0.005")
    assert endings() == [("AAAUSDT", "DUST")]


def test_dust_keeps_no_close_out_open(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    trade(house.desk, "buy 0.5 @ 100", symbol=OTHER)
    house.price("1", OTHER)

    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)
    live(house, 3)

    # 0.5 units at 1 are less than the minimum notional of 1
    assert {symbol: row.quantity for symbol, row in execution.queries.open_positions(PAPER).items()} == {
        OTHER: Decimal("0.5")
    }
    assert CloseOut.objects.get().flat_at is not None


# Two processes


def test_of_many_processes_one_makes_the_next_attempt(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    Order.objects.filter(side="SELL").update(state="REJECTED")
    row = ExitIntent.objects.get()
    now, ready = house.clock.wall_now() + timedelta(seconds=2), threading.Barrier(8)
    won: list[bool] = []

    def process() -> None:
        ready.wait()
        won.append(intents.claim(row, now))
        connections.close_all()

    threads = [threading.Thread(target=process) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False] * 7 + [True]
    assert ExitIntent.objects.get().attempts == 2


def test_two_drivers_at_once_place_one_exit(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    Order.objects.filter(side="SELL").update(state="REJECTED")
    house.clock.move(2)
    drivers = [ExitDriver(account=PAPER, marks=house.marks, levels=house.levels, clock=house.clock) for _ in range(4)]
    ready = threading.Barrier(len(drivers))

    def process(driver: ExitDriver) -> None:
        ready.wait()
        driver.look()
        connections.close_all()

    threads = [threading.Thread(target=process, args=(driver,)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [state for state, _ in sells()] == ["REJECTED", "NEW"]
    assert Decision.objects.filter(side="SELL").count() == 2


def test_a_pause_from_before_a_step_of_the_clock_keeps_nothing_waiting(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    row, now = ExitIntent.objects.get(), house.clock.wall_now()

    row.next_at = now + timedelta(seconds=30)
    assert not is_due(row.next_at, now)
    row.next_at = now + timedelta(hours=1)
    assert is_due(row.next_at, now)


def test_the_symbols_of_open_intents_are_read_with_every_batch(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")

    assert queries.leaving(PAPER) == {"AAAUSDT"}

"""The guard on real books: what opens, what closes by itself, what waits, and how a loss ends in a flat account."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import execution.claims
import execution.gate
import execution.operations
import execution.queries
from cdb_site.alerts.models import Alert
from execution import payments
from execution.models import Order
from execution.operations import Refused
from marketdata import pausing
from risk import account_reading
from risk.mark_to_market import EquityCurve, portfolio_payload
from risk.models import CloseOut, Decision
from risk.rules.exiting import ATTEMPTS_MAX
from risk.watch import kill_switch
from risk.watch.stops import WatchDesk
from tests.builders import (
    PAPER,
    make_quote,
    plant_order,
    set_limits,
)
from tests.clocks import NOON
from tests.integration.risk.house import House, furnished, holding, open_kinds, state

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return furnished(tmp_path)


def test_the_daily_loss_halts_sells_everything_and_ends_flat(house: House) -> None:
    holding(house)
    house.look()
    house.price("49")

    house.look()
    assert state() == "HALTED"
    assert Alert.objects.get(code="DAILY_LOSS").level == "CRITICAL"
    house.look()
    house.execute_new()
    house.look()

    close_out = CloseOut.objects.get()
    assert execution.queries.open_positions(PAPER) == {}
    assert close_out.flat_at is not None and close_out.positions == ["AAAUSDT"]
    assert Decision.objects.get(kind="HALT").outcome == "APPROVED"


def test_a_loss_just_below_the_limit_does_nothing(house: House) -> None:
    # 10 units fall from 100 to 50.3: 497 of 10,000 and fees of 0.5 are 4.975 %
    holding(house)
    house.price("50.3")

    house.look()

    assert (state(), CloseOut.objects.count()) == ("ACTIVE", 0)


def test_open_losses_count_and_deposits_do_not(house: House) -> None:
    holding(house)
    payments.deposit(PAPER, amount=Decimal(5000), by="anna", reason="more", clock=house.clock)
    house.price("49")

    house.look()

    # 510 of 15,000 is 3.4 %: the deposit raised the opening, not the profit
    assert state() == "ACTIVE"


def stored_point(house: House) -> None:
    """A point of the equity curve, as the watcher stores them, which the peak is read from at once."""
    now = house.clock.market_now()
    reading = account_reading.reading(PAPER, house.marks, now)
    levels = reading.aligned(house.levels.at(now))
    EquityCurve(PAPER).store(portfolio_payload(reading, levels=levels, now=now), paid_in=reading.account.paid_in)
    house.restart()
    house.look()
    assert house.levels.at(now).peak == reading.portfolio.equity


@pytest.mark.parametrize("read_anew", [False, True], ids=["levels of before", "read anew"])
def test_a_withdrawal_at_noon_is_no_loss_of_the_day_and_no_drawdown(house: House, read_anew: bool) -> None:
    holding(house)
    stored_point(house)

    payments.withdraw(PAPER, amount=Decimal(6000), by="anna", reason="profit", clock=house.clock)
    if read_anew:
        house.restart()
    house.look()

    # 9,999.5 were 3,999.5 afterwards: 60 % less, and nothing lost but the fee
    assert (state(), CloseOut.objects.count(), open_kinds()) == ("ACTIVE", 0, [])


@pytest.mark.parametrize("read_anew", [False, True], ids=["levels of before", "read anew"])
def test_a_deposit_at_noon_hides_no_loss_and_no_drawdown(house: House, read_anew: bool) -> None:
    holding(house)
    stored_point(house)
    payments.deposit(PAPER, amount=Decimal(2000), by="anna", reason="more", clock=house.clock)
    if read_anew:
        house.restart()

    house.price("39")
    house.look()

    # 610.5 of 12,000 are 5.09 %, although 11,389.5 are more than the day opened with
    assert (state(), CloseOut.objects.get().cause) == ("HALTED", "DAILY_LOSS")


def test_after_a_deposit_the_drawdown_counts_from_the_peak_and_what_was_paid_in(house: House) -> None:
    holding(house)
    stored_point(house)
    set_limits(max_drawdown_pct="0.02", max_daily_drawdown_pct="0.5")
    payments.deposit(PAPER, amount=Decimal(2000), by="anna", reason="more", clock=house.clock)

    house.price("77")
    house.look()
    assert open_kinds() == [], "229.5 of 11,999.5 are 1.9 %"
    house.price("75")
    house.look()

    assert [kind.split()[0] for kind in open_kinds()] == ["DRAWDOWN"], "249.5 are 2.1 %"


def test_entries_open_at_a_halt_are_canceled(house: House) -> None:
    holding(house)
    waiting = plant_order(symbol="BBBUSDT")
    house.price("49")

    house.look()

    order = Order.objects.get(order_id=waiting.order_id)
    assert (order.state, order.reason_code, order.reserved_notional) == ("CANCELED", "TRADING_HALTED", 0)


def test_a_close_out_goes_on_after_a_restart(house: House) -> None:
    holding(house)
    house.price("49")
    house.look()

    house.restart()
    house.clock.move(2)
    house.look()
    house.execute_new()
    house.look()

    assert execution.queries.open_positions(PAPER) == {}
    assert Order.objects.filter(side="SELL").count() == 1


def test_a_close_out_that_cannot_sell_is_given_up_and_said_loudly(house: House, monkeypatch: Any) -> None:
    holding(house)
    house.price("49")
    for _ in range(ATTEMPTS_MAX + 2):
        house.look()
        Order.objects.filter(side="SELL", state="NEW").update(state="REJECTED")
        house.clock.move(60)

    assert Decision.objects.filter(kind="HALT").count() == ATTEMPTS_MAX
    assert Alert.objects.get(code="CLOSE_OUT_FAILED").level == "CRITICAL"
    assert CloseOut.objects.get().given_up_at is not None


def test_a_new_close_out_tries_anew(house: House) -> None:
    holding(house)
    house.price("49")
    for _ in range(ATTEMPTS_MAX + 2):
        house.look()
        Order.objects.filter(side="SELL", state="NEW").update(state="REJECTED")
        house.clock.move(60)

    kill_switch.halt(PAPER, by="anna", reason="again", close_positions=True, clock=house.clock)
    house.look()
    house.execute_new()
    house.look()

    assert execution.queries.open_positions(PAPER) == {}
    assert CloseOut.objects.first().flat_at is not None


def test_a_halt_of_one_day_is_neither_released_nor_repeated_at_midnight(house: House) -> None:
    house.clock.market = NOON.replace(hour=23, minute=59, second=50)
    holding(house)
    house.price("49")
    house.look()
    house.look()
    house.execute_new()
    house.look()

    house.clock.move(20)
    house.look()

    assert (state(), CloseOut.objects.count()) == ("HALTED", 1)
    assert house.levels.at(house.clock.market_now()).day == NOON.date() + timedelta(days=1)


def test_a_loss_is_measured_to_the_day_it_happens_on(house: House) -> None:
    house.clock.market = NOON.replace(hour=23, minute=59, second=50)
    holding(house)
    house.price("70")
    house.look()
    assert state() == "ACTIVE", "3 % down"

    house.clock.move(20)
    house.look()

    # Fills and ledger before midnight give the opening; 10 units at their last price (no candle): 100
    assert state() == "ACTIVE"
    house.price("49")
    house.look()
    assert state() == "HALTED"


def test_a_halt_may_not_be_released_while_the_loss_lasts(house: House) -> None:
    holding(house)
    house.price("49")
    house.look()

    with pytest.raises(Refused, match="of the day's opening equity is lost"):
        kill_switch.resume(
            PAPER,
            by="anna",
            reason="hope",
            levels=house.levels.at(house.clock.market_now()),
            marks=house.marks,
            clock=house.clock,
        )


def test_an_operators_halt_may_sell_everything(house: House) -> None:
    holding(house)

    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)
    house.look()
    house.execute_new()
    house.look()

    assert (state(), execution.queries.open_positions(PAPER)) == ("HALTED", {})
    decision = Decision.objects.get(kind="HALT")
    assert (decision.params["by"], decision.params["reason"]) == ("anna", "storm")


def test_an_entry_that_fills_after_the_halt_is_sold_too(house: House) -> None:
    under_way = plant_order()
    claimed = execution.claims.claim(PAPER, [under_way.order_id], clock=house.clock, causes={})

    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)
    house.look()
    assert CloseOut.objects.get().flat_at is None, "what the venue has may still fill"
    house.desk.send_claimed(claimed, {}, claimed_at=house.desk.clock.market_now())
    house.clock.move(2)
    house.look()
    house.execute_new()
    house.look()

    assert execution.queries.open_positions(PAPER) == {}
    assert CloseOut.objects.get().flat_at is not None


def test_after_a_stop_the_symbol_rests(house: House) -> None:
    holding(house)
    house.price("97")
    WatchDesk(account=PAPER, marks=house.marks, clock=house.clock).quotes_changed({"AAAUSDT"})
    house.execute_new()

    house.clock.move(599)
    assert house.ask_for().reason_code == "STOP_LOSS_COOLDOWN"
    house.clock.move(2)
    assert house.ask_for().outcome == "APPROVED"


def test_a_signal_made_before_a_pause_is_not_bought_after_it(house: House) -> None:
    pausing.pause("AAAUSDT", reason="delisting", by="anna")

    assert house.ask_for().reason_code == "INSTRUMENT_PAUSED"
    assert house.ask_for(symbol="BBBUSDT").outcome == "APPROVED"


def test_an_exit_ends_the_symbols_open_buys(house: House) -> None:
    holding(house)
    waiting = plant_order()

    decision = house.ask_for("SELL")

    assert decision.outcome == "APPROVED"
    assert Order.objects.get(order_id=waiting.order_id).state == "CANCELED"


def test_a_second_exit_joins_the_first(house: House) -> None:
    holding(house)

    first, second = house.ask_for("SELL"), house.ask_for("SELL")

    assert second.reason_code == "POSITION_EXIT_JOINED"
    assert second.order_id == first.order_id
    assert Order.objects.filter(side="SELL").count() == 1


def test_layer_2_sees_what_no_breaker_has_said_yet(house: House) -> None:
    set_limits(max_spread_bps="50")
    house.desk.board.take([make_quote(bid="99", ask="100")])

    decision = house.ask_for()

    assert (decision.reason_code, decision.params["unit"]) == ("SPREAD_TOO_WIDE", "BPS")

"""The guard on real books: what opens, what closes by itself, what waits, and how a loss ends in a flat account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import execution.claims
import execution.gate
import execution.operations
import execution.queries
from cdb_site.alerts.models import Alert
from cdb_site.bus.events import Event, make
from cdb_site.clock import Clock
from execution.models import Account, LedgerEntry, Order
from execution.operations import Refused
from execution.order_gateway import Desk
from marketdata import pausing
from marketdata.models import UniverseMember
from risk import operations, queries
from risk.decision.requests import from_signal
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.models import Breaker, CloseOut, Decision, EquitySnapshot
from risk.rules.circuit_breakers import Observations, Slip
from risk.rules.exiting import ATTEMPTS_MAX
from risk.watch import breakers, kill_switch
from risk.watch.account_guard import Guard
from risk.watch.observations import Observer
from risk.watch.stops import WatchDesk
from tests.builders import (
    PAPER,
    make_desk,
    make_quote,
    open_paper_account,
    plant_instrument,
    plant_order,
    plant_signal,
    set_limits,
    trade,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class HandClock(Clock):
    """Both clocks stand still until a test moves them."""

    def __init__(self, market: datetime = NOON) -> None:
        super().__init__()
        self.elapsed_s = 0.0
        self.market = market

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def wall_now(self) -> datetime:
        return super().wall_now() + timedelta(seconds=self.elapsed_s)

    def market_now(self) -> datetime:
        return self.market + timedelta(seconds=self.elapsed_s)

    def move(self, seconds: float) -> None:
        self.elapsed_s += seconds


class House:
    """An account, its desk, and the guard over both, on a clock moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.desk: Desk = make_desk(folder=folder)
        self.marks = Marks(board=self.desk.board, interval="1m")
        self.levels = LevelBoard(PAPER, self.clock)
        self.restart()

    def restart(self) -> None:
        """What a new process begins with: nothing but PostgreSQL."""
        self.levels = LevelBoard(PAPER, self.clock)
        self.guard = Guard(account=PAPER, marks=self.marks, levels=self.levels, clock=self.clock)

    def look(self, **seen: Any) -> None:
        """One mark, and what is observed besides the account."""
        now = self.clock.market_now()
        reading, levels = queries.reading(PAPER, self.marks, now), self.levels.at(now)
        values = {"equity": reading.portfolio.equity, "peak_equity": levels.peak} | seen
        self.guard.look(reading, levels, Observations(**values))

    def price(self, price: str, symbol: str = "AAAUSDT") -> None:
        self.desk.board.take([make_quote(symbol=symbol, bid=price, ask=price)])

    def execute_new(self) -> None:
        """What the execution service does with the doorbells."""
        self.desk.execute(
            [str(order_id) for order_id in Order.objects.filter(state="NEW").values_list("pk", flat=True)]
        )

    def ask_for(self, side: str = "BUY", symbol: str = "AAAUSDT") -> Decision:
        request = from_signal(plant_signal(symbol=symbol, side=side, ttl_s=10**9))
        operations.decide_batch(PAPER, [request], marks=self.marks, clock=self.clock, levels=self.levels)
        return Decision.objects.get(decision_id=request.decision_id)


@pytest.fixture
def house(tmp_path: Path) -> House:
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")
    open_paper_account()
    house = House(tmp_path)
    house.price("100")
    house.price("100", "BBBUSDT")
    return house


def open_kinds() -> list[str]:
    return [str(row) for row in Breaker.objects.filter(released_at=None).order_by("id")]


def state() -> str:
    return execution.queries.trading_state(PAPER)


def test_a_breaker_about_the_account_lets_trading_only_reduce(house: House) -> None:
    house.look(feed_age_s=Decimal(31))

    assert (open_kinds(), state()) == (["SILENCE"], "REDUCING")
    assert house.ask_for().reason_code == "TRADING_REDUCING"
    assert Alert.objects.get(code="BREAKER_SILENCE").state != "CLOSED"


def test_a_breaker_about_a_symbol_blocks_that_symbol_alone(house: House) -> None:
    house.look(spreads_bps={"AAAUSDT": Decimal(500)})

    assert (open_kinds(), state()) == (["SPREAD AAAUSDT"], "ACTIVE")
    blocked = house.ask_for()
    assert (blocked.reason_code, blocked.params["breakers"]) == ("BREAKER_OPEN", ["SPREAD AAAUSDT"])
    assert house.ask_for(symbol="BBBUSDT").outcome == "APPROVED"


def test_an_open_breaker_is_one_row_however_often_it_is_met(house: House) -> None:
    for _ in range(3):
        house.look(feed_age_s=Decimal(40))
    house.restart()
    house.look(feed_age_s=Decimal(50))

    assert Breaker.objects.count() == 1


def test_silence_releases_itself_after_a_stretch_of_good_data(house: House) -> None:
    house.look(feed_age_s=Decimal(31))

    for _ in range(31):
        house.clock.move(1)
        house.look(feed_age_s=Decimal(1))

    assert (open_kinds(), state()) == ([], "ACTIVE")
    assert Breaker.objects.get().released_by == "risk"
    assert Alert.objects.get(code="BREAKER_SILENCE").state == "CLOSED"


def test_one_bad_moment_begins_the_stretch_anew(house: House) -> None:
    house.look(feed_age_s=Decimal(31))
    house.look(feed_age_s=Decimal(1))
    house.clock.move(20)
    house.look(feed_age_s=Decimal(31))
    house.clock.move(20)
    house.look(feed_age_s=Decimal(1))

    assert open_kinds() == ["SILENCE"]


def test_a_restart_begins_the_stretch_anew(house: House) -> None:
    house.look(feed_age_s=Decimal(31))
    house.look(feed_age_s=Decimal(1))
    house.clock.move(29)
    house.restart()
    house.look(feed_age_s=Decimal(1))
    house.clock.move(2)
    house.look(feed_age_s=Decimal(1))

    assert open_kinds() == ["SILENCE"]


def test_time_without_data_is_no_good_data(house: House) -> None:
    house.look(feed_age_s=Decimal(31), spreads_bps={"AAAUSDT": Decimal(500)})
    house.restart()

    for _ in range(100):
        house.clock.move(1)
        house.look(unseen=frozenset({"", "AAAUSDT"}))

    assert open_kinds() == ["SILENCE", "SPREAD AAAUSDT"]


def test_a_process_that_has_heard_nothing_yet_sees_no_symbol(house: House) -> None:
    UniverseMember.objects.create(instrument_id="AAAUSDT", chosen_by="test", since=NOON)
    UniverseMember.objects.create(instrument_id="BBBUSDT", chosen_by="test", since=NOON)
    observer = Observer(account=PAPER, marks=house.marks, clock=house.clock)

    house.desk.board.take([make_quote(age_s=100)])
    first = observe(observer, house)
    assert (first.unseen, first.quote_ages_s) == ({"", "AAAUSDT", "BBBUSDT"}, {}), "one silence, not one a symbol"
    house.desk.board.take([make_quote()])
    observer.hear([quotes_event(make_quote())])
    house.desk.board.take([make_quote(symbol="BBBUSDT", age_s=11)])
    assert observe(observer, house).unseen == {"BBBUSDT"}
    house.clock.move(11)
    assert observe(observer, house).unseen == {"", "AAAUSDT", "BBBUSDT"}


def test_when_a_silence_ends_no_symbol_is_silent_for_longer_than_the_feed_lives(house: House) -> None:
    UniverseMember.objects.create(instrument_id="BBBUSDT", chosen_by="test", since=NOON)
    observer = Observer(account=PAPER, marks=house.marks, clock=house.clock)
    house.desk.board.take([make_quote(symbol="BBBUSDT", age_s=100)])

    observer.hear([quotes_event(make_quote())])
    first = observe(observer, house)
    for _ in range(40):
        house.clock.move(1)
        observer.hear([quotes_event(make_quote())])
        later = observe(observer, house)

    assert (first.quote_ages_s, later.quote_ages_s) == ({"BBBUSDT": 0}, {"BBBUSDT": 40})


def observe(observer: Observer, house: House) -> Observations:
    now = house.clock.market_now()
    return observer.look(queries.reading(PAPER, house.marks, now), house.levels.at(now))


def quotes_event(quote: dict[str, Any]) -> Event:
    return make("market_data.quotes", {"quotes": [quote]}, key="1", producer="ws", occurred_at=NOON)


def test_a_loss_waits_for_an_operator_who_says_why(house: House) -> None:
    EquitySnapshot.objects.create(account=PAPER, taken_at=NOON, equity=11000, cash=11000, exposure=0)
    house.look()
    assert (open_kinds(), state()) == (["DRAWDOWN"], "REDUCING")

    for _ in range(100):
        house.clock.move(1)
        house.look(peak_equity=Decimal(10000))
    assert open_kinds() == ["DRAWDOWN"], "it does not release itself"

    with pytest.raises(Refused, match="needs a reason"):
        breakers.release_breaker(Breaker.objects.get().pk, by="anna", reason=" ")
    assert breakers.release_breaker(Breaker.objects.get().pk, by="anna", reason="understood")
    assert (open_kinds(), state()) == ([], "ACTIVE")


def test_the_peak_of_a_released_drawdown_counts_no_more(house: House) -> None:
    EquitySnapshot.objects.create(account=PAPER, taken_at=NOON, equity=11000, cash=11000, exposure=0)
    house.look()
    breakers.release_breaker(Breaker.objects.get().pk, by="anna", reason="understood")
    house.levels.forget()

    house.look()

    assert open_kinds() == []


def test_a_release_holds_against_a_peak_that_was_read_before_it(house: House) -> None:
    EquitySnapshot.objects.create(account=PAPER, taken_at=NOON, equity=11000, cash=11000, exposure=0)
    house.look()
    house.look()  # keeps the peak for the next two seconds
    breakers.release_breaker(Breaker.objects.get().pk, by="anna", reason="understood")

    house.look()

    assert (open_kinds(), state()) == ([], "ACTIVE")


def test_the_last_of_two_releases_gives_trading_free(house: House) -> None:
    house.look(feed_age_s=Decimal(31), clock_skew_s=Decimal(5))
    first, second = Breaker.objects.order_by("id")

    breakers.release_breaker(first.pk, by="anna", reason="calm")
    assert state() == "REDUCING"
    breakers.release_breaker(second.pk, by="anna", reason="calm")
    assert state() == "ACTIVE"


def test_risk_never_lifts_what_an_operator_set(house: House) -> None:
    execution.gate.set_trading_state(PAPER, "REDUCING", by="anna", reason="holiday")
    house.look(feed_age_s=Decimal(31))

    breakers.release_breaker(Breaker.objects.get().pk, by="risk", reason="good data")

    assert state() == "REDUCING"


def test_a_breaker_never_lowers_a_halt(house: House) -> None:
    execution.gate.halt(PAPER, by="anna", reason="storm")

    house.look(feed_age_s=Decimal(31))

    assert state() == "HALTED"


def test_a_slip_opens_once_per_order_also_after_release_and_restart(house: House) -> None:
    slipped = (Slip(order_id="o-1", symbol="AAAUSDT", slippage=Decimal("0.02")),)
    house.look(slips=slipped)
    breakers.release_breaker(Breaker.objects.get().pk, by="anna", reason="thin book, seen")
    house.look(slips=slipped)
    house.restart()
    house.look(slips=slipped)

    assert (open_kinds(), Breaker.objects.count()) == ([], 1)


def test_a_release_speaks_for_every_slip_that_was_seen_until_then(house: House) -> None:
    slips = tuple(Slip(order_id=name, symbol="AAAUSDT", slippage=Decimal("0.02")) for name in ("o-1", "o-2"))
    house.look(slips=slips[:1])
    house.look(slips=slips)

    breakers.release_breaker(Breaker.objects.get().pk, by="anna", reason="thin book, seen")
    house.look(slips=slips)

    assert open_kinds() == []


def holding(house: House, quantity: str = "10") -> None:
    """10 at 100 of 10,000: 10 %. A fall to 50 loses 5 % of the day's opening."""
    trade(house.desk, f"buy {quantity} @ 100")


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
    LedgerEntry.objects.create(account_id=PAPER, kind="DEPOSIT", amount=5000, occurred_at=NOON)
    Account.objects.update(cash=Account.objects.get().cash + 5000)
    house.levels.forget()
    house.price("49")

    house.look()

    # 510 of 15,000 is 3.4 %: the deposit raised the opening, not the profit
    assert state() == "ACTIVE"


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
    house.desk._send(claimed, {})
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

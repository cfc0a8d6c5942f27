"""Breakers of layer 2 on real books: what opens them, what closes by itself, what waits for a person."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import execution.claims
import execution.gate
import execution.operations
import execution.queries
from cdb_site.alerts.models import Alert
from cdb_site.bus.events import BusEvent, make
from execution.operations import Refused
from marketdata.models import UniverseMember
from risk import account_reading
from risk.models import Breaker, EquitySnapshot
from risk.rules.circuit_breakers import Observations, Slip
from risk.watch import breakers
from risk.watch.observations import Observer
from tests.builders import (
    PAPER,
    make_quote,
)
from tests.clocks import NOON
from tests.integration.risk.house import House, furnished, open_kinds, state

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return furnished(tmp_path)


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
    return observer.look(account_reading.reading(PAPER, house.marks, now), house.levels.at(now))


def quotes_event(quote: dict[str, Any]) -> BusEvent:
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

"""What watches an account, from values: a loss at its limit, breakers to open and release, stops, how selling ends."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.rules.accounting import Holding
from risk.rules.account_state import AccountState, Levels
from risk.rules.circuit_breakers import ACCOUNT, Observations, OpenBreaker, Slip
from risk.rules.day_opening import HeldAtMidnight
from risk.rules.limits import LIMITS, Limits
from risk.rules.portfolio import Mark, Portfolio
from risk.rules.watching import (
    RETRY_STOP_S,
    CloseOutStep,
    close_out_step,
    has_buys_of_a_halt,
    loss_acted_on,
    loss_is_dealt_with,
    since_when,
    stops_reached,
    watch_market,
)

USUAL = Limits(version=1, **{limit.name: limit.default for limit in LIMITS})
A_DAY = date(2026, 7, 1)
WIDE = OpenBreaker(id=1, kind="SPREAD", symbol="AAAUSDT")
SLIPPED = OpenBreaker(id=2, kind="SLIPPAGE", symbol="AAAUSDT")


def holding(symbol: str = "AAAUSDT", entry: str = "100", quantity: str = "10") -> Holding:
    return Holding(symbol=symbol, quantity=Decimal(quantity), avg_entry_price=Decimal(entry))


def state(*, cash: str = "9000", held: str = "", at: str = "100", **changes: Any) -> AccountState:
    """An account with so much cash, and with so many units of AAAUSDT at a mark."""
    holdings = {"AAAUSDT": holding(quantity=held)} if held else {}
    portfolio = Portfolio(
        cash=Decimal(cash),
        holdings=holdings,
        marks={"AAAUSDT": Mark(price=Decimal(at), source="BOOK")},
        reserved=changes.pop("reserved", {}),
    )
    return AccountState(**{"trading_state": "ACTIVE", "limits": USUAL, "portfolio": portfolio} | changes)


def opened_with(equity: str, *missing: HeldAtMidnight) -> Levels:
    return Levels(day=A_DAY, opening=Decimal(equity), peak=None, missing=missing)


def test_a_loss_is_acted_on_at_its_limit_and_not_before() -> None:
    # 5 % of 10,000 is 500: 9,000 and 10 units at 50.01 are 9,500.1, at 50 they are 9,500
    assert loss_acted_on(state(held="10", at="50.01"), opened_with("10000"), {}) is None

    acted_on = loss_acted_on(state(held="10", at="50"), opened_with("10000"), {})

    assert acted_on == opened_with("10000")


def test_what_an_unknown_close_may_have_lost_yesterday_is_no_loss_of_today() -> None:
    # 10 units counted 100 each in the opening; the first price seen today was 60: certain are 10,000 − 400 = 9,600,
    # and 9,500 are 1.04 % less
    unknown = HeldAtMidnight(symbol="AAAUSDT", quantity=Decimal(10), close=Decimal(100), closed=False)
    levels, fallen = opened_with("10000", unknown), state(held="10", at="50")

    assert loss_acted_on(fallen, levels, {"AAAUSDT": Decimal(60)}) is None
    acted_on = loss_acted_on(state(cash="8600", held="10", at="50"), levels, {"AAAUSDT": Decimal(60)})
    assert acted_on is not None and (acted_on.opening, acted_on.missing) == (Decimal(9600), ())


@pytest.mark.parametrize(("held", "halted_for_it", "closed_out", "dealt_with"), [
    ("10", False, False, False),
    ("10", False, True, False),
    ("10", True, False, False),
    ("10", True, True, True),
    ("", True, False, True),
    ("", False, False, False),
])  # fmt: skip
def test_a_loss_is_dealt_with_once_it_halted_trading_and_sells_what_is_held(
    held: str, halted_for_it: bool, closed_out: bool, dealt_with: bool
) -> None:
    assert loss_is_dealt_with(state(held=held), halted_for_it=halted_for_it, closed_out=closed_out) is dealt_with


def test_open_buys_must_go_while_trading_is_halted_alone() -> None:
    reserved = {"AAAUSDT": Decimal(100)}

    assert has_buys_of_a_halt(state(trading_state="HALTED", reserved=reserved))
    assert not has_buys_of_a_halt(state(trading_state="REDUCING", reserved=reserved))
    assert not has_buys_of_a_halt(state(trading_state="HALTED"))


def looked(seen: Observations, *breakers: OpenBreaker, now_s: float = 0.0, **memory: Any) -> Any:
    remembered = {"good_since": {}, "known_causes": set()} | memory
    return watch_market(state(breakers=breakers), seen, now_s=now_s, **remembered)


def calm(**changes: Any) -> Observations:
    return Observations(equity=Decimal(10000), **changes)


def test_a_breaker_that_is_open_is_not_opened_again() -> None:
    wide = calm(spreads_bps={"AAAUSDT": Decimal(101)})

    assert [item.key for item in looked(wide).opened] == [("SPREAD", "AAAUSDT")]
    assert looked(wide, WIDE).opened == ()


def test_a_breaker_is_released_after_a_stretch_of_good_data_which_anything_bad_begins_anew() -> None:
    # good_data_s is 30
    first = looked(calm(), WIDE, now_s=10.0)
    assert (first.released, first.good_since) == ((), {WIDE.key: 10.0})

    almost = looked(calm(), WIDE, now_s=39.9, good_since=first.good_since)
    over = looked(calm(), WIDE, now_s=40.0, good_since=first.good_since)
    wide = looked(calm(spreads_bps={"AAAUSDT": Decimal(101)}), WIDE, now_s=70.0, good_since=first.good_since)

    assert (almost.released, over.released) == ((), ((WIDE, 30.0),))
    assert (wide.released, wide.good_since) == ((), {})


def test_no_data_is_no_good_data() -> None:
    unseen = looked(calm(unseen=frozenset({"AAAUSDT"})), WIDE, now_s=70.0, good_since={WIDE.key: 10.0})
    feedless = OpenBreaker(id=3, kind="SILENCE", symbol=ACCOUNT)

    assert (unseen.released, unseen.good_since) == ((), {})
    assert looked(calm(unseen=frozenset({ACCOUNT})), feedless).good_since == {}


def test_a_latched_breaker_is_never_released_by_calm() -> None:
    acts = looked(calm(), SLIPPED, now_s=1e6, good_since={SLIPPED.key: 0.0})

    assert (acts.released, acts.good_since) == ((), {})


def test_a_cause_opens_once_also_when_it_was_met_while_the_breaker_was_open() -> None:
    slips = calm(slips=(Slip(order_id="one", symbol="AAAUSDT", slippage=Decimal("0.02")),))

    met = looked(slips, SLIPPED)

    assert (met.opened, met.causes) == ((), {("SLIPPAGE", "one")})
    assert looked(slips, known_causes=met.causes).opened == ()
    assert [item.cause for item in looked(slips).opened] == ["one"]


def test_a_stop_is_reached_at_its_price_by_a_fresh_bid_and_not_asked_for_twice_within_a_second() -> None:
    # 100 × (1 − 0.02) = 98
    def reached(bids: dict[str, str], **tried_at: float) -> list[str]:
        prices = {symbol: Decimal(bid) for symbol, bid in bids.items()}
        held = [holding(), holding("BBBUSDT", entry="10")]
        return [one.symbol for one in stops_reached(held, prices, Decimal("0.02"), tried_at=tried_at, now_s=5.0)]

    assert reached({"AAAUSDT": "98.01"}) == []
    assert reached({"AAAUSDT": "98"}) == ["AAAUSDT"]
    assert reached({"AAAUSDT": "1", "BBBUSDT": "9.8"}) == ["AAAUSDT", "BBBUSDT"]
    assert reached({"BBBUSDT": "1"}) == ["BBBUSDT"]
    assert reached({"AAAUSDT": "98"}, AAAUSDT=5.0 - RETRY_STOP_S / 2) == []
    assert reached({"AAAUSDT": "98"}, AAAUSDT=5.0 - RETRY_STOP_S) == ["AAAUSDT"]


SYMBOLS = st.frozensets(st.sampled_from(["AAAUSDT", "BBBUSDT", "CCCUSDT"]))


@given(left=SYMBOLS, leaving=SYMBOLS, hopeless=SYMBOLS, orders_open=st.booleans())
def test_a_close_out_sells_all_that_can_be_sold_and_ends_one_way_alone(
    left: frozenset[str], leaving: frozenset[str], hopeless: frozenset[str], orders_open: bool
) -> None:
    step = close_out_step(left, orders_open=orders_open, leaving=leaving, hopeless=hopeless)

    assert set(step.begun) == left - leaving - hopeless
    assert step.flat == (not left and not orders_open)
    assert step.given_up == (left != frozenset() and left <= hopeless and not orders_open)
    assert bool(step.begun) + step.flat + step.given_up <= 1


def test_a_close_out_waits_for_what_is_under_way() -> None:
    held = frozenset({"AAAUSDT"})

    assert close_out_step(held, orders_open=True, leaving=held) == CloseOutStep()
    assert close_out_step(frozenset(), orders_open=True) == CloseOutStep()
    assert close_out_step(held, orders_open=False) == CloseOutStep(begun=("AAAUSDT",))


def test_what_is_so_keeps_its_time_and_what_is_not_is_forgotten() -> None:
    assert since_when({"one": 1.0, "two": 2.0}, ["two", "three"], 9.0) == {"two": 2.0, "three": 9.0}

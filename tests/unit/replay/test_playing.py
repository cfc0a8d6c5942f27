"""A recorded day with other limits: the same ones change nothing, and what others change is worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.rules.playing import Playing
from replay.rules.what_if import WhatIf
from tests.builders import make_model
from tests.unit.replay.day_builder import DayBuilder, ListedTape, limits


def played(builder: DayBuilder, **changes: str) -> WhatIf:
    changed = {name: Decimal(value) for name, value in changes.items()}
    return Playing(builder.day(), changed, tape=ListedTape(builder.quotes), model=make_model()).run()


def traded() -> DayBuilder:
    """10 % of 10,000 bought at 100, sold at 110; then bought at 110, stopped at 107."""
    builder = DayBuilder()
    builder.ask(0, "BUY", 100)
    builder.ask(60, "SELL", 110)
    builder.ask(120, "BUY", 110, "BBBUSDT")
    builder.quote(170, 108, "BBBUSDT")
    builder.ask(180, "SELL", 107, "BBBUSDT", kind="STOP")
    return builder


def test_the_same_limits_change_nothing() -> None:
    found = played(traded())

    assert (found.changed, found.gone, found.new, found.modelled, found.first) == (0, 0, 0, 0, None)
    assert found.recorded == found.other
    assert found.decisions == 4 and found.other.orders == 4


def test_naming_a_limit_as_it_was_changes_nothing_either() -> None:
    assert played(traded(), stop_loss_pct="0.02", max_drawdown_pct="0.05", max_position_pct="0.1").changed == 0


def test_a_smaller_position_buys_less_and_earns_less() -> None:
    # recorded: 10 units, 100 gained, less 9.181 × 3 of the stop; half of it with 5 %
    found = played(traded(), max_position_pct="0.05")

    assert found.changed == 4 and found.gone == found.new == 0 and found.modelled == 4
    assert found.first is not None and found.first.number == 1
    assert found.first.recorded == "APPROVED SIGNAL_APPROVED 10" and found.first.other == "APPROVED SIGNAL_APPROVED 5"
    assert found.recorded.pnl == 100 - 3 * Decimal("9.181")
    assert found.other.pnl < found.recorded.pnl


def test_a_tighter_stop_sells_at_its_own_quote_and_the_recorded_stop_is_gone() -> None:
    # bought at 110: 2 % stops at 107.8, 1.5 % at 108.35; the quote of 108 is between them
    found = played(traded(), stop_loss_pct="0.015")

    assert [one.kind for one in found.changes] == ["STOP", "STOP"]
    assert found.changes[0].number is None and found.changes[0].other.startswith("APPROVED STOP_APPROVED")
    assert found.changes[1].number == 4 and found.changes[1].other == ""
    assert (found.gone, found.new, found.modelled) == (1, 1, 1)
    assert found.other.pnl - found.recorded.pnl == Decimal("9.181")  # 108 instead of 107


def test_a_wider_stop_is_not_reached_and_the_position_is_held() -> None:
    found = played(traded(), stop_loss_pct="0.05")

    assert [(one.number, one.other) for one in found.changes] == [(4, "")]
    assert found.gone == 1 and found.modelled == 0 and found.other.orders == 3


def test_a_tighter_daily_loss_halts_sells_and_refuses_what_follows() -> None:
    # 10 units at 100 fall to 90: 100 of 10,000 lost, 1 %
    builder = DayBuilder(limits=limits(stop_loss_pct="0.5"))
    builder.ask(0, "BUY", 100)
    builder.quote(30, 90)
    builder.quote(40, 91)
    builder.ask(60, "BUY", 50, "BBBUSDT")

    found = played(builder, max_daily_drawdown_pct="0.01")

    assert [(one.kind, one.side) for one in found.changes] == [("HALT", ""), ("HALT", "SELL"), ("SIGNAL", "BUY")]
    assert found.changes[2].other.startswith("REJECTED TRADING_HALTED")
    assert found.recorded.orders == 2 and found.other.orders == 2 and found.gone == 1 and found.new == 1


def test_a_breaker_of_the_market_does_not_open_below_a_looser_limit() -> None:
    builder = DayBuilder()
    builder.breaker(1, "JUMP", 10, 200, "0.06", "AAAUSDT")
    assert builder.ask(100, "BUY", 100).reason_code == "BREAKER_OPEN"

    assert played(builder, max_jump_pct="0.06").changes[0].other.startswith("APPROVED")
    assert played(builder, max_jump_pct="0.055").changed == 0


def test_an_operators_halt_holds_here_too() -> None:
    builder = DayBuilder()
    builder.hold(-20, "OPERATOR", "HALTED")
    assert builder.ask(30, "BUY", 100).reason_code == "TRADING_HALTED"

    assert played(builder, max_position_pct="0.05").changed == 0


@pytest.mark.parametrize("with_tape", [True, False])
def test_what_is_modelled_fills_after_the_delay_or_on_its_own_look(with_tape: bool) -> None:
    builder = traded()
    if not with_tape:
        builder.quotes = []

    found = played(builder, max_position_pct="0.05")

    assert found.delay_s == 0.5
    assert found.from_look == (0 if with_tape else 4)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL", "STOP", "HALT", "RESUME", "QUOTE"]),
        st.sampled_from(["AAAUSDT", "BBBUSDT", "CCCUSDT"]),
        st.integers(90, 112),
        st.integers(1, 30),
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(STEPS)
def test_any_day_with_its_own_limits_is_the_same_day(steps: list[tuple[str, str, int, int]]) -> None:
    builder, second = DayBuilder(), 0
    builder.ask(second, "BUY", 100)
    for act, symbol, price, passed in steps:
        second += passed
        if act == "QUOTE":
            builder.quote(second, price, symbol)
        elif act in ("HALT", "RESUME"):
            builder.hold(second, "OPERATOR", "HALTED" if act == "HALT" else "ACTIVE")
        elif act == "STOP" and symbol in builder.held:
            builder.ask(second, "SELL", price, symbol, kind="STOP")
        elif act != "STOP":
            builder.ask(second, act, price, symbol)

    found = played(builder)

    assert found.changed == 0
    assert found.recorded == found.other


def test_a_tighter_limit_whose_breakers_no_tape_shows_is_named() -> None:
    assert played(traded(), max_jump_pct="0.01").not_modelled == ("max_jump_pct",)
    assert played(traded(), max_jump_pct="0.5").not_modelled == ()

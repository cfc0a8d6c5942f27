"""What may be sold of a position, what an exit under way does next, and when it is tried again: worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from execution.rules.accounting import Holding
from execution.rules.orders import LiveOfSymbol
from risk.rules.decide import decide
from risk.rules.exiting import (
    ATTEMPTS_MAX,
    ExitStep,
    Ground,
    buys_of_exits,
    is_dust,
    next_step,
    pause_s,
    sellable,
    wants_flat,
)
from tests.builders import make_inputs, make_rules


@pytest.mark.parametrize(("held", "rules", "bid", "sold"), [
    ("2.345", {"step": "0.001"}, "100", "2.345"),
    ("2.345", {"step": "0.01"}, "100", "2.34"),
    ("0.005", {"step": "0.01"}, "100", "0"),
    ("2.345", {"step": "0.01", "min_quantity": "3"}, "100", "0"),
    ("2.345", {"step": "0.01", "min_notional": "234"}, "100", "2.34"),
    ("2.345", {"step": "0.01", "min_notional": "234.01"}, "100", "0"),
    ("2.345", {"step": "0.01", "min_notional": "234.01"}, None, "2.34"),
])  # fmt: skip
def test_what_the_step_and_the_minimums_of_now_let_be_sold(
    held: str, rules: dict[str, str], bid: str | None, sold: str
) -> None:
    quantity, price = Decimal(held), Decimal(bid) if bid else None

    assert sellable(quantity, make_rules(**rules), price) == Decimal(sold)
    assert is_dust(quantity, make_rules(**rules), price) == (sold == "0")


def test_a_symbol_without_rules_may_be_sold_whole_and_nothing_is_no_dust() -> None:
    assert sellable(Decimal("2.345"), None, None) == Decimal("2.345")
    assert not is_dust(Decimal(0), make_rules(), None)


def test_pauses_double_up_to_a_minute_and_twelve_attempts_take_six_minutes() -> None:
    assert [pause_s(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    # 1 + 2 + 4 + 8 + 16 + 32 + 60 × 5, until the twelfth is made
    assert sum(pause_s(attempt) for attempt in range(1, ATTEMPTS_MAX)) == 363
    assert pause_s(10**9) == 60


def order(side: str, state: str = "SUBMITTED", *, asked: bool = False) -> LiveOfSymbol:
    return LiveOfSymbol(side=side, state=state, cancel_requested=asked)


BUY, ASKED_BUY, SELL, NEW_SELL = order("BUY"), order("BUY", asked=True), order("SELL"), order("SELL", "NEW")


# 2 units are held unless told otherwise; the least that may be sold is 1
@pytest.mark.parametrize(("orders", "held", "quiet", "attempts", "next_one"), [
    ((BUY,), "2", True, 99, ExitStep.CANCEL_BUYS),
    ((BUY,), None, False, 1, ExitStep.CANCEL_BUYS),
    ((ASKED_BUY,), None, False, 1, ExitStep.WAIT),
    ((SELL,), "2", True, 1, ExitStep.WAIT),
    ((NEW_SELL,), "2", True, 1, ExitStep.NO_QUOTE),
    ((NEW_SELL,), "2", False, 1, ExitStep.WAIT),
    ((), "2", True, 1, ExitStep.NO_QUOTE),
    ((), None, False, 99, ExitStep.FLAT),
    ((), "0.5", False, 99, ExitStep.DUST),
    ((), "2", False, ATTEMPTS_MAX, ExitStep.ATTEMPTS_USED_UP),
    ((), "2", False, ATTEMPTS_MAX - 1, ExitStep.ATTEMPT),
])  # fmt: skip
def test_what_an_exit_under_way_does_next(
    orders: tuple[LiveOfSymbol, ...], held: str | None, quiet: bool, attempts: int, next_one: ExitStep
) -> None:
    holding = Holding(symbol="AAAUSDT", quantity=Decimal(held)) if held else None
    ground, rules = Ground(orders=orders, holding=holding), make_rules(min_quantity="1")

    assert next_step(ground, rules=rules, bid=Decimal(100), quiet=quiet, attempts=attempts) == next_one


def test_an_exit_leaves_something_to_carry_out_while_anything_is_held_or_being_bought() -> None:
    def left(**changes: object) -> bool:
        seen = make_inputs(side="SELL", **{"held_quantity": "2", "avg_entry_price": "100"} | changes)
        return wants_flat(seen, decide(seen))

    assert left()
    assert left(held_quantity="0", sellable_quantity="0", entry_open=True)
    assert not left(held_quantity="0")
    assert not left(sellable_quantity="0")
    assert not left(kind="STOP", bid="99", price="99")
    assert not wants_flat(make_inputs(), decide(make_inputs()))


def test_an_exit_ends_the_open_buys_of_its_symbol_alone() -> None:
    leaving = make_inputs(side="SELL", held_quantity="2", avg_entry_price="100")
    decided = [(seen, decide(seen)) for seen in (leaving, make_inputs(symbol="BBBUSDT"))]

    assert buys_of_exits(decided, {"AAAUSDT", "BBBUSDT"}) == {"AAAUSDT"}
    assert buys_of_exits(decided, {"BBBUSDT"}) == set()

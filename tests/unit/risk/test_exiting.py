"""What may be sold of a position, and when a failed exit is tried again: worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from risk.rules.exiting import ATTEMPTS_MAX, is_dust, pause_s, sellable
from tests.builders import make_rules


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

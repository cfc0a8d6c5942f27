"""The arithmetic of `make restarts`: what is explained, what is not, and which fills are absurd."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proofs.restarts import books
from proofs.restarts.books import BooksFailure, Shown, ShownPosition, TradedFill


def show(cash: str, **held: tuple[str, str]) -> Shown:
    """A message whose equity is the sum of its parts."""
    rows = {name: ShownPosition(quantity=Decimal(row[0]), mark=Decimal(row[1])) for name, row in held.items()}
    equity = Decimal(cash) + sum((row.quantity * row.mark for row in rows.values()), Decimal(0))
    return Shown(marked_at="", equity=equity, cash=Decimal(cash), trading_state="ACTIVE", held=rows)


def fill(quantity: str, price: str, *, symbol: str = "AAA", fee: str = "0") -> TradedFill:
    return TradedFill(
        fill_id=1,
        symbol=symbol,
        quantity=Decimal(quantity),
        dust=Decimal(0),
        price=Decimal(price),
        fee=Decimal(fee),
        low=Decimal(99),
        high=Decimal(101),
        side="BUY",
    )


def test_a_market_that_moved_is_an_explanation() -> None:
    # 10 AAA from 100 to 97
    assert books._explained(show("0", AAA=("10", "100")), show("0", AAA=("10", "97")), []) == -30


def test_a_position_that_was_sold_is_explained_by_its_price_and_its_fee() -> None:
    # 10 AAA marked at 100, sold at 98 for a fee of 1
    assert books._explained(show("0", AAA=("10", "100")), show("979"), [fill("-10", "98", fee="1")]) == -21


def test_a_position_that_no_fill_changed_must_be_the_same() -> None:
    with pytest.raises(BooksFailure, match="the fills leave 10"):
        books._explained(show("0", AAA=("10", "100")), show("0", AAA=("9", "100")), [])


@pytest.mark.parametrize(("price", "absurd"), [("98.02", False), ("98", True), ("102.01", False), ("102.02", True)])
def test_a_fill_more_than_a_percent_outside_of_the_market_is_absurd(price: str, absurd: bool) -> None:
    assert fill("1", price).absurd is absurd


def test_a_place_in_the_ledger_is_found_by_its_cash() -> None:
    ledger = [(1, "DEPOSIT", Decimal(100), None), (2, "TRADE", Decimal(-40), 1), (3, "FEE", Decimal(-1), 1)]

    assert books._place(ledger, Decimal(59)) == 3
    with pytest.raises(BooksFailure):
        books._place(ledger, Decimal(58))

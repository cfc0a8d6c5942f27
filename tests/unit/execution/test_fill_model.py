"""What an order gets against a quoted book: never past its limit, never more than is visible, always on the grid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.rules.fill_model import Answer, DepthUnknown, depth_of, fill, is_enough
from tests.builders import make_book, make_model, make_rules


def buy(quantity: str, *, limit: str | None = "101", **changes: Any) -> Answer:
    values = {"book": make_book(), "rules": make_rules(), "model": make_model()} | changes
    return fill(
        side="BUY",
        quantity=Decimal(quantity),
        limit_price=Decimal(limit) if limit else None,
        reduce_only=False,
        **values,
    )


def sell(quantity: str, **changes: Any) -> Answer:
    values = {"book": make_book(), "rules": make_rules(), "model": make_model()} | changes
    return fill(side="SELL", quantity=Decimal(quantity), limit_price=None, reduce_only=True, **values)


def trades(answer: Answer) -> list[tuple[Decimal, Decimal]]:
    return [(execution.quantity, execution.price) for execution in answer.executions]


def filled(answer: Answer) -> Decimal:
    return sum((execution.quantity for execution in answer.executions), Decimal(0))


def test_what_the_best_level_holds_is_filled_at_the_best_price() -> None:
    answer = buy("2", book=make_book(ask_quantity="5"))

    assert trades(answer) == [(Decimal(2), Decimal(100))]


def test_the_fee_is_the_takers_share_of_the_notional() -> None:
    # 2 × 100 × 0.001 = 0.2
    assert buy("2", book=make_book(ask_quantity="5")).executions[0].fee == Decimal("0.2")


def test_what_goes_beyond_the_best_level_pays_impact() -> None:
    # depth = 0.01 × 1,000,000 = 10,000; beyond level 1: 50 × 100 = 5,000; 100 × (1 + 0.001 × 5,000/10,000) = 100.05
    answer = buy("60", book=make_book(ask_quantity="10"))

    assert trades(answer) == [(Decimal(10), Decimal(100)), (Decimal(50), Decimal("100.05"))]


def test_a_sell_beyond_the_best_level_gets_less_by_the_impact() -> None:
    # beyond level 1: 50 × 99 = 4,950; 99 × (1 − 0.001 × 4,950/10,000) = 98.950995, down to the tick: 98.95
    answer = sell("60", book=make_book(bid_quantity="10"))

    assert trades(answer) == [(Decimal(10), Decimal(99)), (Decimal(50), Decimal("98.95"))]


def test_a_limit_below_the_ask_gets_nothing() -> None:
    assert buy("1", limit="99.99") == Answer()


def test_the_visible_depth_bounds_an_entry_and_the_rest_lapses() -> None:
    # depth 10,000 at 100: 100 beyond the best level, which quotes no quantity
    assert filled(buy("500", limit="200")) == Decimal(100)


def test_a_limit_bounds_how_deep_an_entry_goes() -> None:
    # impact 10 bps over the whole depth; a limit 5 bps above the ask reaches half of 10,000: 50 at 100
    assert filled(buy("500", limit="100.05")) == Decimal(50)


def test_a_market_exit_takes_its_whole_quantity_however_thin_the_book() -> None:
    answer = sell("5000", book=make_book(turnover="1"))

    assert filled(answer) == Decimal(5000)
    assert answer.executions[0].price == Decimal("49.5"), "half the bid is the worst an exit may get"


def test_an_exit_of_a_dusty_instrument_still_gets_one_tick() -> None:
    answer = sell("5", book=make_book(bid="0.01", ask="0.02", turnover="1"))

    assert answer.executions[0].price == Decimal("0.01")


@pytest.mark.parametrize("turnover", [None, "0"])
@pytest.mark.parametrize("quoted", [None, "0", "10"])
def test_an_exit_beyond_the_best_level_is_not_priced_without_a_known_depth(
    turnover: str | None, quoted: str | None
) -> None:
    book = make_book(bid_quantity=quoted, turnover=turnover)

    with pytest.raises(DepthUnknown):
        sell("60", book=book)
    assert not is_enough(book, side="SELL", quantity=Decimal(60))


def test_what_the_best_level_holds_needs_no_depth() -> None:
    book = make_book(bid_quantity="60", ask_quantity="60", turnover=None)

    assert trades(sell("60", book=book)) == [(Decimal(60), Decimal(99))]
    assert trades(buy("60", book=book)) == [(Decimal(60), Decimal(100))]
    assert is_enough(book, side="BUY", quantity=Decimal(60))


def test_the_last_stored_turnover_serves_an_exit_and_says_so_but_never_an_entry() -> None:
    book = make_book(bid_quantity="10", ask_quantity="10", turnover=None, stored="1000000")

    # as with the quote's own turnover: 99 × (1 − 0.001 × 4,950/10,000) = 98.950995, down to the tick: 98.95
    assert trades(sell("60", book=book)) == [(Decimal(10), Decimal(99)), (Decimal(50), Decimal("98.95"))]
    assert depth_of(book, "SELL", make_model()) == (Decimal(10_000), "CHOICE")
    assert depth_of(book, "BUY", make_model()) is None
    with pytest.raises(DepthUnknown):
        buy("60", book=book)


def test_the_quotes_own_turnover_comes_before_the_stored_one() -> None:
    book = make_book(turnover="2000000", stored="1000000")

    assert depth_of(book, "SELL", make_model()) == (Decimal(20_000), "QUOTE")


@pytest.mark.parametrize(
    ("quantity", "rules", "code"),
    [
        ("1.0005", make_rules(step="0.001"), "VENUE_QUANTITY_STEP"),
        ("0.5", make_rules(min_quantity="1"), "VENUE_MINIMUM_QUANTITY"),
        ("0.5", make_rules(min_notional="51"), "VENUE_MINIMUM_NOTIONAL"),
    ],
)
def test_an_entry_against_the_instruments_rules_is_rejected(quantity: str, rules: Any, code: str) -> None:
    assert buy(quantity, rules=rules) == Answer(rejected=code)


def test_an_exit_off_the_step_of_now_sells_what_the_step_lets_through() -> None:
    answer = sell("2.345", rules=make_rules(step="0.01"), book=make_book(bid_quantity="10"))

    assert trades(answer) == [(Decimal("2.34"), Decimal(99))]


def test_an_exit_of_less_than_a_step_is_rejected() -> None:
    assert sell("0.005", rules=make_rules(step="0.01")) == Answer(rejected="VENUE_QUANTITY_STEP")


def test_an_exit_is_not_held_to_the_minimums() -> None:
    answer = sell("0.5", rules=make_rules(min_quantity="1", min_notional="1000"))

    assert (filled(answer), answer.rejected) == (Decimal("0.5"), "")


steps = st.sampled_from(["1", "0.01", "0.0001"])
books = st.builds(
    make_book,
    bid=st.decimals("0.01", "99.99", places=2).map(str),
    ask=st.decimals("100", "200", places=2).map(str),
    bid_quantity=st.decimals(0, 500, places=4).map(str),
    ask_quantity=st.decimals(0, 500, places=4).map(str),
    turnover=st.integers(1, 10**9).map(str),
)


@given(st.integers(1, 10**6), steps, books, st.decimals("100", "220", places=2), st.integers(0, 500))
def test_an_entry_never_breaks_its_limit_its_quantity_or_the_grid(
    count: int, step: str, book: Any, limit: Decimal, impact: int
) -> None:
    rules, model = make_rules(step=step, min_notional="0"), make_model(impact_bps=str(impact))
    wanted = count * Decimal(step)

    answer = buy(str(wanted), limit=str(limit), book=book, rules=rules, model=model)

    visible = book.ask_quantity + book.quote_volume_24h * model.depth_share / book.ask
    assert filled(answer) <= min(wanted, visible)
    for execution in answer.executions:
        assert book.ask <= execution.price <= limit
        assert execution.price % rules.price_tick == 0
        assert execution.quantity > 0
        assert execution.quantity % rules.quantity_step == 0


@given(st.integers(1, 10**6), steps, books)
def test_an_exit_always_takes_all_at_a_price_on_the_grid_at_or_below_the_bid(count: int, step: str, book: Any) -> None:
    wanted = count * Decimal(step)

    answer = sell(str(wanted), book=book, rules=make_rules(step=step))

    assert filled(answer) == wanted
    assert all(0 < execution.price <= book.bid for execution in answer.executions)
    assert all(execution.price % Decimal("0.01") == 0 for execution in answer.executions)

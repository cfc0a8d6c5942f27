"""When the market reaches a resting order, and how much of it may fill then."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from execution.rules.resting import Counted, price_of, reached
from tests.builders import make_book, make_levels

LIMIT = Decimal(100)
NOTHING_YET = Counted()


def may_buy(*, before: Counted = NOTHING_YET, **book: str | None) -> Decimal:
    return reached("BUY", LIMIT, make_book(**book), before)[0]


def test_an_offer_above_a_buys_limit_fills_nothing() -> None:
    assert may_buy(ask="100.01", ask_quantity="5") == 0


def test_an_offer_at_the_limit_or_below_fills_as_much_as_is_offered() -> None:
    assert may_buy(ask="100", ask_quantity="5") == 5
    assert may_buy(ask="99.5", ask_quantity="5") == 5


def test_of_levels_those_up_to_the_limit_count() -> None:
    assert may_buy(ask="99", ask_quantity="5", asks="5 @ 99; 7 @ 100; 20 @ 100.01") == 12


def test_an_offer_of_unknown_quantity_fills_nothing() -> None:
    assert may_buy(ask="99", ask_quantity=None) == 0


def test_a_trade_at_the_limit_is_somebody_elses() -> None:
    assert may_buy(ask="101", ask_quantity="5", last="100") == 0


def test_a_trade_through_the_limit_fills_what_is_quoted_on_the_other_side() -> None:
    assert may_buy(ask="101", ask_quantity="5", last="99.99") == 5
    assert may_buy(ask="101", ask_quantity=None, last="99.99") == 0


def test_a_trade_from_before_the_order_came_is_none_of_its_own() -> None:
    assert may_buy(before=Counted((), Decimal("99.99")), ask="101", ask_quantity="5", last="99.99") == 0
    assert may_buy(before=Counted((), Decimal("99.99")), ask="101", ask_quantity="5", last="99.98") == 5


def test_what_stands_there_still_was_taken_before_and_only_its_growth_is_new() -> None:
    taken = Counted(make_levels("5 @ 99; 7 @ 100"), None)

    assert may_buy(before=taken, ask="99", ask_quantity="5", asks="5 @ 99; 7 @ 100") == 0
    assert may_buy(before=taken, ask="99", ask_quantity="8", asks="8 @ 99; 7 @ 100") == 3
    assert may_buy(before=taken, ask="100", ask_quantity="7", asks="7 @ 100") == 0
    assert may_buy(before=taken, ask="98", ask_quantity="2", asks="2 @ 98; 5 @ 99; 7 @ 100") == 2


def test_a_sell_is_reached_from_the_other_side() -> None:
    # bid 100 meets the limit of 100; a trade above it goes through, one at it does not
    assert reached("SELL", LIMIT, make_book(bid="100", bid_quantity="5"), Counted())[0] == 5
    assert reached("SELL", LIMIT, make_book(bid="99", bid_quantity="5", last="100.01"), Counted())[0] == 5
    assert reached("SELL", LIMIT, make_book(bid="99", bid_quantity="5", last="100"), Counted())[0] == 0


def test_a_limit_off_the_grid_trades_on_it_and_not_past_itself() -> None:
    assert price_of("BUY", Decimal("100.005"), Decimal("0.01")) == Decimal("100.00")
    assert price_of("SELL", Decimal("100.005"), Decimal("0.01")) == Decimal("100.01")


offers = st.lists(st.tuples(st.integers(9_900, 10_100), st.integers(0, 50)), min_size=1, max_size=8)


@given(offers)
def test_over_any_run_of_offers_no_more_fills_than_the_most_that_was_offered_at_each_price(
    run: list[tuple[int, int]],
) -> None:
    counted, got = Counted(), Decimal(0)
    for cents, quantity in run:
        book = make_book(ask=str(Decimal(cents) / 100), bid="98", ask_quantity=str(quantity))
        new, now = reached("BUY", LIMIT, book, counted)
        got += new
        counted = now if new else counted

    offered = sum(quantity for cents, quantity in run if cents <= 10_000)
    assert got <= offered
    # Offers that stay as they are fill once.
    assert reached("BUY", LIMIT, book, now)[0] == 0

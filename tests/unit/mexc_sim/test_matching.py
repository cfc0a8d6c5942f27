"""Price, then time: what the simulated exchange's matching engine does with every kind of order."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mexc_sim.trading.matching import Kind, Match, MatchingBook, Side, SimOrder, State, Street

numbers = count(1)
Levels = list[tuple[int, int]]


def order(side: str, kind: Kind, quantity: int | None, price: int | None = None, amount: int | None = None) -> SimOrder:
    return SimOrder(
        order_id=str(next(numbers)), side=Side(side), kind=kind, price=price, quantity=quantity, amount=amount
    )


def book(bids: Levels, asks: Levels) -> MatchingBook:
    made = MatchingBook()
    made.tell(Street(list(bids), list(asks)))
    return made


def prices(matches: list[Match]) -> list[tuple[int, int]]:
    return [(match.price, match.quantity) for match in matches]


def test_a_market_order_walks_the_levels_and_what_is_not_there_is_canceled() -> None:
    bought = order("BUY", Kind.MARKET, 10)

    matches = book([], [(100, 3), (101, 4)]).submit(bought)

    assert prices(matches) == [(100, 3), (101, 4)]
    assert (bought.state, bought.filled, bought.paid) == (State.PARTIALLY_CANCELED, 7, 704)


def test_a_market_order_for_an_amount_buys_whole_steps_of_it() -> None:
    bought = order("BUY", Kind.MARKET, None, amount=1_050)

    assert prices(book([], [(100, 5), (200, 9)]).submit(bought)) == [(100, 5), (200, 2)]
    assert bought.paid == 900


def test_a_limit_order_takes_what_its_price_allows_and_rests_with_the_remainder() -> None:
    made = book([], [(100, 3), (101, 4), (102, 9)])
    bought = order("BUY", Kind.LIMIT, 10, 101)

    assert prices(made.submit(bought)) == [(100, 3), (101, 4)]
    assert (bought.state, made.resting(Side.BUY)) == (State.PARTIALLY_FILLED, [bought])


def test_a_resting_order_fills_at_its_own_price_when_the_market_comes_to_it() -> None:
    made = book([(98, 5)], [(100, 5)])
    bought = order("BUY", Kind.LIMIT, 6, 99)
    assert made.submit(bought) == []

    assert prices(made.tell(Street([(96, 5)], [(97, 4), (98, 1), (100, 9)]))) == [(99, 4), (99, 1)]
    assert bought.state is State.PARTIALLY_FILLED
    assert prices(made.tell(Street([(96, 5)], [(99, 4)]))) == [(99, 1)]
    assert (bought.state, made.resting(Side.BUY)) == (State.FILLED, [])


@pytest.mark.parametrize(("there", "state", "filled"), [(5, State.FILLED, 5), (4, State.CANCELED, 0)])
def test_fill_or_kill_takes_all_or_nothing(there: int, state: State, filled: int) -> None:
    bought = order("BUY", Kind.FILL_OR_KILL, 5, 101)

    book([], [(100, 2), (101, there - 2), (102, 9)]).submit(bought)

    assert (bought.state, bought.filled) == (state, filled)


def test_immediate_or_cancel_leaves_nothing_in_the_book() -> None:
    made = book([], [(100, 2), (102, 9)])
    bought = order("BUY", Kind.IMMEDIATE_OR_CANCEL, 5, 101)

    assert prices(made.submit(bought)) == [(100, 2)]
    assert (bought.state, made.resting(Side.BUY)) == (State.PARTIALLY_CANCELED, [])


def test_post_only_rests_or_is_canceled_where_it_would_take() -> None:
    made = book([(98, 1)], [(100, 1)])
    taking, resting = order("BUY", Kind.LIMIT_MAKER, 1, 100), order("BUY", Kind.LIMIT_MAKER, 1, 99)

    assert made.submit(taking) == made.submit(resting) == []
    assert (taking.state, resting.state, made.resting(Side.BUY)) == (State.CANCELED, State.NEW, [resting])


def test_at_one_price_the_street_comes_first_and_then_the_older_order() -> None:
    made = book([], [(105, 9)])
    young, old, better = (order("SELL", Kind.LIMIT, 2, price) for price in (101, 101, 100))
    for one in (old, young, better):
        made.submit(one)
    made.street = Street([], [(101, 3)])

    matches = made.submit(order("BUY", Kind.LIMIT, 8, 101))

    assert [(match.maker, match.quantity) for match in matches] == [(better, 2), (None, 3), (old, 2), (young, 1)]


def test_what_was_taken_of_a_level_is_gone_until_the_market_tells_anew() -> None:
    made = book([], [(100, 3)])
    first, second = order("BUY", Kind.MARKET, 3), order("BUY", Kind.MARKET, 3)
    made.submit(first)
    made.submit(second)
    assert (first.filled, second.filled) == (3, 0)

    made.tell(Street([], [(100, 3)]))
    again = order("BUY", Kind.MARKET, 3)
    made.submit(again)

    assert again.filled == 3


def test_a_canceled_order_trades_no_more_and_can_be_canceled_once() -> None:
    made = book([], [(100, 3)])
    bought = order("BUY", Kind.LIMIT, 2, 99)
    made.submit(bought)

    assert (made.cancel(bought), made.cancel(bought)) == (True, False)
    assert made.tell(Street([], [(90, 9)])) == []


levels = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9)), max_size=4)
orders = st.tuples(
    st.sampled_from(["BUY", "SELL"]), st.sampled_from(list(Kind)), st.integers(1, 9), st.integers(90, 110)
)
streets = st.tuples(st.integers(94, 104), levels, levels)


def told(middle: int, below: Levels, above: Levels) -> Street:
    """A street whose sides do not cross, each price once."""
    bids = sorted({middle - far: size for far, size in below}.items(), reverse=True)
    asks = sorted({middle + far: size for far, size in above}.items())
    return Street(list(bids), list(asks))


@given(st.lists(st.one_of(orders, streets, st.integers(0, 30)), max_size=40))
def test_whatever_happens_no_order_trades_beyond_its_price_or_quantity_and_the_book_never_crosses(
    steps: list[tuple[str, Kind, int, int] | tuple[int, Levels, Levels] | int],
) -> None:
    made, known, traded = MatchingBook(), [], 0
    for step in steps:
        matches: list[Match] = []
        if isinstance(step, int):
            if known:
                made.cancel(known[step % len(known)])
        elif isinstance(step[0], int):
            matches = made.tell(told(*step))  # type: ignore[arg-type]
        else:
            side, kind, quantity, price = step
            known.append(order(side, kind, quantity, None if kind is Kind.MARKET else price))  # type: ignore[arg-type]
            matches = made.submit(known[-1])
        for match in matches:
            for one in (match.taker, match.maker):
                if one is not None:
                    traded += match.quantity
                    assert one.price is None or (match.price - one.price) * (1 if one.side is Side.BUY else -1) <= 0
        _whole(made, known)

    assert sum(one.filled for one in known) == traded


def _whole(made: MatchingBook, known: list[SimOrder]) -> None:
    resting = [*made.resting(Side.BUY), *made.resting(Side.SELL)]
    assert {id(one) for one in resting} == {id(one) for one in known if one.open}
    assert all(one.filled <= (one.quantity or 0) for one in known)
    assert all(not one.filled or one.filled == one.quantity for one in known if one.kind is Kind.FILL_OR_KILL)
    bids = [one.price for one in made.resting(Side.BUY)] + [price for price, _ in made.street.bids]
    asks = [one.price for one in made.resting(Side.SELL)] + [price for price, _ in made.street.asks]
    assert not bids or not asks or max(bids) < min(asks)  # type: ignore[type-var]

"""Walking a book: never better than what is shown, never more, no better for the larger order, never past the limit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.rules.book_walk import BookLevel
from execution.rules.fill_evidence import QUOTE, WALK, AskedOrder, NotDerivable, derived, evidence
from execution.rules.fill_model import Answer, Book, DepthUnknown, fill, is_enough
from tests.builders import make_book, make_model, make_rules

ASKS = "5 @ 100; 7 @ 100.02; 20 @ 100.1"
BIDS = "5 @ 99; 7 @ 98.98; 20 @ 98.9"


def buy(quantity: str, *, limit: str | None = "101", **changes: Any) -> Answer:
    values = {"book": make_book(asks=ASKS, ask_quantity="5"), "rules": make_rules(), "model": make_model()} | changes
    limit_price = Decimal(limit) if limit else None
    return fill(side="BUY", quantity=Decimal(quantity), limit_price=limit_price, reduce_only=False, **values)


def sell(quantity: str, **changes: Any) -> Answer:
    values = {"book": make_book(bids=BIDS, bid_quantity="5"), "rules": make_rules(), "model": make_model()} | changes
    return fill(side="SELL", quantity=Decimal(quantity), limit_price=None, reduce_only=True, **values)


def trades(answer: Answer) -> list[str]:
    return [f"{one.quantity.normalize():f} @ {one.price.normalize():f}" for one in answer.executions]


def filled(answer: Answer) -> Decimal:
    return sum((one.quantity for one in answer.executions), Decimal(0))


def test_an_order_takes_level_after_level_an_execution_each() -> None:
    assert trades(buy("10")) == ["5 @ 100", "5 @ 100.02"]
    assert trades(sell("10")) == ["5 @ 99", "5 @ 98.98"]


def test_every_level_pays_its_own_fee() -> None:
    # 5 × 100 × 0.001 = 0.5; 5 × 100.02 × 0.001 = 0.5001
    assert [one.fee for one in buy("10").executions] == [Decimal("0.5"), Decimal("0.5001")]


def test_only_the_levels_that_were_taken_are_kept() -> None:
    assert [level.price for level in buy("10").taken] == [Decimal(100), Decimal("100.02")]


def test_an_entry_ends_at_its_limit_and_with_what_is_shown() -> None:
    assert trades(buy("30", limit="100.05")) == ["5 @ 100", "7 @ 100.02"]
    assert trades(buy("50")) == ["5 @ 100", "7 @ 100.02", "20 @ 100.1"]


def test_an_entry_beyond_the_levels_gets_no_more_though_the_turnover_would_tell_a_depth() -> None:
    book = make_book(asks=ASKS, ask_quantity="5", turnover="1000000000")

    assert filled(buy("500", limit=None, book=book)) == Decimal(32)


def test_a_market_exit_beyond_the_levels_goes_on_below_the_last_by_the_impact_of_its_rest() -> None:
    # depth = 0.01 × 1,000,000 = 10,000; rest 68 at 98.9: 6,725.2; 98.9 × (1 − 0.001 × 0.67252) = 98.8335, to 98.83
    assert trades(sell("100"))[-1] == "68 @ 98.83"
    # A last level of less than a step cannot be sold to, and what is left goes on below it all the same.
    thin = make_book(bids="5 @ 99; 0.5 @ 90", bid_quantity="5")
    # rest 3 at 90: 270; 90 × (1 − 0.001 × 0.027) = 89.99757
    assert trades(sell("8", book=thin, rules=make_rules(step="1"))) == ["5 @ 99", "3 @ 89.99"]


def test_of_an_exit_beyond_the_levels_the_rest_lapses_where_no_depth_is_known() -> None:
    book = make_book(bids=BIDS, bid_quantity="5", turnover=None)

    assert trades(sell("100", book=book)) == ["5 @ 99", "7 @ 98.98", "20 @ 98.9"]
    assert is_enough(book, side="SELL", quantity=Decimal(100))


def test_a_level_better_than_the_quote_is_not_counted() -> None:
    # The quote is the newer one perhaps: what was offered at 99.9 is gone.
    book = make_book(ask="100", ask_quantity="5", asks="9 @ 99.9; 7 @ 100.02")

    assert trades(buy("20", book=book)) == ["7 @ 100.02"]


def test_at_the_quoted_price_the_smaller_of_two_quantities_counts() -> None:
    assert trades(buy("5", book=make_book(asks="5 @ 100; 7 @ 100.02", ask_quantity="2"))) == ["2 @ 100", "3 @ 100.02"]
    assert trades(buy("5", book=make_book(asks="2 @ 100; 7 @ 100.02", ask_quantity="5"))) == ["2 @ 100", "3 @ 100.02"]


def test_levels_that_are_all_better_than_the_quote_leave_the_quote_alone() -> None:
    book = make_book(ask="100", ask_quantity="5", asks="9 @ 99.9")

    assert trades(buy("5", book=book)) == ["5 @ 100"]
    assert not buy("5", book=book).taken


def test_what_is_less_than_a_step_is_passed_over_and_a_price_off_the_grid_rounded_against_us() -> None:
    rules = make_rules(step="1")
    book = make_book(asks="0.5 @ 100; 7 @ 100.021", bids="0.5 @ 99; 7 @ 98.989", ask_quantity="5", bid_quantity="5")

    assert trades(buy("3", book=book, rules=rules)) == ["3 @ 100.03"]
    assert trades(sell("3", book=book, rules=rules)) == ["3 @ 98.98"]


def test_a_book_whose_best_level_lies_past_the_limit_gives_nothing() -> None:
    assert buy("5", limit="99.99") == Answer()


levels = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 5000)), min_size=1, max_size=20, unique_by=lambda level: level[0]
)
orders = {"count": st.integers(1, 10**6), "step": st.sampled_from(["1", "0.01", "0.0001"])}


def ladder(drawn: list[tuple[int, int]], *, side: str) -> Book:
    """A book of up to 20 levels in hundredths away from 100 (asks) or 99 (bids)."""
    sign, best = (1, Decimal(100)) if side == "BUY" else (-1, Decimal(99))
    rungs = tuple(
        BookLevel(best + sign * Decimal(away) / 100, Decimal(quantity) / 10) for away, quantity in sorted(drawn)
    )
    book = make_book(ask_quantity=None, bid_quantity=None)
    return Book(
        bid=book.bid, ask=book.ask, bid_quantity=None, ask_quantity=None, quote_volume_24h=Decimal(1_000_000),
        asks=rungs if side == "BUY" else (), bids=rungs if side == "SELL" else (),
    )  # fmt: skip


def cheapest(rungs: tuple[BookLevel, ...], quantity: Decimal) -> Decimal:
    """What `quantity` costs (or brings) at best, over the levels as they are shown."""
    cost = Decimal(0)
    for rung in rungs:
        part = min(quantity, rung.quantity)
        cost, quantity = cost + part * rung.price, quantity - part
    return cost


@given(drawn=levels, limit=st.decimals("99.5", "104", places=2), **orders)
def test_an_entry_is_never_better_than_the_shown_walk_never_more_and_never_past_its_limit(
    drawn: list[tuple[int, int]], limit: Decimal, count: int, step: str
) -> None:
    book, wanted = ladder(drawn, side="BUY"), count * Decimal(step)

    answer = buy(str(wanted), limit=str(limit), book=book, rules=make_rules(step=step, min_notional="0"))

    within = sum((rung.quantity for rung in book.asks if rung.price <= limit), Decimal(0))
    got = filled(answer)
    assert got <= min(wanted, within)
    assert sum(one.price * one.quantity for one in answer.executions) >= cheapest(book.asks, got)
    assert all(one.price <= limit and one.quantity % Decimal(step) == 0 for one in answer.executions)


@given(drawn=levels, **orders)
def test_an_exit_takes_all_and_is_never_better_than_the_shown_walk(
    drawn: list[tuple[int, int]], count: int, step: str
) -> None:
    book, wanted = ladder(drawn, side="SELL"), count * Decimal(step)

    answer = sell(str(wanted), book=book, rules=make_rules(step=step))

    deepest = (*book.bids, BookLevel(book.bids[-1].price, wanted))
    assert filled(answer) == wanted
    assert sum(one.price * one.quantity for one in answer.executions) <= cheapest(deepest, wanted)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@given(drawn=levels, more=st.integers(1, 10**5), **orders)
def test_a_larger_order_gets_no_less_and_no_better_a_price(
    side: str, drawn: list[tuple[int, int]], more: int, count: int, step: str
) -> None:
    book, rules = ladder(drawn, side=side), make_rules(step=step, min_notional="0")
    small, large = count * Decimal(step), (count + more) * Decimal(step)

    if side == "BUY":
        answers = [buy(str(size), limit=None, book=book, rules=rules) for size in (small, large)]
    else:
        answers = [sell(str(size), book=book, rules=rules) for size in (small, large)]

    less, much = ([(one.price, one.quantity) for one in answer.executions] for answer in answers)
    assert filled(answers[0]) <= filled(answers[1])
    assert [price for price, _ in less][:-1] == [price for price, _ in much][: max(0, len(less) - 1)]
    if less:
        worse = max if side == "BUY" else min
        assert worse(price for price, _ in much) == worse(price for price, _ in [*less, *much])


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("of_levels", [True, False])
@given(
    drawn=levels,
    limit=st.none() | st.decimals("99.5", "104", places=2),
    quoted=st.none() | st.decimals(0, 300, places=3),
    turnover=st.none() | st.integers(0, 10**9),
    impact=st.decimals(0, 500, places=1),
    **orders,
)
def test_a_fill_follows_from_what_is_stored_with_it_to_the_last_digit(
    side: str, of_levels: bool, drawn: Any, limit: Any, quoted: Any, turnover: Any, impact: Any, count: int, step: str
) -> None:
    shown = ladder(drawn, side=side)
    book = Book(
        bid=shown.bid, ask=shown.ask, bid_quantity=quoted, ask_quantity=quoted,
        quote_volume_24h=Decimal(turnover) if turnover is not None else None, stored_volume_24h=Decimal(777_777),
        asks=shown.asks if of_levels else (), bids=shown.bids if of_levels else (),
    )  # fmt: skip
    rules, model = make_rules(step=step, fee="0.00037"), make_model(impact_bps=str(impact), depth_share="0.0033")
    asked = AskedOrder(
        side=side,
        quantity=count * Decimal(step),
        limit_price=limit if side == "BUY" else None,
        reduce_only=side == "SELL",
    )
    try:
        answer = fill(
            side=side, quantity=asked.quantity, limit_price=asked.limit_price, reduce_only=asked.reduce_only,
            book=book, rules=rules, model=model,
        )  # fmt: skip
    except DepthUnknown:
        return

    kind = WALK if answer.taken else QUOTE
    stated = evidence(kind, asked, book=book, rules=rules, model=model, levels=answer.taken)

    if answer.executions:
        assert derived(json.loads(json.dumps(stated))) == answer.executions
        assert len(stated.get("levels", ())) <= max(1, len(drawn))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 1}, "OTHER_MODEL"),
        ({"kind": "GUESS"}, "OTHER_MODEL"),
        ({"price_tick": None}, "UNREADABLE_MODEL"),
        ({"levels": [["100"]]}, "UNREADABLE_MODEL"),
    ],
)
def test_a_model_that_lacks_what_is_needed_is_named_and_not_passed(change: dict[str, Any], reason: str) -> None:
    asked = AskedOrder(side="BUY", quantity=Decimal(2), limit_price=None, reduce_only=False)
    stated = evidence(QUOTE, asked, book=make_book(), rules=make_rules(), model=make_model(), levels=())

    with pytest.raises(NotDerivable, match=reason):
        derived(stated | change)


@pytest.mark.parametrize(("stated", "reason"), [({}, "NO_MODEL"), ({"bid": "99", "ask": "100"}, "OLDER_MODEL")])
def test_a_model_from_before_there_were_versions_is_not_derivable(stated: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotDerivable, match=reason):
        derived(stated)

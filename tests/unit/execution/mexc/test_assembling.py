"""What is known of one order, however it comes: twice, late, in any order, from pushes and from REST."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.venues.mexc.assembling import CANCELED_THERE, Contradiction, KnownOrder
from execution.venues.mexc.rows import CANCELED, FILLED, LIMIT, NEW, PARTIALLY_CANCELED, PARTIALLY_FILLED, ExchangeOrder
from tests.unit.execution.mexc.rows_of import NAME, ORDER_ID, make_order_row, make_trade_row

STORY = [
    make_order_row("0"),
    make_trade_row("t1", "4"),
    make_order_row("4", status=PARTIALLY_FILLED),
    make_trade_row("t2", "6", at_ms=1_795_000_200_001),
    make_order_row("10", status=FILLED),
]


def known(*rows: Any) -> KnownOrder:
    order = KnownOrder(client_order_id=NAME, symbol="SOLUSDT")
    for row in rows:
        order.hear_order(row) if isinstance(row, ExchangeOrder) else order.hear_trade(row)
    return order


def test_of_an_order_that_the_exchange_did_not_name_there_is_no_report() -> None:
    assert known().report() is None


def test_an_order_is_filled_when_its_trades_add_up() -> None:
    report = known(*STORY).report()

    assert report is not None
    assert (report.open, report.canceled, report.venue_order_id) == (False, "", ORDER_ID)
    assert [(trade.trade_id, trade.quantity) for trade in report.trades] == [("t1", 4), ("t2", 6)]


def test_an_order_at_its_end_stays_open_while_a_trade_is_missing() -> None:
    order = known(*STORY[:2], make_order_row("10", status=FILLED))

    report = order.report()

    assert report is not None
    assert report.open
    assert not order.settled
    order.hear_trade(make_trade_row("t2", "6"))
    assert order.settled


@given(st.permutations([*STORY, *STORY]))
def test_neither_order_nor_repetition_matters(rows: list[Any]) -> None:
    assert known(*rows).report() == known(*STORY).report()


@given(st.permutations(STORY), st.integers(0, 5))
def test_no_part_of_a_story_tells_more_than_the_whole(rows: list[Any], count: int) -> None:
    report = known(*rows[:count]).report()

    whole = known(*STORY).report()
    assert whole is not None
    if report is not None:
        assert set(report.trades) <= set(whole.trades)
        assert report.open or report == whole


def test_what_comes_late_does_not_open_an_order_again() -> None:
    order = known(*STORY, make_order_row("4", status=PARTIALLY_FILLED), make_order_row("0"))

    assert order.whole


def test_an_immediate_order_without_counterpart_has_no_trades_and_nobody_canceled_it() -> None:
    report = known(make_order_row("0", status=CANCELED)).report()

    assert report is not None
    assert (report.trades, report.open, report.canceled, report.rejected) == ((), False, "", "")


def test_the_rest_of_an_immediate_order_lapses() -> None:
    report = known(make_trade_row("t1", "4"), make_order_row("4", status=PARTIALLY_CANCELED)).report()

    assert report is not None
    assert (len(report.trades), report.open, report.canceled) == (1, False, "")


@pytest.mark.parametrize(
    ("reason", "taken", "told"),
    [("ORDER_DEADLINE_PASSED", True, "ORDER_DEADLINE_PASSED"), ("X", False, "X"), ("", False, CANCELED_THERE)],
)
def test_a_resting_order_says_who_ended_it(reason: str, taken: bool, told: str) -> None:
    order = known(make_order_row("0", kind=LIMIT), make_order_row("0", kind=LIMIT, status=CANCELED))
    order.cancel_reason, order.cancel_taken = reason, taken

    report = order.report()

    assert report is not None
    assert report.canceled == told


def test_an_immediate_order_that_our_cancel_came_too_late_for_lapsed_by_itself() -> None:
    order = known(make_order_row("0", status=CANCELED))
    order.cancel_reason = "CANCEL_REQUESTED"

    report = order.report()

    assert report is not None
    assert report.canceled == ""


def test_a_fill_that_crossed_our_cancel_is_no_cancel() -> None:
    order = known(make_trade_row("t", "10"), make_order_row("10", kind=LIMIT, status=FILLED))
    order.cancel_reason, order.cancel_taken = "CANCEL_REQUESTED", True

    report = order.report()

    assert report is not None
    assert (report.canceled, report.open) == ("", False)


def test_a_resting_order_is_settled_and_one_we_cancel_is_not_until_it_ended() -> None:
    order = known(make_order_row("0", kind=LIMIT))
    assert order.settled

    order.cancel_taken = True
    assert not order.settled
    assert not known(make_order_row("0")).settled, "an immediate order does not rest"


@pytest.mark.parametrize(
    "rows",
    [
        [make_order_row("4", status=PARTIALLY_CANCELED), make_trade_row("t1", "4"), make_trade_row("t2", "1")],
        [make_order_row("0"), make_trade_row("t1", "11")],
        [make_trade_row("t1", "4"), make_trade_row("t1", "5")],
        [make_order_row("0"), make_order_row("0", order_id="C02__2")],
        [make_order_row("0"), make_order_row("0", side="SELL")],
        [make_order_row("0", symbol="ETHUSDT")],
    ],
)
def test_what_contradicts_itself_is_not_reported(rows: list[Any]) -> None:
    with pytest.raises(Contradiction):
        known(*rows).report()


def test_trades_that_overtake_their_order_are_told_as_open() -> None:
    order = known(make_trade_row("t1", "4"))

    report = order.report()

    assert report is not None
    assert (report.open, order.filled) == (True, Decimal(4))
    assert not order.settled
    order.hear_order(make_order_row("0", status=NEW))
    assert order.filled == Decimal(4)

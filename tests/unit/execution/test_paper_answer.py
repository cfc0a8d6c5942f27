"""What the paper venue answers without its memory: trades by the model, and the same lot for the same name."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from execution.rules.fill_evidence import AskedOrder, derived
from execution.rules.paper_answer import answer_to, asked_by, latency_s, lot, model_of, trades_of
from execution.venues.protocol import Ticket
from tests.builders import make_book, make_model, make_rules

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def ticket(side: str = "BUY", quantity: str = "10", limit_price: str | None = "101") -> Ticket:
    return Ticket(
        client_order_id="one",
        symbol="AAAUSDT",
        side=side,
        quantity=Decimal(quantity),
        limit_price=Decimal(limit_price) if limit_price else None,
        reduce_only=side == "SELL",
    )


def test_the_answer_has_numbered_trades_and_a_model_that_gives_them_again() -> None:
    # 4 are quoted at 100; the other 6 cost 100 × (1 + 10 bps × 600 ÷ 10,000) = 100.006, up to the tick: 100.01
    asked, book, rules, model = asked_by(ticket()), make_book(ask_quantity="4"), make_rules(), make_model()

    answer = answer_to(asked, book, rules, model)

    assert answer is not None
    trades = trades_of("one", answer, fee_asset="USDT", executed_at=NOON)
    assert [(trade.trade_id, trade.quantity, trade.price) for trade in trades] == [
        ("one-1", Decimal(4), Decimal(100)),
        ("one-2", Decimal(6), Decimal("100.01")),
    ]
    assert {(trade.fee_asset, trade.executed_at) for trade in trades} == {("USDT", NOON)}
    assert derived(model_of(asked, answer, book, rules, model)) == answer.executions


def test_a_book_without_the_depth_it_needs_gives_no_answer() -> None:
    book = make_book(ask_quantity="4", turnover=None)

    assert answer_to(asked_by(ticket()), book, make_rules(), make_model()) is None
    assert answer_to(asked_by(ticket(quantity="4")), book, make_rules(), make_model()) is not None


def test_the_venue_refuses_what_the_instrument_does_not_take() -> None:
    asked = AskedOrder(side="BUY", quantity=Decimal("0.0005"), limit_price=None, reduce_only=False)

    answer = answer_to(asked, make_book(), make_rules(), make_model())

    assert answer is not None and (answer.rejected, answer.executions) == ("VENUE_QUANTITY_STEP", ())


def test_a_name_draws_the_same_lot_in_every_process() -> None:
    # the first four bytes of its SHA-256, 7692c3ad, of 2^32
    assert lot("one") == Decimal(0x7692C3AD) / 2**32


@given(name=st.text())
def test_an_order_is_on_its_way_for_half_of_the_latency_to_half_as_much_again(name: str) -> None:
    assert 0 <= lot(name) < 1
    assert 0.1 <= latency_s(name, 200) < 0.3

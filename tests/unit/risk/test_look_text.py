"""A look at the market is stored as plain JSON and read back exactly."""

from __future__ import annotations

from decimal import Decimal

import orjson
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from execution.rules.fill_model import Book
from risk.rules.account_state import MarketLook, SymbolMarket
from risk.rules.look_text import book_from, book_json, look_json, marks_json
from risk.rules.portfolio import Mark
from tests.builders import make_book
from tests.clocks import NOON

figures = st.none() | st.decimals(0, 10**9, places=9)
books = st.builds(
    Book,
    bid=st.decimals(0, 10**9, places=9),
    ask=st.decimals(0, 10**9, places=9),
    bid_quantity=figures,
    ask_quantity=figures,
    quote_volume_24h=figures,
    stored_volume_24h=figures,
    quoted_at=st.none() | st.just(NOON),
    last=figures,
)


@given(books)
def test_a_book_survives_json_to_the_last_digit(book: Book) -> None:
    read = book_from(orjson.loads(orjson.dumps(book_json(book))))

    assert read is not None and read == book
    assert str(read.bid) == str(book.bid)


def test_levels_are_not_a_part_of_it() -> None:
    book = make_book(asks="5 @ 100")

    assert book_from(book_json(book)) == replace(book, asks=())


def test_a_look_tells_the_symbol_or_the_marks_and_its_place_where_that_is_known() -> None:
    look = MarketLook(
        market_now=NOON,
        markets={"AAAUSDT": SymbolMarket(book=make_book()), "BBBUSDT": SymbolMarket()},
        marks={"AAAUSDT": Mark(price=Decimal("1.50"), source="BOOK")},
        place="7-1",
    )

    assert look_json(look, "AAAUSDT") == {"book": book_json(make_book()), "place": "7-1"}
    assert look_json(replace(look, place=""), "BBBUSDT") == {"book": None, "place": None}
    assert marks_json(look) == {"marks": {"AAAUSDT": "1.50"}, "place": "7-1"}

"""What decisions, breakers and close-outs keep of what they saw: the look, the account's version, their number."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import execution.queries
from risk import operations
from risk.decision.requests import from_signal
from risk.models import Breaker, CloseOut, Decision
from risk.rules.look_text import book_from
from tests.builders import PAPER, make_quote, plant_signal
from tests.integration.risk.house import House, furnished, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return furnished(tmp_path)


def ask(house: House, *symbols: str) -> list[Decision]:
    """Decide a BUY of each as one batch; all decisions of the account in the order of their numbers."""
    requests = [from_signal(plant_signal(symbol=symbol, ttl_s=10**9)) for symbol in symbols]
    operations.decide_batch(PAPER, requests, marks=house.marks, clock=house.clock)
    return list(Decision.objects.order_by("number"))


def test_decisions_are_numbered_in_the_order_in_which_they_were_made(house: House) -> None:
    first = ask(house, "AAAUSDT", "NONEUSDT")
    again = ask(house, "AAAUSDT")

    assert [(row.number, row.symbol) for row in again] == [(1, "AAAUSDT"), (2, "NONEUSDT"), (3, "AAAUSDT")]
    assert [row.pk for row in again[:2]] == [row.pk for row in first]
    assert execution.queries.account(PAPER).decisions == 3


def test_a_decision_made_twice_takes_no_number(house: House) -> None:
    request = from_signal(plant_signal())

    for _ in range(2):
        operations.decide_batch(PAPER, [request], marks=house.marks, clock=house.clock)

    assert Decision.objects.get().number == 1
    assert execution.queries.account(PAPER).decisions == 1


def test_a_decision_keeps_the_book_it_saw_every_held_mark_and_the_accounts_version(house: House) -> None:
    holding(house)
    house.desk.board.take([make_quote(bid="90", ask="92")], "7-1")
    version = execution.queries.account(PAPER).version

    [row] = ask(house, "BBBUSDT")

    quoted = house.marks.board.quote("BBBUSDT")
    assert quoted is not None and row.look is not None
    assert book_from(row.look["book"]) == quoted.book
    assert row.look["place"] == "7-1"
    assert row.marks == {"AAAUSDT": "91"}
    assert (row.account_version, row.market_now) == (version, house.clock.market_now())


def test_the_marks_are_a_batchs_and_stand_with_its_first_decision(house: House) -> None:
    holding(house)

    ask(house, "BBBUSDT", "AAAUSDT")
    rows = ask(house, "BBBUSDT")

    assert [row.marks for row in rows] == [{"AAAUSDT": "100"}, None, {"AAAUSDT": "100"}]


def test_a_symbol_that_was_never_quoted_has_a_look_without_a_book(house: House) -> None:
    [row] = ask(house, "NONEUSDT")

    assert (row.look, row.marks) == ({"book": None, "place": None}, {})


def test_a_breaker_keeps_the_book_of_its_symbol_or_the_marks_of_the_account(house: House) -> None:
    holding(house)

    house.look(spreads_bps={"BBBUSDT": Decimal(101)}, orders_last_minute=301)

    about = {row.kind: row.look for row in Breaker.objects.all()}
    assert about["SPREAD"]["book"]["bid"] == "100"
    assert about["ORDER_RATE"]["marks"] == {"AAAUSDT": "100"}


def test_a_close_out_for_loss_keeps_the_marks_at_which_the_loss_was_seen(house: House) -> None:
    holding(house)
    house.look()
    house.price("49")

    house.look()

    close_out = CloseOut.objects.get()
    assert close_out.look == {"marks": {"AAAUSDT": "49"}, "place": None}

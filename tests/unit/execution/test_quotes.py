"""The age of a quote: counted from its arrival on the monotonic clock, whatever the wall clock is set to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cdb_site.bus import latest
from cdb_site.clock import UNKNOWABLE_AGE_S, from_seconds, iso
from execution.quotes import LOAD_AGAIN_S, QuoteBoard
from tests.builders import make_depth, make_levels, make_quote
from tests.clocks import START_S, SteppingClock


def received(*, after_s: float) -> dict[str, Any]:
    """A quote that the screener received so long after the start, by its wall clock."""
    return make_quote() | {"received_at": iso(from_seconds(START_S + after_s))}


def board_at(clock: SteppingClock, *quotes: dict[str, Any]) -> QuoteBoard:
    board = QuoteBoard(clock=clock, max_age_s=10.0)
    board._loaded = True
    board.take(quotes)
    return board


def age(board: QuoteBoard) -> float:
    quote = board.quote("AAAUSDT")
    assert quote is not None
    return board.age_s(quote)


@pytest.mark.parametrize("step_s", [-40.0, -10.0, 10.0])
def test_a_quote_grows_old_by_the_time_that_passes_whatever_the_wall_clock_is_set_to(step_s: float) -> None:
    clock = SteppingClock()
    board = board_at(clock, received(after_s=-0.25))

    clock.pass_s(30)
    clock.step_s(step_s)

    assert age(board) == pytest.approx(30.25)
    assert board.fresh_book("AAAUSDT") is None


def test_a_quote_from_before_a_step_back_that_arrives_after_it_is_stale_and_not_new() -> None:
    clock = SteppingClock()
    clock.step_s(-30)
    board = board_at(clock, received(after_s=0))

    assert age(board) == UNKNOWABLE_AGE_S
    assert board.fresh_book("AAAUSDT") is None


def test_a_clock_of_another_machine_that_is_a_little_ahead_makes_a_quote_no_younger() -> None:
    board = board_at(SteppingClock(), received(after_s=0.2))

    assert age(board) == pytest.approx(0.2)
    assert board.fresh_book("AAAUSDT") is not None


def test_who_asks_while_the_stored_quotes_are_read_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, answer = threading.Event(), threading.Event()

    def slow() -> dict[str, dict[str, Any]]:
        reading.set()
        assert answer.wait(5)
        return {"AAAUSDT": received(after_s=0)}

    monkeypatch.setattr(latest, "read_quotes", slow)
    board = QuoteBoard(clock=SteppingClock(), max_age_s=10.0)
    with ThreadPoolExecutor(2) as asking:
        watcher = asking.submit(board.quote, "AAAUSDT")
        assert reading.wait(5)
        decision = asking.submit(board.quote, "AAAUSDT")
        early = decision.done() or threading.Event().wait(0.1) or decision.done()
        answer.set()

    assert not early
    assert watcher.result() is decision.result() is not None


def test_while_redis_is_away_it_is_asked_now_and_then_and_takes_no_newer_quote_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, asked = SteppingClock(), []

    def away() -> dict[str, dict[str, Any]]:
        asked.append("away")
        raise ConnectionError("gone")

    monkeypatch.setattr(latest, "read_quotes", away)
    board = QuoteBoard(clock=clock, max_age_s=10.0)
    with pytest.raises(ConnectionError):
        board.quote("AAAUSDT")
    in_between = board.quote("AAAUSDT")
    board.take([received(after_s=1)])
    newer = board.quote("AAAUSDT")
    monkeypatch.setattr(latest, "read_quotes", lambda: {"AAAUSDT": received(after_s=0), "BBBUSDT": received(after_s=0)})
    clock.pass_s(LOAD_AGAIN_S)

    assert (in_between, asked) == (None, ["away"])
    assert board.quote("AAAUSDT") is newer is not None
    assert board.quote("BBBUSDT") is not None


def test_levels_belong_to_the_book_until_they_are_older_than_a_quote_may_be() -> None:
    clock = SteppingClock()
    board = board_at(clock, received(after_s=0))
    levels = make_depth(asks="5 @ 100; 7 @ 100.1", bids="3 @ 99.99")
    board.take_depth([levels | {"received_at": iso(from_seconds(START_S))}])

    young = board.fresh_book("AAAUSDT")
    clock.pass_s(6)
    board.take([received(after_s=6)])
    still = board.fresh_book("AAAUSDT")
    clock.pass_s(5)
    old = board.fresh_book("AAAUSDT")

    assert young is not None and still is not None and old is not None
    assert (young.asks, young.bids) == (make_levels("5 @ 100; 7 @ 100.1"), make_levels("3 @ 99.99"))
    assert (still.asks, old.asks, old.bids) == (young.asks, (), ())


def test_levels_without_a_fresh_quote_are_no_book() -> None:
    clock = SteppingClock()
    board = board_at(clock)
    board.take_depth([make_depth(asks="5 @ 100") | {"received_at": iso(from_seconds(START_S))}])

    assert board.fresh_book("AAAUSDT") is None


def test_what_is_read_while_no_quote_comes_has_the_place_of_the_newest_one() -> None:
    board = board_at(SteppingClock())
    board.take([make_quote(bid="10", ask="11")], "7-0")
    board.take([make_quote(bid="12", ask="13")], "9-0")

    quote, place = board.at_one_place(lambda: board.quote("AAAUSDT"))

    assert quote is not None
    assert (str(quote.book.bid), place) == ("12", "9-0")


def test_what_is_read_while_a_quote_comes_is_read_again() -> None:
    board = board_at(SteppingClock())
    coming = [("3-0", "30"), ("2-0", "20")]
    board.take([make_quote(bid="10", ask="99")], "1-0")

    def read() -> list[str]:
        first = board.quote("AAAUSDT")
        if coming:
            place, bid = coming.pop()
            board.take([make_quote(bid=bid, ask="99")], place)
        second = board.quote("AAAUSDT")
        return [str(quote.book.bid) for quote in (first, second) if quote]

    assert board.at_one_place(read) == (["30", "30"], "3-0")


def test_a_place_that_is_never_the_same_twice_is_not_told() -> None:
    board, places = board_at(SteppingClock()), iter(range(1, 100))

    _, place = board.at_one_place(lambda: board.take([make_quote()], f"{next(places)}-0"))

    assert place == ""

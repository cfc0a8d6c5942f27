"""The paper venue as an exchange: orders that walk its book, rest in it, are on their way, and outlive a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from cdb_site.units import plain
from execution.rules.fill_evidence import derived
from execution.rules.fill_model import Book
from execution.venues.journal import Journal
from execution.venues.paper import PaperVenue
from execution.venues.protocol import Report, Ticket
from tests.builders import make_book, make_model, make_rules

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NAMES = [letter * 32 for letter in "abcdef"]
FIRST, SECOND = NAMES[:2]


@dataclass
class Market:
    """A venue, its journal, and a book that the test changes."""

    path: Path
    book: Book | None = field(default_factory=lambda: make_book(ask_quantity="5", bid_quantity="5"))
    paused: list[float] = field(default_factory=list)
    during_pause: Any = None
    settings: dict[str, Any] = field(default_factory=dict)

    def venue(self, **changed: Any) -> PaperVenue:
        """A venue as a process that starts anew has it."""
        return PaperVenue(
            journal=Journal(self.path),
            model=make_model(),
            quote_asset="USDT",
            now=lambda: NOW,
            book_of=lambda symbol: self.book,
            rules_of=lambda symbol: make_rules(),
            pause=self._pause,
            **{**self.settings, **changed},
        )

    def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        if self.during_pause:
            self.during_pause(len(self.paused))

    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.path.read_bytes().splitlines()]


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path / "journal")


def make_ticket(
    name: str = FIRST, *, quantity: str = "3", limit: str | None = "100", side: str = "BUY", kind: str = "LIMIT"
) -> Ticket:
    return Ticket(
        client_order_id=name,
        symbol="AAAUSDT",
        side=side,
        quantity=Decimal(quantity),
        limit_price=Decimal(limit) if limit else None,
        reduce_only=side == "SELL",
        order_type=kind,
    )


def notes(report: Report) -> list[str]:
    return [f"{plain(one.quantity)} @ {plain(one.price)}" + (" maker" if one.maker else "") for one in report.trades]


def known(venue: PaperVenue, *names: str) -> list[Report]:
    said = venue.query([make_ticket(name) for name in names])
    return [said.known[name] for name in names]


def away(**book: Any) -> Book:
    """A book whose offer lies above the limit."""
    return make_book(ask="101", **{"ask_quantity": "5", "bid_quantity": "5", **book})


def test_an_order_that_walks_the_levels_is_an_execution_each_and_keeps_what_it_touched(market: Market) -> None:
    market.book = make_book(asks="5 @ 100; 7 @ 100.02; 20 @ 100.1", ask_quantity="5")

    [report] = market.venue().submit([make_ticket(quantity="10", limit="101", kind="LIMIT_IOC")])

    assert notes(report) == ["5 @ 100", "5 @ 100.02"]
    assert [trade.trade_id for trade in report.trades] == [f"{FIRST}-1", f"{FIRST}-2"]
    assert (report.model["kind"], report.model["levels"]) == ("WALK", [["100", "5"], ["100.02", "7"]])
    assert not report.open


def test_a_limit_order_rests_and_fills_when_the_offer_comes_down_to_it(market: Market) -> None:
    market.book, venue = away(), market.venue()
    [report] = venue.submit([make_ticket()])

    market.book = make_book(ask="99.5", ask_quantity="5")
    [filled] = venue.look()

    assert (report.open, notes(report)) == (True, [])
    assert (filled.open, notes(filled)) == (False, ["3 @ 100 maker"])
    assert filled.venue_order_id == report.venue_order_id != ""
    assert venue.look() == []


def test_what_crosses_at_once_is_taken_and_the_rest_rests(market: Market) -> None:
    market.book = make_book(asks="2 @ 99.9; 1 @ 100; 9 @ 100.1", ask="99.9", ask_quantity="2")
    venue = market.venue()

    [report] = venue.submit([make_ticket(quantity="10")])

    assert (report.open, notes(report)) == (True, ["2 @ 99.9", "1 @ 100"])
    assert venue.look() == [], "what stands in the book still was taken by itself"


def test_a_partial_fill_leaves_the_rest_open_and_the_next_one_comes_on_top(market: Market) -> None:
    market.book, venue = away(), market.venue()
    venue.submit([make_ticket(quantity="10")])

    market.book = make_book(ask="99.5", ask_quantity="4")
    [first] = venue.look()
    unchanged = venue.look()
    market.book = make_book(ask="99.4", ask_quantity="5")
    [second] = venue.look()
    market.book = make_book(ask="99.3", ask_quantity="50")
    [last] = venue.look()

    assert (first.open, notes(first), unchanged) == (True, ["4 @ 100 maker"], [])
    assert (second.open, len(second.trades), second.trades[0]) == (True, 2, first.trades[0])
    assert (last.open, [trade.quantity for trade in last.trades]) == (False, [4, 5, 1])
    assert [one.quantity for one in derived(last.model)] == [4, 5, 1]


def test_two_that_rest_share_what_is_there_the_better_limit_first(market: Market) -> None:
    market.book, venue = away(), market.venue()
    venue.submit([make_ticket(FIRST, limit="99.8"), make_ticket(SECOND, limit="100")])

    market.book = make_book(ask="99.5", ask_quantity="4")
    venue.look()

    first, second = known(venue, FIRST, SECOND)
    assert (notes(second), notes(first)) == (["3 @ 100 maker"], ["1 @ 99.8 maker"])


def test_trades_since_a_moment_are_those_of_orders_that_came_long_before_too(market: Market) -> None:
    early, late = NOW, NOW + timedelta(hours=1)
    market.book, venue = away(), market.venue()
    venue.submit([make_ticket(FIRST), make_ticket(SECOND, limit="50")])
    venue.submit([make_ticket(NAMES[2], limit="101", kind="LIMIT_IOC")])
    market.book, later = make_book(ask="99.5", ask_quantity="2"), market.venue()
    later.now = lambda: late
    later.look()
    later.cancel([make_ticket(SECOND, limit="50")], "CANCEL_REQUESTED")

    for journal in (later.journal, Journal(market.path)):
        with journal.exclusive():
            named = [[report.client_order_id for report in journal.since(moment)] for moment in (late, early)]
        assert named == [[FIRST], [FIRST, NAMES[2]]]


def test_who_asks_for_a_resting_order_sees_its_progress(market: Market) -> None:
    market.book, venue = away(), market.venue()
    venue.submit([make_ticket()])
    market.book = make_book(ask="99.5", ask_quantity="2")

    [asked] = known(venue, FIRST)

    assert (asked.open, notes(asked)) == (True, ["2 @ 100 maker"])


def test_sent_again_while_it_rests_it_is_answered_as_it_stands_and_rests_once(market: Market) -> None:
    market.book, venue = away(), market.venue()
    venue.submit([make_ticket()])
    market.book = make_book(ask="99.5", ask_quantity="2")
    venue.look()

    [again] = venue.submit([make_ticket()])

    assert (again.open, notes(again)) == (True, ["2 @ 100 maker"])
    assert len(market.lines()) == 2


def test_canceled_it_ends_with_what_it_filled_and_fills_no_more(market: Market) -> None:
    market.book, venue = away(), market.venue()
    venue.submit([make_ticket()])
    market.book = make_book(ask="99.5", ask_quantity="2")
    venue.look()

    said = venue.cancel([make_ticket()], "CANCEL_REQUESTED").known[FIRST]
    market.book = make_book(ask="99", ask_quantity="50")

    assert (said.open, said.canceled, notes(said)) == (False, "CANCEL_REQUESTED", ["2 @ 100 maker"])
    assert venue.look() == []
    assert venue.cancel([make_ticket()], "LATER").known[FIRST] == said, "who was at its end keeps its answer"
    assert venue.submit([make_ticket()]) == [said]
    assert not venue.waits_for({"AAAUSDT"})


def test_a_process_that_starts_anew_fills_what_its_predecessor_left_resting_and_only_once(market: Market) -> None:
    market.book = away()
    market.venue().submit([make_ticket(quantity="10")])
    market.book = make_book(ask="99.5", ask_quantity="4")
    [before] = market.venue().look()

    again = market.venue()
    standing = again.look()
    market.book = make_book(ask="99.4", ask_quantity="50")
    [after] = again.look()

    assert standing == []
    assert (after.trades[0], [trade.quantity for trade in after.trades]) == (before.trades[0], [4, 6])
    assert known(market.venue(), FIRST) == [after]


def test_a_change_that_a_crash_tore_is_made_again_as_if_it_had_not_been(market: Market) -> None:
    market.book = away()
    market.venue().submit([make_ticket()])
    whole = market.path.read_bytes()
    market.book = make_book(ask="99.5", ask_quantity="2")
    market.venue().look()
    changed = market.path.read_bytes()
    market.path.write_bytes(changed[: len(whole) + 40])

    [after] = market.venue().look()

    assert notes(after) == ["2 @ 100 maker"]
    assert market.path.read_bytes() == changed


def test_two_processes_do_not_fill_the_same_rest_twice(market: Market) -> None:
    market.book = away()
    one, other = market.venue(), market.venue()
    one.submit([make_ticket()])
    market.book = make_book(ask="99.5", ask_quantity="2")

    filled = one.look() + other.look() + one.look()

    assert [notes(report) for report in filled] == [["2 @ 100 maker"]]


def test_an_order_that_rests_needs_no_depth_and_one_without_a_book_gets_no_answer(market: Market) -> None:
    market.book = away(turnover=None, ask_quantity=None)
    [rests] = market.venue().submit([make_ticket(FIRST)])
    market.book = None

    assert rests.open
    assert market.venue().submit([make_ticket(SECOND)]) == []
    assert market.venue().look() == [], "no quote, no fill"


def test_a_limit_order_against_the_rules_is_rejected_and_does_not_rest(market: Market) -> None:
    venue = market.venue()

    [report] = venue.submit([make_ticket(quantity="0.0001")])

    assert (report.rejected, report.open) == ("VENUE_QUANTITY_STEP", False)
    assert not venue.waits_for({"AAAUSDT"})


def test_it_waits_for_the_symbols_of_what_rests_and_no_others(market: Market) -> None:
    market.book, venue = away(), market.venue()
    nothing = venue.waits_for({"AAAUSDT"})
    venue.submit([make_ticket()])

    assert (nothing, venue.waits_for({"BBBUSDT"}), venue.waits_for({"BBBUSDT", "AAAUSDT"})) == (False, False, True)


def test_a_resting_sell_fills_at_its_limit_from_the_bid(market: Market) -> None:
    market.book, venue = make_book(bid="99", bid_quantity="5"), market.venue()
    venue.submit([make_ticket(side="SELL", limit="99.5")])

    market.book = make_book(bid="99.7", ask="101", bid_quantity="2")
    [filled] = venue.look()

    assert (filled.open, notes(filled)) == (True, ["2 @ 99.5 maker"])


OLD = (
    b'{"client_order_id":"%s","rejected":"","canceled":"","model":{"bid":"99","ask":"100"},"trades":[{"trade_id":"x-1",'
    b'"price":"100","quantity":"1","fee":"0.1","fee_asset":"USDT","executed_at":"2026-01-02T00:00:00.000000Z"}]}\n'
)
OLDEST = b'{"client_order_id":"%s","rejected":"VENUE_DRAWN_REJECT","model":{},"trades":[]}\n'


def test_a_journal_of_before_is_read_as_it_was_meant(market: Market) -> None:
    market.path.write_bytes(OLD % FIRST.encode() + OLDEST % SECOND.encode())

    first, second = known(market.venue(), FIRST, SECOND)

    assert (notes(first), first.open, first.trades[0].maker) == (["1 @ 100"], False, False)
    assert (second.rejected, second.canceled, second.open) == ("VENUE_DRAWN_REJECT", "", False)


def test_without_latency_nothing_waits(market: Market) -> None:
    market.venue().submit([make_ticket(name, limit="101", kind="LIMIT_IOC") for name in NAMES])

    assert market.paused == []


def latencies(venue: PaperVenue, market: Market, names: Sequence[str]) -> dict[str, float]:
    """How long each is on its way, sent alone."""
    taken = {}
    for name in names:
        market.paused.clear()
        venue.submit([make_ticket(name, limit="101", kind="LIMIT_IOC")])
        taken[name] = sum(market.paused)
    return taken


def test_the_latency_belongs_to_the_order_and_lies_around_what_is_set(market: Market, tmp_path: Path) -> None:
    alone = latencies(market.venue(latency_ms=200), market, NAMES)
    other = Market(tmp_path / "other")
    again = latencies(other.venue(latency_ms=200), other, list(reversed(NAMES)))

    assert alone == again
    assert all(0.1 <= seconds < 0.3 for seconds in alone.values())
    assert len(set(alone.values())) == len(NAMES)


def test_an_order_meets_the_book_that_is_there_when_it_arrives(market: Market) -> None:
    def moves(times: int) -> None:
        market.book = make_book(ask=str(100 + times), ask_quantity="50")

    market.during_pause = moves
    venue = market.venue(latency_ms=200)

    reports = venue.submit([make_ticket(name, limit="110", kind="LIMIT_IOC") for name in NAMES])

    assert [report.client_order_id for report in reports] == NAMES, "answered in the order in which they were sent"
    assert sorted(report.trades[0].price for report in reports) == [101, 102, 103, 104, 105, 106]
    assert sum(market.paused) < 0.3, "they travel at the same time"


def test_while_an_order_is_on_its_way_others_use_the_journal_and_may_be_faster(market: Market) -> None:
    faster: list[Report] = []
    market.during_pause = lambda times: faster.extend(
        Market(market.path, book=make_book(ask="90", ask_quantity="50"))
        .venue()
        .submit([make_ticket(limit="101", kind="LIMIT_IOC")])
    )

    [report] = market.venue(latency_ms=200).submit([make_ticket(limit="101", kind="LIMIT_IOC")])

    assert report == replace(faster[0], venue_order_id=report.venue_order_id)
    assert report.trades[0].price == 90
    assert len(market.lines()) == 1

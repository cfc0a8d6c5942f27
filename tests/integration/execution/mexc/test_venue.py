"""Orders at the exchange: filled, partly, not at all, resting, canceled; and each placed once, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from execution.venues.mexc.venue import MexcTestVenue, MexcVenue
from execution.venues.protocol import Report, Ticket, VenueAnswers, VenueRecords, VenueSilent
from marketdata.mexc.limiter import order_limiter_of
from mexc_sim.trading.matching import State
from tests.integration.execution.mexc.exchange_rig import SYMBOL, ExchangeRig, Heard, eventually


@pytest.fixture
def venue(exchange: ExchangeRig) -> MexcVenue:
    return exchange.venue()


@pytest.fixture
def listening(exchange: ExchangeRig) -> tuple[MexcVenue, Heard]:
    made = exchange.venue()
    return made, Heard(made)


def quantity_of(report: Report) -> Decimal:
    return sum((trade.quantity for trade in report.trades), Decimal(0))


def test_a_market_order_is_filled_and_its_trades_are_the_exchanges(exchange: ExchangeRig, venue: MexcVenue) -> None:
    ticket = exchange.ticket(quantity="2")

    [report] = venue.submit([ticket])

    [placed] = exchange.placed(ticket.client_order_id)
    theirs = [trade for trade in exchange.account.trades if trade.placed is placed]
    assert [(trade.trade_id, trade.price, trade.quantity, trade.fee, trade.fee_asset) for trade in report.trades] == [
        (trade.trade_id, trade.price, trade.quantity, trade.fee, trade.fee_asset) for trade in theirs
    ]
    assert (report.open, report.rejected, report.canceled) == (False, "", "")
    assert report.venue_order_id == placed.order.order_id
    assert report.trades[0].fee_asset == "SOL"


def test_with_its_stream_a_venue_needs_no_rest_for_a_fill(
    exchange: ExchangeRig, listening: tuple[MexcVenue, Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, _ = listening
    rest = venue.account.rest()

    async def not_asked(*_: object, **__: object) -> None:
        raise AssertionError("REST was asked for what the stream had told")

    monkeypatch.setattr(rest, "order", not_asked)
    monkeypatch.setattr(rest, "trades_page", not_asked)
    [report] = venue.submit([exchange.ticket("SELL", "3")])

    assert (report.open, quantity_of(report)) == (False, 3)
    assert report.trades[0].fee_asset == "USDT"


def test_an_immediate_order_without_counterpart_lapses(exchange: ExchangeRig, venue: MexcVenue) -> None:
    [report] = venue.submit([exchange.priced("0.9")])

    assert (report.trades, report.open, report.canceled, report.rejected) == ((), False, "", "")


def test_an_immediate_order_takes_what_there_is_and_the_rest_lapses(exchange: ExchangeRig, venue: MexcVenue) -> None:
    exchange.account.balances.change("USDT", free=Decimal(10**9), why="DEPOSIT")
    ticket = exchange.priced("1.0005", quantity="100000")

    [report] = venue.submit([ticket])

    [placed] = exchange.placed(ticket.client_order_id)
    assert 0 < quantity_of(report) < 100_000
    assert quantity_of(report) == placed.filled
    assert (report.open, report.canceled) == (False, "")
    assert max(trade.price for trade in report.trades) <= ticket.limit_price


def test_many_orders_are_sent_together_and_exits_first(
    exchange: ExchangeRig, listening: tuple[MexcVenue, Heard]
) -> None:
    venue, _ = listening
    entries = [exchange.ticket("BUY", "1") for _ in range(6)]
    exits = [exchange.ticket("SELL", "1") for _ in range(3)]

    reports = venue.submit([*entries, *exits])

    assert {report.client_order_id for report in reports} == {one.client_order_id for one in [*entries, *exits]}
    assert all(quantity_of(report) == 1 for report in reports)


def test_thirty_orders_of_one_close_find_room_before_they_are_too_old(exchange: ExchangeRig) -> None:
    venue = exchange.venue(order_limiter=order_limiter_of(f"http://{uuid4().hex}"))
    begun, tickets = time.monotonic(), [exchange.ticket("SELL" if n > 27 else "BUY", "1") for n in range(30)]

    reports = venue.submit(tickets)

    assert 2 < time.monotonic() - begun < 4
    assert len(reports) == 30
    first = sorted(exchange.account.orders.values(), key=lambda order: order.created_ms)[-30:][:2]
    assert [order.asked.side for order in first] == ["SELL", "SELL"], "exits do not wait behind entries"


def test_what_the_exchange_will_not_take_is_rejected_with_a_reason(exchange: ExchangeRig, venue: MexcVenue) -> None:
    wrong = {
        "VENUE_MINIMUM_NOTIONAL": exchange.ticket(symbol="ADAUSDT", quantity="1"),
        "VENUE_UNKNOWN_SYMBOL": exchange.ticket(symbol="NONEUSDT"),
        "VENUE_INSUFFICIENT_BALANCE": exchange.ticket("SELL", "900000"),
    }

    reports = {report.client_order_id: report.rejected for report in venue.submit(list(wrong.values()))}

    assert reports == {ticket.client_order_id: reason for reason, ticket in wrong.items()}


@pytest.mark.parametrize("wrong", [{"key": "mx0nobodys"}, {"secret": "another" * 5}])
def test_with_a_wrong_key_orders_are_rejected_and_questions_unanswered(
    exchange: ExchangeRig, wrong: dict[str, str]
) -> None:
    stranger, ticket = exchange.venue(**wrong), exchange.ticket()

    [report] = stranger.submit([ticket])
    said = stranger.query([ticket])

    assert report.rejected == "VENUE_BAD_KEY"
    assert exchange.placed(ticket.client_order_id) == []
    assert (said.known, said.absent) == ({}, frozenset()), "a refused question is no answer"


def test_a_resting_order_is_open_and_its_fill_comes_over_the_stream(
    exchange: ExchangeRig, listening: tuple[MexcVenue, Heard]
) -> None:
    venue, heard = listening
    ticket = exchange.priced("0.97", order_type="LIMIT", quantity="5")

    [report] = venue.submit([ticket])
    assert (report.open, report.trades) == (True, ())
    exchange.fault("crash", symbols=[SYMBOL], size=0.1)

    eventually(lambda: (last := heard.last(ticket.client_order_id)) and not last.open)
    last = heard.last(ticket.client_order_id)
    assert last is not None
    assert (quantity_of(last), last.canceled) == (5, "")
    assert all(trade.maker for trade in last.trades)


def test_an_order_that_was_canceled_keeps_its_reason(exchange: ExchangeRig, venue: MexcVenue) -> None:
    ticket = exchange.priced("0.8", order_type="LIMIT", quantity="5")
    venue.submit([ticket])

    said = venue.cancel([ticket], "ORDER_DEADLINE_PASSED")

    report = said.known[ticket.client_order_id]
    assert (report.canceled, report.open, report.trades) == ("ORDER_DEADLINE_PASSED", False, ())
    assert exchange.placed(ticket.client_order_id)[0].state is State.CANCELED
    assert venue.cancel([ticket], "AGAIN").known[ticket.client_order_id].open is False


def test_one_that_filled_before_the_cancel_keeps_its_fill(exchange: ExchangeRig, venue: MexcVenue) -> None:
    ticket = exchange.ticket(quantity="2")
    venue.submit([ticket])

    report = exchange.venue().cancel([ticket], "CANCEL_REQUESTED").known[ticket.client_order_id]

    assert (quantity_of(report), report.canceled, report.open) == (2, "", False)


def test_an_order_of_nobody_is_absent_to_query_and_cancel(exchange: ExchangeRig, venue: MexcVenue) -> None:
    ticket = exchange.ticket()

    assert venue.query([ticket]).absent == {ticket.client_order_id}
    assert venue.cancel([ticket], "CANCEL_REQUESTED").absent == {ticket.client_order_id}


def test_another_process_reads_the_same_report(exchange: ExchangeRig, venue: MexcVenue) -> None:
    ticket = exchange.ticket(quantity="2")
    [report] = venue.submit([ticket])

    assert exchange.venue().query([ticket]).known == {ticket.client_order_id: report}


def test_two_processes_with_the_same_order_place_it_once(exchange: ExchangeRig) -> None:
    venues = [exchange.venue() for _ in range(4)]
    for _ in range(5):
        ticket = exchange.ticket(quantity="1")
        with ThreadPoolExecutor(len(venues)) as pool:
            sending = [pool.submit(venue.submit, [ticket]) for venue in venues]
        reports = [report for sent in sending for report in sent.result()]

        assert len(exchange.placed(ticket.client_order_id)) == 1
        assert reports
        assert {quantity_of(report) for report in reports if not report.open} <= {Decimal(1)}


def test_an_order_that_is_sent_again_after_its_lease_is_asked_for_first(
    exchange: ExchangeRig, venue: MexcVenue
) -> None:
    ticket = exchange.ticket(quantity="1", claimed_at=exchange.ticket().claimed_at - timedelta(seconds=2.5))
    [first] = venue.submit([ticket])

    [again] = exchange.venue().submit([replace(ticket, claimed_at=ticket.claimed_at + timedelta(seconds=6))])

    assert again == first
    assert len(exchange.placed(ticket.client_order_id)) == 1


def test_an_order_whose_claim_is_old_is_never_sent(exchange: ExchangeRig, venue: MexcVenue) -> None:
    ticket = exchange.ticket(claimed_at=exchange.ticket().claimed_at - timedelta(seconds=3.2))

    assert venue.submit([ticket]) == []
    assert exchange.placed(ticket.client_order_id) == []
    assert venue.query([ticket]).absent == {ticket.client_order_id}


def test_a_paused_sender_is_refused_by_the_exchange_itself(
    exchange: ExchangeRig, venue: MexcVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("execution.venues.mexc.asking.Asking._still_in_time", lambda *_: None)
    ticket = exchange.ticket(claimed_at=exchange.ticket().claimed_at - timedelta(seconds=3.2))

    assert venue.submit([ticket]) == []
    assert exchange.placed(ticket.client_order_id) == []


def test_the_exchanges_lists_tell_what_is_open_what_was_traded_and_what_there_is(
    exchange: ExchangeRig, venue: MexcVenue
) -> None:
    since = exchange.ticket().claimed_at
    resting = exchange.priced("0.8", order_type="LIMIT")
    traded = exchange.ticket(quantity="1")
    venue.submit([resting, traded])

    records = venue.records({SYMBOL, "ETHUSDT"}, since)

    assert resting.client_order_id in {order.client_order_id for order in records.orders if order.open}
    assert {(one.client_order_id, one.side, one.trade.quantity) for one in records.trades} == {
        (traded.client_order_id, "BUY", 1)
    }
    theirs = exchange.account.balances.by_asset
    assert records.balances == {asset: has.free + has.locked for asset, has in theirs.items() if has.free + has.locked}
    assert theirs["USDT"].locked > 0
    elsewhere = venue.records(["ETHUSDT"], since)
    assert (elsewhere.orders, elsewhere.trades) == ((), ())
    assert venue.records([], since).balances == records.balances
    venue.cancel([resting], "CANCEL_REQUESTED")


def test_lists_that_cannot_be_read_are_told_as_silence(exchange: ExchangeRig) -> None:
    stranger = exchange.venue(key="mx0nobodys")

    with pytest.raises(VenueSilent, match="10072"):
        stranger.records([SYMBOL], exchange.ticket().claimed_at)


def test_trades_are_read_over_several_pages(exchange: ExchangeRig, venue: MexcVenue) -> None:
    since = exchange.ticket().claimed_at
    for count in range(9):
        venue.submit([exchange.ticket("BUY" if count % 2 else "SELL", "1") for _ in range(25)])

    trades = venue.records([SYMBOL], since).trades

    theirs = [trade for trade in exchange.account.trades if trade.at_ms >= since.timestamp() * 1000]
    assert len(theirs) > 200
    assert sorted(one.trade.trade_id for one in trades) == sorted(trade.trade_id for trade in theirs)


class RememberingPaper:
    """A paper venue that remembers what it was sent."""

    name = "PAPER"

    def __init__(self) -> None:
        self.seen: dict[str, Report] = {}

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        for ticket in tickets:
            name = ticket.client_order_id
            self.seen.setdefault(name, Report(client_order_id=name, model={"by": "paper"}))
        return [self.seen[ticket.client_order_id] for ticket in tickets]

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        names = {ticket.client_order_id for ticket in tickets}
        known = {name: report for name, report in self.seen.items() if name in names}
        return VenueAnswers(known, names - known.keys())

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        return self.query(tickets)

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        return VenueRecords()


def test_a_test_order_is_judged_by_the_exchange_and_filled_on_paper(exchange: ExchangeRig) -> None:
    paper = RememberingPaper()
    venue = MexcTestVenue(exchange.client(), paper)
    exchange.ends(venue.close)
    good, bad = exchange.ticket(), exchange.ticket(symbol="NONEUSDT")

    reports = {report.client_order_id: report for report in venue.submit([good, bad])}

    assert reports[good.client_order_id].model == {"by": "paper"}
    assert reports[bad.client_order_id].rejected == "VENUE_UNKNOWN_SYMBOL"
    assert exchange.placed(good.client_order_id) == []
    exchange.fault("rest_5xx", share=1)
    assert venue.submit([exchange.ticket()]) == []
    assert venue.submit([good]) == [reports[good.client_order_id]], "what paper has answered is not judged again"

"""The books beside the venue's own lists: missing is booked once, different halts, strange is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cdb_site.alerts.models import Alert
from cdb_site.clock import Clock
from execution import booking, claims, gate, queries, reconcile
from execution.models import Account, ExternalOrder, Fill, Order, Reconciliation, VenueBaseline
from execution.operations import Refused
from execution.order_gateway import Desk, ticket_of
from execution.venues.protocol import (
    Report,
    Ticket,
    Trade,
    VenueAnswers,
    VenueOrder,
    VenueRecords,
    VenueSilent,
    VenueTrade,
)
from tests.builders import PAPER, make_board, make_desk, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()
Result = Reconciliation.Result


class ListVenue:
    """A venue with orders, trades and balances of its own, that answers what it is told to."""

    name = "LISTS"

    def __init__(self) -> None:
        self.orders: dict[str, VenueOrder] = {}
        self.trades: dict[str, list[VenueTrade]] = {}
        self.balances: dict[str, Decimal] | None = None
        self.silent = False
        self.canceled: list[str] = []
        self.since: list[datetime] = []
        self.asked: list[Collection[str] | None] = []

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        return []

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        self.canceled += [ticket.client_order_id for ticket in tickets]
        return VenueAnswers(
            {ticket.client_order_id: self._report(ticket.client_order_id, reason) for ticket in tickets}
        )

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        names = {ticket.client_order_id for ticket in tickets}
        known = {name: self._report(name, "") for name in names if name in self.orders}
        return VenueAnswers(known, names - known.keys())

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        if self.silent:
            raise VenueSilent("HTTP 503")
        self.since.append(since)
        self.asked.append(trades_of)
        listed = [one for of_order in self.trades.values() for one in of_order if one.trade.executed_at >= since]
        trades = [one for one in listed if self.balances is None or one.symbol in (trades_of or ())]
        return VenueRecords(orders=tuple(self.orders.values()), trades=tuple(trades), balances=self.balances)

    def trade(self, name: str, quantity: str, *, side: str = "BUY", of: str = "1", order_id: str = "") -> None:
        """So much of an order of `of` units trades at 100."""
        number = len(self.trades.get(name, [])) + 1
        trade = Trade(
            trade_id=f"{name}-{number}", price=Decimal(100), quantity=Decimal(quantity), fee=Decimal(0),
            fee_asset="USDT", executed_at=datetime.now(UTC),
        )  # fmt: skip
        common = {"venue_order_id": order_id or f"v{name}", "client_order_id": name, "symbol": "AAAUSDT", "side": side}
        self.trades.setdefault(name, []).append(VenueTrade(trade=trade, **common))
        filled = sum(one.trade.quantity for one in self.trades[name])
        self.orders[name] = VenueOrder(
            quantity=Decimal(of), filled_quantity=filled, open=filled < Decimal(of), **common
        )

    def _report(self, name: str, canceled: str) -> Report:
        order = self.orders[name]
        trades = tuple(one.trade for one in self.trades.get(name, []))
        return Report(client_order_id=name, trades=trades, open=order.open and not canceled, canceled=canceled)


@pytest.fixture
def venue() -> ListVenue:
    return ListVenue()


@pytest.fixture
def desk(tmp_path: Path, venue: ListVenue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(reconcile, "LOOK_AGAIN_S", 0.01)
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path, board=make_board())
    desk.venue = venue
    return desk


def sent(desk: Desk, *, quantity: str = "1") -> str:
    """The name of an order that is at the venue as far as we know."""
    order_id = plant_order(quantity=quantity).order_id
    claims.claim(PAPER, [order_id], clock=CLOCK, causes={})
    return order_id.replace("-", "")


def look(desk: Desk) -> Reconciliation:
    return reconcile.reconcile(desk, cause="OPERATOR")


def test_a_trade_that_nobody_told_us_of_is_booked_once(desk: Desk, venue: ListVenue) -> None:
    name = sent(desk)
    venue.trade(name, "1")

    first, second = look(desk), look(desk)

    assert (first.result, first.fills_booked, second.fills_booked) == (Result.EVEN, 1, 0)
    assert (Order.objects.get().state, Fill.objects.count()) == ("FILLED", 1)


def test_a_trade_of_an_order_that_had_ended_here_is_booked(desk: Desk, venue: ListVenue) -> None:
    name = sent(desk)
    lapsed = Report(client_order_id=name)
    booking.record(PAPER, {str(Order.objects.get().order_id): lapsed}, clock=CLOCK, causes={})
    venue.trade(name, "0.4", of="0.4")

    assert look(desk).fills_booked == 1
    assert (Order.objects.get().state, Order.objects.get().filled_quantity) == ("EXPIRED", Decimal("0.4"))


def test_an_order_that_has_ended_here_and_is_open_there_is_canceled_there(desk: Desk, venue: ListVenue) -> None:
    name = sent(desk)
    ended = Report(client_order_id=name, canceled="TRADING_HALTED")
    booking.record(PAPER, {str(Order.objects.get().order_id): ended}, clock=CLOCK, causes={})
    venue.trade(name, "0.25")

    look(desk)

    assert venue.canceled[0] == name
    assert (Order.objects.get().state, Order.objects.get().filled_quantity) == ("CANCELED", Decimal("0.25"))


def test_an_order_of_somebody_else_is_written_down_told_once_and_never_adopted(desk: Desk, venue: ListVenue) -> None:
    sent(desk)
    venue.trade("somebody", "1")

    first, second = look(desk), look(desk)

    assert (first.external_orders, second.external_orders, Fill.objects.count()) == (1, 1, 0)
    assert ExternalOrder.objects.get().client_order_id == "somebody"
    assert Alert.objects.filter(code="EXTERNAL_ORDER").count() == 1
    assert Order.objects.get().state == "SUBMITTED", "however well symbol, size and time would fit"


def test_a_trade_without_our_name_is_ours_by_the_venues_own_order_id(desk: Desk, venue: ListVenue) -> None:
    name = sent(desk)
    venue.trade(name, "0.5")
    look(desk)
    Order.objects.update(venue_order_id=f"v{name}")
    venue.trade(name, "0.5")
    nameless = venue.trades[name][1]
    object.__setattr__(nameless, "client_order_id", "")

    look(desk)

    assert (Order.objects.get().state, ExternalOrder.objects.count()) == ("FILLED", 0)


def test_the_first_look_takes_the_baseline_and_a_later_change_halts_and_shows_both_sides(
    desk: Desk, venue: ListVenue
) -> None:
    venue.balances = {"USDT": Decimal(12_000), "BTC": Decimal(3)}
    assert look(desk).result == Result.EVEN
    baseline = {row.asset: row.outside for row in VenueBaseline.objects.all()}
    assert baseline == {"USDT": Decimal(2_000), "BTC": Decimal(3)}, "the books have 10,000; the rest is beside them"

    venue.balances = {"USDT": Decimal(11_900), "BTC": Decimal(1)}
    row = look(desk)

    assert row.result == Result.DIFFERENT
    assert row.differences == [{"what": "USDT", "venue": "9900", "books": "10000", "difference": "-100"}]
    assert queries.trading_state(PAPER) == "HALTED"
    assert "9900" in Alert.objects.get(code="RECONCILE_DIFFERS").params["first"]


def test_trades_are_asked_for_of_what_is_open_or_differs_alone(desk: Desk, venue: ListVenue) -> None:
    venue.balances = {"USDT": Decimal(10_000)}
    look(desk)
    plant_instrument(symbol="BBBUSDT")
    venue.trade(sent(desk), "1")
    venue.balances = {"USDT": Decimal(9_900), "AAA": Decimal(1)}
    look(desk)
    venue.asked.clear()

    assert look(desk).result == Result.EVEN
    assert venue.asked == [()], "even balances say that no trade is missing"

    venue.balances = {"USDT": Decimal(9_900), "AAA": Decimal(2)}
    look(desk)
    assert venue.asked[1:3] == [(), ["AAAUSDT"]]


def test_what_we_never_traded_may_change_without_a_word(desk: Desk, venue: ListVenue) -> None:
    venue.balances = {"USDT": Decimal(10_000)}
    look(desk)
    venue.balances = {"USDT": Decimal(10_000), "DOGE": Decimal(5)}

    assert look(desk).result == Result.EVEN


def test_a_difference_of_less_than_a_step_is_dust_and_one_of_a_step_more_is_none(desk: Desk, venue: ListVenue) -> None:
    venue.balances = {"USDT": Decimal(10_000)}
    look(desk)
    venue.trade(sent(desk), "1")
    venue.balances = {"USDT": Decimal(9_900), "AAA": Decimal("1.001")}
    assert look(desk).result == Result.EVEN

    venue.balances["AAA"] = Decimal("1.0011")
    assert look(desk).result == Result.DIFFERENT


def test_an_accepted_difference_is_none_any_more_and_the_next_one_is(desk: Desk, venue: ListVenue) -> None:
    venue.balances = {"USDT": Decimal(10_000)}
    look(desk)
    venue.balances = {"USDT": Decimal(10_250)}
    assert look(desk).result == Result.DIFFERENT

    with pytest.raises(Refused, match="needs a reason"):
        reconcile.accept(PAPER, desk.venue.name, "USDT", by="olga", reason=" ")
    with pytest.raises(Refused, match="BTC does not differ"):
        reconcile.accept(PAPER, desk.venue.name, "BTC", by="olga", reason="mine")
    assert reconcile.accept(PAPER, desk.venue.name, "USDT", by="olga", reason="paid in, not for trading") == 250

    assert look(desk).result == Result.EVEN
    assert not Alert.objects.exclude(state="CLOSED").filter(code="RECONCILE_DIFFERS").exists()
    assert queries.trading_state(PAPER) == "HALTED", "a halt stays until somebody releases it"
    venue.balances = {"USDT": Decimal(10_251)}
    assert look(desk).differences[0]["difference"] == "1"


def test_balances_are_not_compared_while_an_order_is_under_way(desk: Desk, venue: ListVenue) -> None:
    venue.balances = {"USDT": Decimal(10_000)}
    look(desk)
    sent(desk)
    venue.balances = {"USDT": Decimal(9_900), "AAA": Decimal(1)}

    assert look(desk).result == Result.UNSETTLED
    assert queries.trading_state(PAPER) == "ACTIVE"


def test_a_difference_that_goes_away_while_it_is_looked_at_halts_nothing(desk: Desk, venue: ListVenue) -> None:
    venue.balances = {"USDT": Decimal(10_000)}
    look(desk)
    answers = iter([Decimal(9_000), *[Decimal(10_000)] * 9])
    told = venue.records

    def changing(symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None) -> VenueRecords:
        venue.balances = {"USDT": next(answers)}
        return told(symbols, since, trades_of)

    venue.records = changing  # type: ignore[method-assign]

    assert look(desk).result == Result.EVEN
    assert queries.trading_state(PAPER) == "ACTIVE"


def test_a_venue_that_does_not_answer_is_told_of_and_looked_at_from_the_same_time_later(
    desk: Desk, venue: ListVenue
) -> None:
    first = look(desk)
    venue.silent = True
    row = look(desk)
    assert (row.result, row.said, row.read_to) == (Result.UNANSWERED, "HTTP 503", first.read_to)

    Reconciliation.objects.filter(pk=first.pk).update(ran_at=datetime.now(UTC) - timedelta(minutes=11))
    look(desk)
    assert Alert.objects.exclude(state="CLOSED").filter(code="RECONCILE_MISSED").exists()

    venue.silent = False
    look(desk)
    assert venue.since[-1] == first.read_to - reconcile.OVERLAP
    assert not Alert.objects.exclude(state="CLOSED").filter(code="RECONCILE_MISSED").exists()


def test_what_the_books_cannot_take_leaves_the_look_unsettled_and_is_set_aside(desk: Desk, venue: ListVenue) -> None:
    name = sent(desk)
    venue.trade(name, "1.5", of="1.5")

    assert look(desk).result == Result.UNSETTLED
    assert (Fill.objects.count(), Order.objects.get().quarantined.count()) == (0, 1)


def test_the_paper_venues_journal_is_compared_with_the_books(tmp_path: Path) -> None:
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    order = plant_order()
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    desk.venue.submit([ticket_of(one, CLOCK.market_now()) for one in queries.orders_by_id([order.order_id])])

    row = reconcile.reconcile(desk, cause="START")

    assert (row.result, row.fills_booked, Order.objects.get().state) == (Result.EVEN, 1, "FILLED")
    assert not VenueBaseline.objects.exists(), "it has no balances of its own"


def test_the_command_says_both_sides_and_its_exit_code(
    desk: Desk, venue: ListVenue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("execution.management.commands.reconcile.reconciled_desk", lambda: desk)
    with pytest.raises(CommandError, match="never looked at"):
        call_command("reconcile", "--last")
    venue.balances = {"USDT": Decimal(10_000)}
    call_command("reconcile")
    assert "EVEN" in capsys.readouterr().out

    venue.balances = {"USDT": Decimal(10_007)}
    with pytest.raises(CommandError, match="trading is halted"):
        call_command("reconcile")
    assert "venue 10007, books 10000: difference 7" in capsys.readouterr().out

    call_command("reconcile", "--accept", "USDT", "--reason", "paid in")
    assert "EVEN" in capsys.readouterr().out

    venue.silent = True
    with pytest.raises(CommandError, match="nothing was compared") as silent:
        call_command("reconcile")
    assert silent.value.returncode == 2


def test_cash_is_as_before_whatever_was_only_looked_at(desk: Desk, venue: ListVenue) -> None:
    venue.balances = {"USDT": Decimal(7)}
    look(desk)

    assert Account.objects.get().cash == 10_000
    assert gate.Owner.AUDIT not in {hold.owner for hold in queries.holds(PAPER)}


def test_a_command_without_the_venues_keys_shows_what_execution_found_and_compares_nothing_else(
    desk: Desk, venue: ListVenue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    venue.balances = {"USDT": Decimal(10_000)}
    look(desk)
    venue.balances = {"USDT": Decimal(10_007)}
    look(desk)
    other = copy(desk)
    other.venue = ListVenue()
    other.venue.name = "PAPER"
    monkeypatch.setattr("execution.management.commands.reconcile.reconciled_desk", lambda: other)

    with pytest.raises(CommandError, match="trading is halted"):
        call_command("reconcile")

    told = capsys.readouterr()
    assert "only execution has the keys of LISTS" in told.err
    assert "venue 10007, books 10000: difference 7" in told.out
    assert set(Reconciliation.objects.values_list("venue", flat=True)) == {"LISTS"}

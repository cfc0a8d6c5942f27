"""An account whose orders may be real: every key of the environment turned, an exchange that fills all it is sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from cdb_site.env import Environment
from execution import live_trading
from execution.desks import VenueBuilders, desk_for
from execution.models import Order
from execution.order_gateway import Desk
from execution.venues.protocol import Report, Ticket, Trade, Venue, VenueAnswers, VenueRecords
from risk.models import LimitVersion
from tests.builders import PAPER, make_quote

KEY = "mx0-a-key-of-the-exchange"


class FillingExchange:
    """Fills every order it is sent at 100, for nothing; what it knows it tells again."""

    name = "MEXC"

    def __init__(self, _environment: Environment) -> None:
        self.known: dict[str, Report] = {}
        self.canceled: list[str] = []
        self.deaf = False

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        return [] if self.deaf else [self.known.setdefault(one.client_order_id, filled(one)) for one in tickets]

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        self.canceled += [ticket.client_order_id for ticket in tickets]
        return self.query(tickets)

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        names = {ticket.client_order_id for ticket in tickets}
        known = {name: self.known[name] for name in names & self.known.keys()}
        return VenueAnswers(known, names - known.keys())

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        return VenueRecords(balances={"USDT": Decimal(10000)})


class CheckingExchange(FillingExchange):
    """Looks at every order and lets paper fill it."""

    name = "MEXC_TEST"

    def __init__(self, environment: Environment, paper: Venue) -> None:
        super().__init__(environment)
        self.paper, self.checked = paper, 0

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        self.checked += len(tickets)
        return self.paper.submit(tickets)


def filled(ticket: Ticket) -> Report:
    trade = Trade(
        trade_id=f"x-{ticket.client_order_id}",
        price=Decimal(100),
        quantity=ticket.quantity,
        fee=Decimal(0),
        fee_asset="USDT",
        executed_at=datetime.now(UTC),
    )
    return Report(client_order_id=ticket.client_order_id, trades=(trade,), venue_order_id="C01")


EXCHANGE = VenueBuilders(live=FillingExchange, test=CheckingExchange)
TURNED = {
    "EXECUTION_MODE": "LIVE", "VENUE": "MEXC", "LIVE_TRADING": "yes", "MARKET": "SIMULATED",
    "MEXC_API_KEY": KEY, "MEXC_API_SECRET": KEY[::-1],
}  # fmt: skip


def make_live_desk(folder: Path, builders: VenueBuilders = EXCHANGE, **changes: str) -> Desk:
    """A process of its own, with a book to fill from on paper."""
    environment = replace(settings.ENVIRONMENT, DATA_DIR=folder, **{**TURNED, **changes})
    desk = desk_for(environment, builders)
    desk.board.take([make_quote()])
    return desk


def version() -> int:
    return LimitVersion.objects.filter(account=PAPER).latest("version").pk


def enable(by: str = "ben") -> None:
    """Both steps, by two people."""
    asked = live_trading.ask(PAPER, limits_version=version(), by="anna", reason="a good month")
    live_trading.confirm(PAPER, asked.pk, by=by, alone=False)


def withdraw() -> None:
    assert live_trading.withdraw(PAPER, by="cleo", reason="holiday")


def later(desk: Desk) -> None:
    """What was read of the keys is a second old."""
    assert desk.mode is not None
    desk.mode._read_at = float("-inf")


def venues(**filters: Any) -> list[tuple[str, str]]:
    return list(Order.objects.filter(**filters).order_by("created_at").values_list("venue", "state"))

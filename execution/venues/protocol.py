"""What every venue offers: take orders, and answer what became of an order known by our client_order_id.

A venue never touches our tables. `submit` may be called twice for the same client_order_id, after a crash between
sending and recording: nothing is placed twice. What a venue says of an order is how it stands there now, with all of
its trades; one that rests is `open`, and more may come of it. No answer is not a no: what became of an order is asked
for by its client_order_id. One that is absent can not come any more when its lease is over (`execution.claims`): a
venue with a network takes no request that is older than that, and the time of a request is that of its claim.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An order as it goes to the venue: MARKET, LIMIT_IOC, or LIMIT, which rests. `claimed_at` is market time, of its
    claim or a moment before; `venue` is where the order goes (`execution.rules.mode`)."""

    client_order_id: str
    symbol: str
    side: str
    quantity: Decimal
    limit_price: Decimal | None
    reduce_only: bool
    order_type: str = "MARKET"
    claimed_at: datetime | None = None
    venue: str = "PAPER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution as the venue reports it; `trade_id` is unique within the order, `fee` an amount of `fee_asset`."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    executed_at: datetime
    maker: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How one order stands at the venue: all of its trades, whether it is still open there, or why it was rejected or
    canceled. `model` is what a paper fill was computed from."""

    client_order_id: str
    trades: tuple[Trade, ...] = ()
    rejected: str = ""
    canceled: str = ""
    venue_order_id: str = ""
    open: bool = False
    model: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VenueAnswers:
    """What a venue that was asked for orders said. Of those in neither it said nothing: they are asked for again."""

    known: Mapping[str, Report]
    absent: Set[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """An order as it stands in the venue's own lists, whoever placed it; base units."""

    venue_order_id: str
    client_order_id: str
    symbol: str
    side: str
    quantity: Decimal
    filled_quantity: Decimal
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTrade:
    """A trade as it stands in the venue's own lists, with the names of its order as far as the venue tells them."""

    venue_order_id: str
    client_order_id: str
    symbol: str
    side: str
    trade: Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueRecords:
    """What a venue has on its own lists. `balances` are free and locked together, by asset, without those of nothing;
    None where the venue keeps none of its own."""

    orders: tuple[VenueOrder, ...] = ()
    trades: tuple[VenueTrade, ...] = ()
    balances: Mapping[str, Decimal] | None = None


class VenueSilent(Exception):
    """A venue that was asked for its lists did not answer, or not all of it; the text says what it said."""


class Venue(Protocol):
    name: str

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        """Send orders; one report each, with `open` for what rests. A ticket without a report got no answer."""
        ...

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        """Cancel orders. One that was at its end before keeps its answer; an absent one is not there now, and may come
        as long as somebody may still be sending it."""
        ...

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        """What the venue knows of these orders; an absent one is not there now."""
        ...

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        """Open orders and trades of these symbols, the trades since a market time and, where they cost a venue much, of
        `trades_of` alone; and all balances. Raises VenueSilent."""
        ...


@runtime_checkable
class TellingVenue(Protocol):
    """A venue that tells of its own what becomes of orders."""

    @property
    def listened(self) -> bool:
        """Whether somebody hears it already."""
        ...

    def listen(self, on_reports: Callable[[Sequence[Report]], object], on_connected: Callable[[], object]) -> None:
        """From now on `on_reports` takes what becomes of orders that nobody is asking for, and `on_connected` is called
        whenever the stream begins: what happened before it is not told. Both in a thread that may use the database."""
        ...

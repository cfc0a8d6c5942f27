"""What differs between the books and what the venue has on its own lists. Pure.

    missing    trades of our orders that are not in the books: they are asked for and booked
    revived    orders that have ended here and are open there: they are canceled there
    external   orders and trades that are none of ours: written down, never adopted, however well time or size would fit
    balances   change at the venue since the baseline ≠ change in the books since then

An order is ours by its client_order_id, or by the venue's own id where that is known here. A balance is compared as a
change: what else lies on the account is the venue's business and the operator's.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from decimal import Decimal

from execution.rules.accounting import ZERO
from execution.rules.states import TERMINAL, OrderState
from execution.venues.protocol import VenueOrder, VenueRecords, VenueTrade

# A thousandth of a cent where it is dollars; what the venue's own rounding leaves is far below it.
QUOTE_TOLERANCE = Decimal("0.00001")


@dataclass(frozen=True, slots=True, kw_only=True)
class OurOrder:
    """What is known here of an order the venue has on its lists."""

    client_order_id: str
    state: OrderState
    booked_trades: Set[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsCompared:
    """`missing` and `revived` name orders of ours; `external` are what is nobody's here."""

    missing: tuple[str, ...] = ()
    revived: tuple[str, ...] = ()
    external: tuple[VenueOrder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceDifference:
    """One asset: what the venue has beyond the baseline, and what the books say; in units of the asset."""

    asset: str
    venue: Decimal
    books: Decimal

    @property
    def difference(self) -> Decimal:
        """Above zero: the venue has more."""
        return self.venue - self.books


def compare_lists(records: VenueRecords, ours: Mapping[str, OurOrder], named: Mapping[str, str]) -> ListsCompared:
    """`ours` by client_order_id; `named` gives that for the venue's own order ids as far as they are known here."""

    def name_of(entry: VenueOrder | VenueTrade) -> str | None:
        for name in (entry.client_order_id, named.get(entry.venue_order_id, "")):
            if name in ours:
                return name
        return None

    missing, revived, external = dict[str, None](), dict[str, None](), dict[str, VenueOrder]()
    for order in records.orders:
        name = name_of(order)
        if name is None:
            external[order.venue_order_id] = order
        elif order.open and ours[name].state in TERMINAL:
            revived[name] = None
    for one in records.trades:
        name = name_of(one)
        if name is None:
            external.setdefault(one.venue_order_id, _order_of(one))
        elif one.trade.trade_id not in ours[name].booked_trades:
            missing[name] = None
    return ListsCompared(missing=tuple(missing), revived=tuple(revived), external=tuple(external.values()))


def _order_of(trade: VenueTrade) -> VenueOrder:
    """The order of a trade, as far as the trade tells of it."""
    return VenueOrder(
        venue_order_id=trade.venue_order_id,
        client_order_id=trade.client_order_id,
        symbol=trade.symbol,
        side=trade.side,
        quantity=trade.trade.quantity,
        filled_quantity=trade.trade.quantity,
        open=False,
    )


Amounts = Mapping[str, Decimal]


def compare_balances(venue: Amounts, outside: Amounts, books: Amounts, dust: Amounts) -> list[BalanceDifference]:
    """Assets of the books whose change at the venue is another one by more than `dust` of the asset. `outside` is what
    lay at the venue beside the books at the baseline."""
    compared = [
        BalanceDifference(asset=asset, venue=venue.get(asset, ZERO) - outside.get(asset, ZERO), books=held)
        for asset, held in sorted(books.items())
    ]
    return [one for one in compared if abs(one.difference) > dust.get(one.asset, QUOTE_TOLERANCE)]


def outside_of(venue: Amounts, books: Amounts) -> dict[str, Decimal]:
    """What lies at the venue beside the books now, by asset: the baseline. Below zero where the books have more."""
    rest = {asset: venue.get(asset, ZERO) - books.get(asset, ZERO) for asset in {*venue, *books}}
    return {asset: amount for asset, amount in sorted(rest.items()) if amount}

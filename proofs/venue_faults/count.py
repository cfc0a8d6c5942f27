"""What was lost, doubled or is off by a cent, told from the exchange's own journal and not from our tables. Pure.

duplicates   client_order_ids with more than one order at the exchange
lost         trades of our orders at the exchange that are not in the books
invented     fills in the books that the exchange does not know
differing    fills with another price, quantity or fee than the trade
unfinished   orders of ours that are open here, or open there and ended here
assets_off   assets of which the exchange has another amount than the books say
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

ENDED = ("FILLED", "CANCELED", "EXPIRED", "REJECTED")


class Traded(NamedTuple):
    """A trade as either side has it; `fee` in the quote asset."""

    client_order_id: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSide:
    """`orders` are the client_order_ids of every order placed, once for each; `open` those still open."""

    orders: Sequence[str]
    open: frozenset[str]
    trades: Sequence[Traded]
    balances: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksSide:
    """`orders` are states by client_order_id, `assets` what is held of each."""

    orders: Mapping[str, str]
    fills: Sequence[Traded]
    assets: Mapping[str, Decimal]


@dataclass(slots=True, kw_only=True)
class VenueTally:
    """Names under each kind; all empty is what must be."""

    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    assets_off: dict[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not any(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        kinds = ("duplicates", "lost", "invented", "differing", "unfinished", "assets_off")
        return {kind: len(getattr(self, kind)) for kind in kinds}

    def named(self) -> str:
        """The first of each kind."""
        told = {kind: getattr(self, kind) for kind, count in self.counts.items() if count}
        return "; ".join(f"{kind}: {str(found)[:200]}" for kind, found in told.items())


def tally(exchange: ExchangeSide, books: BooksSide) -> VenueTally:
    ours = {name for name in exchange.orders if name in books.orders}
    there = {(one.client_order_id, one.trade_id): one for one in exchange.trades if one.client_order_id in ours}
    here = {(one.client_order_id, one.trade_id): one for one in books.fills}
    placed = Counter(exchange.orders)
    ended_here = {name for name, state in books.orders.items() if state in ENDED}
    return VenueTally(
        duplicates=sorted(name for name in ours if placed[name] > 1),
        lost=sorted(map("/".join, there.keys() - here.keys())),
        invented=sorted(map("/".join, here.keys() - there.keys())) + _twice(books.fills),
        differing=sorted("/".join(key) for key in there.keys() & here.keys() if there[key] != here[key]),
        unfinished=sorted((books.orders.keys() - ended_here) | (exchange.open & ended_here)),
        assets_off={
            asset: f"exchange {exchange.balances.get(asset, 0)}, books {amount}"
            for asset, amount in books.assets.items()
            if exchange.balances.get(asset, 0) != amount
        },
    )


def _twice(fills: Sequence[Traded]) -> list[str]:
    counted = Counter((one.client_order_id, one.trade_id) for one in fills)
    return sorted("/".join(key) for key, count in counted.items() if count > 1)


def blind_spots(exchange: ExchangeSide, books: BooksSide) -> list[str]:
    """Kinds that the count does not find when one is planted into a copy; there must be a trade to plant with."""
    if not exchange.trades or not books.fills:
        return ["everything: there is no trade"]
    name, fill = books.fills[0].client_order_id, books.fills[0]
    planted = {
        "duplicates": (replace(exchange, orders=[*exchange.orders, name]), books),
        "lost": (exchange, replace(books, fills=books.fills[1:])),
        "invented": (exchange, replace(books, fills=[*books.fills, fill._replace(trade_id="planted")])),
        "differing": (exchange, replace(books, fills=[fill._replace(fee=fill.fee + 1), *books.fills[1:]])),
        "unfinished": (exchange, replace(books, orders={**books.orders, name: "UNKNOWN"})),
        "assets_off": (exchange, replace(books, assets={asset: held + 1 for asset, held in books.assets.items()})),
    }
    return [kind for kind, sides in planted.items() if not tally(*sides).counts[kind]]

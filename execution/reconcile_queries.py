"""What the books say where the venue is compared with them: orders by both their names, assets, the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cdb_site import db
from execution import queries
from execution.rules.accounting import ZERO
from execution.rules.reconciling import OurOrder
from execution.rules.states import OrderState
from marketdata import queries as market

LAST_READ = """SELECT read_to FROM reconciliation WHERE account_id = %s AND venue = %s AND result <> 'UNANSWERED'
    ORDER BY id DESC LIMIT 1"""
LAST_EVEN = """SELECT ran_at FROM reconciliation WHERE account_id = %s AND venue = %s AND result = 'EVEN'
    ORDER BY id DESC LIMIT 1"""
# With an hour before the last look that was answered, or a day where there was none.
TRADED = """SELECT DISTINCT symbol FROM "order" WHERE account_id = %(account)s AND venue <> 'BOOKS' AND claimed_at
      > coalesce((SELECT ran_at - interval '1 hour' FROM reconciliation WHERE account_id = %(account)s
        AND venue = %(venue)s AND result <> 'UNANSWERED' ORDER BY id DESC LIMIT 1), now() - interval '1 day')
    UNION SELECT symbol FROM "order" WHERE account_id = %(account)s
      AND state IN ('PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN')
    UNION SELECT symbol FROM position WHERE account_id = %(account)s AND quantity > 0"""
# What exits gave up as dust is no position, and is still at the venue.
HELD = """SELECT symbol, quantity + coalesce((SELECT sum(dust_quantity) FROM fill WHERE fill.account_id
      = position.account_id AND fill.symbol = position.symbol AND dust_quantity IS NOT NULL), 0)
    FROM position WHERE account_id = %s"""
OUR_ORDERS = """SELECT o.client_order_id, o.state, array_remove(array_agg(f.trade_id), NULL) FROM "order" o
    LEFT JOIN fill f ON f.order_id = o.order_id WHERE o.order_id = ANY(%s::uuid[]) GROUP BY o.order_id"""
# The venue's own ids are in no index: asked for only where the venue does not say ours, and of a day.
NAMES_OF = """SELECT venue_order_id, client_order_id FROM "order" WHERE venue_order_id = ANY(%s)
    AND claimed_at > now() - interval '1 day'"""
BASELINE = """SELECT DISTINCT ON (asset) asset, outside FROM venue_baseline WHERE account_id = %s AND venue = %s
    ORDER BY asset, id DESC"""
OPEN_AT_VENUE = """SELECT symbol, venue_order_id <> '' FROM "order" WHERE account_id = %s
    AND state IN ('SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN')"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsHeld:
    """The books by asset, as of one version of the account. `settled`: no order is under way whose trades are not known
    yet. `dust`: of each asset what is too little to sell. `base_of`: of each symbol ever traded its base asset.
    `open`: symbols with orders at the venue."""

    version: int
    assets: Mapping[str, Decimal]
    dust: Mapping[str, Decimal]
    settled: bool
    base_of: Mapping[str, str]
    open: Set[str]


def last_read(account: str, venue: str) -> datetime | None:
    """Market time up to which the venue's trades were read; None: never."""
    rows = db.select(LAST_READ, (account, venue))
    return rows[0][0] if rows else None


def last_even(account: str, venue: str) -> datetime | None:
    """When the venue and the books were last seen to be even."""
    rows = db.select(LAST_EVEN, (account, venue))
    return rows[0][0] if rows else None


def traded_symbols(account: str, venue: str) -> list[str]:
    """Symbols that may have trades nobody has read yet: with orders claimed lately or open, or held."""
    return sorted(row[0] for row in db.select(TRADED, {"account": account, "venue": venue}))


def our_orders(client_order_ids: Set[str]) -> dict[str, OurOrder]:
    """Those of these that are orders of ours, by client_order_id, with the trades that are booked."""
    ids = [str(UUID(hex=name)) for name in client_order_ids if queries.OURS.fullmatch(name)]
    rows = db.select(OUR_ORDERS, (ids,)) if ids else []
    return {
        name: OurOrder(client_order_id=name, state=OrderState(state), booked_trades=frozenset(trades))
        for name, state, trades in rows
    }


def names_of(venue_order_ids: Iterable[str]) -> dict[str, str]:
    """Our names of orders that the venue names so."""
    wanted = sorted({one for one in venue_order_ids if one})
    return dict(db.select(NAMES_OF, (wanted,))) if wanted else {}


def baseline(account: str, venue: str) -> dict[str, Decimal] | None:
    """What lay at the venue beside the books, by asset; None before the first look."""
    return dict(db.select(BASELINE, (account, venue))) or None


def quote_asset(account: str) -> str:
    return queries.account(account).quote_asset


def books(account: str) -> AssetsHeld:
    """Cash and what is held of everything ever traded, by asset, in one reading."""
    with db.snapshot():
        row, held = queries.account(account), dict(db.select(HELD, (account,)))
        at_venue = db.select(OPEN_AT_VENUE, (account,))
    instruments = market.instruments(sorted(held))
    assets, dust, base_of = {row.quote_asset: row.cash}, dict[str, Decimal](), dict[str, str]()
    for symbol, quantity in held.items():
        instrument = instruments.get(symbol)
        base = base_of[symbol] = instrument.base_asset if instrument else symbol.removesuffix(row.quote_asset)
        assets[base] = assets.get(base, ZERO) + quantity
        if instrument:
            dust[base] = instrument.quantity_step
    return AssetsHeld(
        version=row.version,
        assets=assets,
        dust=dust,
        settled=all(rests for _, rests in at_venue),
        base_of=base_of,
        open=frozenset(symbol for symbol, _ in at_venue),
    )

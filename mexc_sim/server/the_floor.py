"""The trading floor on the simulated market: its street is the market's book, its ids are like the exchange's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import count

from aiohttp import web

from mexc_sim.market.exchange import Exchange
from mexc_sim.market.market_clock import MarketClock
from mexc_sim.server.private import FLOOR, stated_ms
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.floor import News, SimAccount, TradingFloor
from mexc_sim.trading.matching import Street

log = logging.getLogger(__name__)

LEVELS = 100
EVERY_S = 0.1


def trading_floor(
    exchange: Exchange, clock: MarketClock, keys: Sequence[ApiKey], tell: Callable[[SimAccount, News, int], None]
) -> TradingFloor:
    numbers = count(1)

    def street_of(symbol: str) -> tuple[int, Street]:
        listing, book = exchange.source.listings[exchange.rows[symbol]], exchange.book(symbol, clock.now_s(), LEVELS)
        places = listing.price_places, listing.quantity_places
        return book.version, Street(list(_units(book.bids, *places)), list(_units(book.asks, *places)))

    def next_id() -> str:
        """Unique also over a restart: the wall's milliseconds and a count."""
        return f"C02__{int(clock.clock.wall_s() * 1000)}{next(numbers) % 10**6:06}"

    return TradingFloor(exchange.source.listings, [key.account for key in keys], street_of, next_id, tell)


async def move_forever(app: web.Application) -> None:
    """What rests trades as the market comes to it, also while nobody asks."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            app[FLOOR].move_all(stated_ms(app))
        except Exception:
            log.exception("resting orders of the simulated exchange were not looked at")


def _units(levels: Iterable[tuple[str, str]], price_places: int, quantity_places: int) -> Iterable[tuple[int, int]]:
    for price, quantity in levels:
        yield int(Decimal(price).scaleb(price_places)), int(Decimal(quantity).scaleb(quantity_places))

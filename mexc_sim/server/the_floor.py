"""The trading floor on the simulated market: its street is the market's book, its ids are like the exchange's.

With a journal it goes on where the former run ended: orders, trades, balances and what rests. An account that the
journal does not know begins with what its file says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from cdb_site.clock import Clock
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.market_clock import MarketClock
from mexc_sim.server.private import FLOOR, stated_ms
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.accounts import ZERO, BalanceChange, Why
from mexc_sim.trading.floor import Payment, Shown, SimAccount, TradingFloor
from mexc_sim.trading.journal import FloorNews, JournalProblem, TradingJournal, resumed
from mexc_sim.trading.matching import Street

log = logging.getLogger(__name__)

LEVELS = 100
EVERY_S = 0.1
PREFIX = "C02__"
JOURNAL_FILE = "mexc_sim_trading.jsonl"


class OrderIds:
    """Unique also over a restart, and growing whatever the wall's clock does: its milliseconds and six digits, or one
    more than the last."""

    def __init__(self, clock: Clock, used: Iterable[str]) -> None:
        self._clock = clock
        self._last = max((int(one.removeprefix(PREFIX)) for one in used), default=0)

    def next(self) -> str:
        self._last = max(self._last + 1, int(self._clock.wall_s() * 1000) * 10**6)
        return f"{PREFIX}{self._last}"


def open_journal(path: Path, clock: MarketClock, *, start_fresh: bool) -> TradingJournal:
    """The journal of this market; its rate may change. Raises JournalProblem, WitnessProblem or OSError."""
    market = {name: value for name, value in vars(clock.market).items() if name != "rate"}
    return TradingJournal(path, market, start_fresh=start_fresh)


def trading_floor(
    exchange: Exchange,
    clock: MarketClock,
    keys: Sequence[ApiKey],
    tell: Callable[[SimAccount, Shown, int], None],
    journal: TradingJournal | None = None,
) -> TradingFloor:
    """Raises JournalProblem where orders rest for pairs that are not listed."""

    def street_of(symbol: str) -> tuple[int, Street]:
        listing, book = exchange.source.listings[exchange.rows[symbol]], exchange.book(symbol, clock.now_s(), LEVELS)
        places = listing.price_places, listing.quantity_places
        return book.version, Street(list(_units(book.bids, *places)), list(_units(book.asks, *places)))

    known = journal.accounts if journal is not None else {}
    accounts, new = resumed((key.account for key in keys), known)
    orders = [placed for account in accounts for placed in account.orders.values()]
    if lost := {one.asked.symbol for one in orders if one.order.open} - exchange.rows.keys():
        raise JournalProblem(f"orders rest for {sorted(lost)[0]}, which this market does not list: --start-fresh")
    used = {one.order.order_id for one in orders} | {one.trade_id for account in accounts for one in account.trades}
    news = FloorNews(journal.write if journal is not None else lambda _: None, tell)
    ids = OrderIds(clock.clock, used)
    _open_accounts(new, news, int(clock.now_s() * 1000))
    return TradingFloor(exchange.source.listings, accounts, street_of, ids.next, news.hear, news.done)


def _open_accounts(accounts: Iterable[SimAccount], news: FloorNews, at_ms: int) -> None:
    """What an account begins with is paid in."""
    for account in accounts:
        account.balances.told()
        for asset, has in account.balances.by_asset.items():
            account.payments.append(Payment(asset, has.free, at_ms))
            news.hear(account, account.payments[-1], at_ms)
            news.hear(account, BalanceChange(asset, has.free, has.free, has.locked, ZERO, Why.DEPOSIT), at_ms)
    news.done()


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

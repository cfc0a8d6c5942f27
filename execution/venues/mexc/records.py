"""What the exchange has on its own lists of an account, whoever did it: open orders, trades, balances.

All of it or nothing: a list that is cut short would be taken for one that is whole. The exchange keeps a month of
trades. Reading leaves room in its limits for orders and takes its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from execution.venues.mexc.client import TRADES_PAGE, PrivateRest
from execution.venues.mexc.rows import ExchangeBalance, ExchangeOrder, ExchangeTrade
from execution.venues.mexc.tracking import oldest_ms
from execution.venues.protocol import VenueOrder, VenueRecords, VenueSilent, VenueTrade
from marketdata.mexc.errors import BadAnswer, MexcProblem

PAGES_MAX = 200


async def records_of(
    rest: PrivateRest, symbols: Sequence[str], since: datetime, trades_of: Collection[str] | None = None
) -> VenueRecords:
    """Open orders and trades of these symbols, the trades of `trades_of` alone where it is given, and all balances,
    which are read last. Raises VenueSilent."""
    start_ms = round(since.timestamp() * 1000)
    wanted = sorted(symbols if trades_of is None else trades_of)
    try:
        orders = await rest.open_orders(symbols)
        trades = await asyncio.gather(*(trades_since(rest, symbol, start_ms) for symbol in wanted))
        balances = await rest.balances()
    except MexcProblem as problem:
        raise VenueSilent(str(problem)) from problem
    return VenueRecords(
        orders=tuple(_order(row) for row in orders),
        trades=tuple(_trade(row) for of_symbol in trades for row in of_symbol),
        balances={row.asset: row.free + row.locked for row in balances.values() if _has(row)},
    )


async def trades_since(rest: PrivateRest, symbol: str, start_ms: int) -> list[ExchangeTrade]:
    """Oldest first. Read page by page from the newest on; pages overlap in the millisecond they meet in."""
    found: dict[tuple[str, str], ExchangeTrade] = {}
    end_ms: int | None = None
    for _ in range(PAGES_MAX):
        page = await rest.trades_page(symbol, start_ms=start_ms, end_ms=end_ms)
        before = len(found)
        found |= {(row.order_id, row.trade.trade_id): row for row in page}
        if len(page) < TRADES_PAGE:
            return sorted(found.values(), key=lambda row: (row.trade.executed_at, row.trade.trade_id))
        if len(found) == before:
            break
        end_ms = oldest_ms(page)
    raise BadAnswer("GET /api/v3/myTrades", f"no end to the trades of {symbol}")


def _has(row: ExchangeBalance) -> bool:
    return bool(row.free or row.locked)


def _order(row: ExchangeOrder) -> VenueOrder:
    return VenueOrder(
        venue_order_id=row.order_id,
        client_order_id=row.client_order_id,
        symbol=row.symbol,
        side=row.side,
        quantity=row.quantity,
        filled_quantity=row.filled,
        open=not row.ended,
    )


def _trade(row: ExchangeTrade) -> VenueTrade:
    return VenueTrade(
        venue_order_id=row.order_id,
        client_order_id=row.client_order_id,
        symbol=row.symbol,
        side=row.side,
        trade=row.trade,
    )

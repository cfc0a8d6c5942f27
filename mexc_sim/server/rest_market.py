"""The simulated exchange's REST endpoints of prices, books and deals.

Tickers answer with an array without a symbol and with an object for one. Of deals the newest comes first (by
analogy: the documentation does not say); ids are null as on the exchange; a taker's purchase is a BID and its maker
no buyer. A range of aggTrades may span an hour at most. Depth is told as it was streamed last while somebody follows
the symbol's depth stream, so that snapshot and stream fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from aiohttp import web

from cdb_site.units import plain
from mexc_sim.faults.control import DESK
from mexc_sim.market.exchange import DEALS_MAX, Deal, DepthBook, Exchange
from mexc_sim.server.answers import BAD_COMBINATION, RestRefusal, answer, invalid_symbol, limit, time_range
from mexc_sim.server.book_pushes import LEVELS_MAX
from mexc_sim.server.rest_facts import CLOCK, EXCHANGE, symbol_of
from mexc_sim.server.tickers import tickers

FOLLOWED: web.AppKey[Callable[[str], DepthBook | None]] = web.AppKey("followed")
DEPTH_DEFAULT, DEPTH_MAX = 100, 5000
RANGE_MAX_MS, PIECE_S = 3600 * 1000, 600


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/v3/ticker/24hr", ticker_24h),
        web.get("/api/v3/ticker/price", ticker_price),
        web.get("/api/v3/ticker/bookTicker", book_ticker),
        web.get("/api/v3/depth", depth),
        web.get("/api/v3/trades", trades),
        web.get("/api/v3/aggTrades", aggregated_trades),
    ]


async def ticker_24h(request: web.Request) -> web.Response:
    return _array_or_object(request, tickers(request.app[EXCHANGE], request.app[CLOCK].now_s()))


async def ticker_price(request: web.Request) -> web.Response:
    rows = tickers(request.app[EXCHANGE], request.app[CLOCK].now_s())
    return _array_or_object(request, [{"symbol": row["symbol"], "price": row["lastPrice"]} for row in rows])


async def book_ticker(request: web.Request) -> web.Response:
    rows = [
        {
            "symbol": quote.symbol,
            "bidPrice": quote.bid,
            "bidQty": quote.bid_quantity,
            "askPrice": quote.ask,
            "askQty": quote.ask_quantity,
        }
        for quote in request.app[EXCHANGE].quotes(request.app[CLOCK].now_s())
    ]
    return _array_or_object(request, rows)


def _array_or_object(request: web.Request, rows: Sequence[dict[str, Any]]) -> web.Response:
    symbol, desk = request.query.get("symbol"), request.app[DESK]
    listed = [row for row in rows if not desk.delisted(row["symbol"])]
    if not symbol:
        return answer(listed)
    for row in listed:
        if row["symbol"] == symbol:
            return answer(row)
    raise invalid_symbol()


async def depth(request: web.Request) -> web.Response:
    symbol, levels = symbol_of(request), limit(request, default=DEPTH_DEFAULT, maximum=DEPTH_MAX)
    book = request.app[FOLLOWED](symbol)
    if book is None:
        book = request.app[EXCHANGE].book(symbol, request.app[CLOCK].now_s(), min(levels, LEVELS_MAX))
    return answer(
        {
            "lastUpdateId": book.version,
            "bids": book.bids[:levels],
            "asks": book.asks[:levels],
            "timestamp": book.at_ms,
        }
    )


async def trades(request: web.Request) -> web.Response:
    symbol, count = symbol_of(request), limit(request, default=500, maximum=DEALS_MAX)
    deals = request.app[EXCHANGE].recent_deals(symbol, request.app[CLOCK].now_s(), count)
    return answer([_trade(deal) for deal in reversed(deals)])


def _trade(deal: Deal) -> dict[str, Any]:
    return {
        "id": None,
        "price": deal.price,
        "qty": deal.quantity,
        "quoteQty": plain(Decimal(deal.price) * Decimal(deal.quantity)),
        "time": deal.at_ms,
        "isBuyerMaker": not deal.buyer,
        "isBestMatch": True,
        "tradeType": "BID" if deal.buyer else "ASK",
    }


async def aggregated_trades(request: web.Request) -> web.Response:
    symbol, count = symbol_of(request), limit(request, default=500, maximum=DEALS_MAX)
    deals = _deals(request.app[EXCHANGE], symbol, time_range(request), count, request.app[CLOCK].now_s())
    return answer(
        [
            {
                "a": None,
                "f": None,
                "l": None,
                "p": deal.price,
                "q": deal.quantity,
                "T": deal.at_ms,
                "m": not deal.buyer,
                "M": True,
            }
            for deal in reversed(deals)
        ]
    )


def _deals(
    exchange: Exchange, symbol: str, range_ms: tuple[int | None, int | None], count: int, now_s: float
) -> list[Deal]:
    """Without a start the newest up to the end; with one the oldest from it on, an hour at most."""
    start_ms, end_ms = range_ms
    end_s = now_s if end_ms is None else min(now_s, end_ms / 1000)
    if start_ms is None:
        return exchange.recent_deals(symbol, end_s, count)
    if end_ms is not None and end_ms - start_ms > RANGE_MAX_MS:
        raise RestRefusal(BAD_COMBINATION, "Combination of optional parameters invalid: more than 1 hour.")
    end_s, after_s = min(end_s, (start_ms + RANGE_MAX_MS) / 1000), (start_ms - 1) / 1000
    deals: list[Deal] = []
    while after_s < end_s and len(deals) < count:
        upto_s = min(end_s, after_s + PIECE_S)
        deals += exchange.deals(symbol, after_s, upto_s)
        after_s = upto_s
    return deals[:count]

"""The simulated exchange's REST endpoints, with the exchange's own fields, quirks and error codes.

Numbers are texts without trailing zeros, `/time` says besides the time what is simulated, `ticker/24hr` answers
with an array without a symbol and with an object for one.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from marketdata.intervals import SECONDS
from marketdata.mexc_sim.exchange import KLINES_MAX, TAKER_FEE, Exchange, Quote, interval_offered
from marketdata.mexc_sim.market_clock import MarketClock
from marketdata.mexc_sim.source import Listing
from marketdata.ticks import grid_text

EXCHANGE = web.AppKey("exchange", Exchange)
CLOCK = web.AppKey("clock", MarketClock)
BAD_SYMBOL, BAD_INTERVAL, BAD_PARAMETER = -1121, -1120, -1100


def routes() -> list[web.RouteDef]:
    return [
        web.get("/health", health),
        web.get("/api/v3/ping", ping),
        web.get("/api/v3/time", server_time),
        web.get("/api/v3/exchangeInfo", exchange_info),
        web.get("/api/v3/defaultSymbols", default_symbols),
        web.get("/api/v3/klines", klines),
        web.get("/api/v3/ticker/24hr", ticker_24h),
        web.get("/api/v3/ticker/bookTicker", book_ticker),
        web.get("/api/v1/contract/detail", contract_detail),
    ]


@web.middleware
async def errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    """Unknown paths answer as JSON, too."""
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except web.HTTPNotFound:
        return refusal(404, f"no endpoint {request.path}", status=404)


def refusal(code: int, message: str, status: int = 400) -> web.Response:
    return web.json_response({"code": code, "msg": message}, status=status)


async def health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "service": "mexc_sim", "market_s": request.app[CLOCK].now_s()})


async def ping(request: web.Request) -> web.Response:
    return web.json_response({})


async def contract_detail(request: web.Request) -> web.Response:
    return web.json_response({"success": True, "code": 0, "data": []})


async def server_time(request: web.Request) -> web.Response:
    clock, source = request.app[CLOCK], request.app[EXCHANGE].source
    wall_s = clock.clock.wall_s()
    market_s = clock.at(wall_s)
    ended = source.span.end_s is not None and market_s >= source.span.end_s
    simulation = {
        "rate": clock.market.rate,
        "seed": clock.market.seed,
        "source": source.kind,
        "label": f"{source.label}; the recording has ended" if ended else source.label,
        "ended": ended,
        "original_from": source.span.original_from,
        "original_to": source.span.original_to,
        "wall_s": wall_s,
        "market_s": market_s,
    }
    return web.json_response({"serverTime": int(market_s * 1000), "simulation": simulation})


async def exchange_info(request: web.Request) -> web.Response:
    clock, source = request.app[CLOCK], request.app[EXCHANGE].source
    symbols = [_symbol(listing) for listing in source.listings]
    return web.json_response(
        {
            "timezone": "CST",
            "serverTime": int(clock.now_s() * 1000),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": symbols,
        }
    )


def _symbol(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.symbol,
        "status": "1",
        "baseAsset": listing.base_asset,
        "quoteAsset": listing.quote_asset,
        "baseAssetPrecision": listing.quantity_places,
        "quotePrecision": listing.price_places,
        "quoteAssetPrecision": listing.price_places,
        "baseCommissionPrecision": listing.quantity_places,
        "quoteCommissionPrecision": listing.price_places,
        "baseSizePrecision": listing.min_quantity,
        "quoteAmountPrecision": listing.min_notional,
        "quoteAmountPrecisionMarket": listing.min_notional,
        "maxQuoteAmount": "2000000",
        "maxQuoteAmountMarket": "100000",
        "makerCommission": "0",
        "takerCommission": TAKER_FEE,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"],
        "permissions": ["SPOT"],
        "filters": [],
        "st": False,
        "tradeSideType": 1,
        "fullName": listing.base_asset,
        "contractAddress": "",
    }


async def default_symbols(request: web.Request) -> web.Response:
    return web.json_response({"code": 200, "data": list(request.app[EXCHANGE].rows), "msg": None})


async def klines(request: web.Request) -> web.Response:
    exchange, now_s = request.app[EXCHANGE], request.app[CLOCK].now_s()
    symbol, interval = request.query.get("symbol", ""), request.query.get("interval", "")
    if symbol not in exchange.rows:
        return refusal(BAD_SYMBOL, "Invalid symbol.")
    if not interval_offered(interval, exchange.source):
        return refusal(BAD_INTERVAL, "Invalid interval.")
    try:
        limit = min(KLINES_MAX, int(request.query.get("limit", KLINES_MAX)))
        ends = {name: int(request.query[name]) // 1000 for name in ("startTime", "endTime") if name in request.query}
    except ValueError:
        return refusal(BAD_PARAMETER, "Illegal characters found in a parameter.")
    length_s = SECONDS[interval]
    end_s = min(ends.get("endTime", int(now_s)), int(now_s))
    start_s = ends.get("startTime", end_s - limit * length_s)
    end_s = min(end_s, start_s + limit * length_s)
    rows = exchange.klines(symbol, length_s, start_s, end_s, now_s)
    return web.json_response(rows[:limit] if "startTime" in ends else rows[-limit:])


async def ticker_24h(request: web.Request) -> web.Response:
    exchange, now_s = request.app[EXCHANGE], request.app[CLOCK].now_s()
    rows = tickers(exchange, now_s)
    symbol = request.query.get("symbol")
    if symbol is None:
        return web.json_response(rows)
    matching = [row for row in rows if row["symbol"] == symbol]
    return web.json_response(matching[0]) if matching else refusal(BAD_SYMBOL, "Invalid symbol.")


def tickers(exchange: Exchange, now_s: float) -> list[dict[str, Any]]:
    """24-hour rows of all symbols that have traded."""
    day, at_ms = exchange.day(now_s), int(now_s * 1000)
    books = {quote.symbol: quote for quote in exchange.quotes(now_s)}
    return [
        _ticker(listing, [int(column[row]) for column in day], books[listing.symbol], at_ms)
        for row, listing in enumerate(exchange.source.listings)
        if listing.symbol in books
    ]


def _ticker(listing: Listing, numbers: list[int], book: Quote, at_ms: int) -> dict[str, Any]:
    opened, high, low, last, volume, quote_volume = numbers
    opened = opened or last
    places = listing.price_places
    return {
        "symbol": listing.symbol,
        "priceChange": grid_text(last - opened, places),
        "priceChangePercent": grid_text(round((last - opened) * 10000 / opened), 4),
        "prevClosePrice": grid_text(opened, places),
        "lastPrice": grid_text(last, places),
        "bidPrice": book.bid,
        "bidQty": book.bid_quantity,
        "askPrice": book.ask,
        "askQty": book.ask_quantity,
        "openPrice": grid_text(opened, places),
        "highPrice": grid_text(max(high, last), places),
        "lowPrice": grid_text(min(low or last, last), places),
        "volume": grid_text(volume, listing.quantity_places),
        "quoteVolume": grid_text(quote_volume, listing.quote_places),
        "openTime": at_ms,
        "closeTime": at_ms,
        "count": None,
    }


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
    symbol = request.query.get("symbol")
    if symbol is None:
        return web.json_response(rows)
    matching = [row for row in rows if row["symbol"] == symbol]
    return web.json_response(matching[0]) if matching else refusal(BAD_SYMBOL, "Invalid symbol.")

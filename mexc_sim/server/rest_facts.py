"""The simulated exchange's REST endpoints that say what it is: health, time, instruments, candles.

Besides the time, `/time` says what is simulated. A pair whose spot trading is not allowed is listed in exchangeInfo
with status "1" all the same, as seen at the exchange, and missing in defaultSymbols. Numbers are texts without
trailing zeros.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from mexc_sim.faults.control import DESK
from mexc_sim.market.exchange import KLINES_MAX, TAKER_FEE, Exchange
from mexc_sim.market.long_candles import Asked, klines_of
from mexc_sim.market.market_clock import MarketClock
from mexc_sim.market.source import Listing
from mexc_sim.market.windows import REST_INTERVALS, offered
from mexc_sim.server.answers import BAD_SYMBOL, RestRefusal, answer, invalid_symbol, limit, required, time_range

EXCHANGE = web.AppKey("exchange", Exchange)
CLOCK = web.AppKey("clock", MarketClock)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/health", health),
        web.get("/api/v3/ping", ping),
        web.get("/api/v3/time", server_time),
        web.get("/api/v3/exchangeInfo", exchange_info),
        web.get("/api/v3/defaultSymbols", default_symbols),
        web.get("/api/v3/klines", klines),
        web.get("/api/v1/contract/detail", contract_detail),
    ]


def symbol_of(request: web.Request) -> str:
    """The mandatory symbol, one that is listed."""
    symbol = required(request, "symbol")
    if symbol not in request.app[EXCHANGE].rows or request.app[DESK].delisted(symbol):
        raise invalid_symbol()
    return symbol


async def health(request: web.Request) -> web.Response:
    return answer({"status": "ok", "service": "mexc_sim", "market_s": request.app[CLOCK].now_s()})


async def ping(request: web.Request) -> web.Response:
    return answer({})


async def contract_detail(request: web.Request) -> web.Response:
    """There are no contracts; clients that ask for them in passing are content with none."""
    return answer({"success": True, "code": 0, "data": []})


async def server_time(request: web.Request) -> web.Response:
    """The time as stated, which a fault may skew; what `simulation` says is the truth."""
    clock, source = request.app[CLOCK], request.app[EXCHANGE].source
    wall_s, market_s = clock.clock.wall_s(), clock.now_s()
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
    return answer({"serverTime": _stated_ms(request, market_s), "simulation": simulation})


def _stated_ms(request: web.Request, market_s: float) -> int:
    return int((market_s + request.app[DESK].clock_skew_s()) * 1000)


async def exchange_info(request: web.Request) -> web.Response:
    exchange = request.app[EXCHANGE]
    wanted = _wanted_symbols(request)
    if unknown := wanted - exchange.rows.keys():
        raise RestRefusal(BAD_SYMBOL, f"Invalid symbol. {', '.join(sorted(unknown))}"[:200])
    listings = [item for item in exchange.source.listings if not wanted or item.symbol in wanted]
    return answer(
        {
            "timezone": "CST",
            "serverTime": _stated_ms(request, request.app[CLOCK].now_s()),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": request.app[DESK].pairs(_symbol(listing) for listing in listings),
        }
    )


def _wanted_symbols(request: web.Request) -> set[str]:
    """`symbol` names one, `symbols` several with commas between; none: all."""
    named = [request.query.get("symbol", ""), *request.query.get("symbols", "").split(",")]
    return {symbol.strip() for symbol in named} - {""}


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
        "isSpotTradingAllowed": listing.tradable,
        "isMarginTradingAllowed": False,
        "quoteOrderQtyMarketAllowed": False,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"],
        "permissions": ["SPOT"],
        "filters": [],
        "st": False,
        "tradeSideType": 1,
        "fullName": listing.base_asset,
        "contractAddress": "",
    }


async def default_symbols(request: web.Request) -> web.Response:
    """What may be traded over the API."""
    listings, desk = request.app[EXCHANGE].source.listings, request.app[DESK]
    tradable = [item.symbol for item in listings if item.tradable and not desk.delisted(item.symbol)]
    return answer({"code": 200, "data": tradable, "msg": None})


async def klines(request: web.Request) -> web.Response:
    """From `startTime` on the oldest rows, without it the newest up to `endTime` or now, never more than 500."""
    exchange, now_s = request.app[EXCHANGE], request.app[CLOCK].now_s()
    symbol, interval = symbol_of(request), required(request, "interval")
    if interval not in REST_INTERVALS or not offered(interval, exchange.source.interval_s):
        raise RestRefusal(BAD_SYMBOL, "Invalid interval.")
    wanted = limit(request, default=KLINES_MAX, maximum=KLINES_MAX)
    start_ms, end_ms = time_range(request)
    start_s = None if start_ms is None else -(-start_ms // 1000)
    end_s = int(now_s) if end_ms is None else end_ms // 1000
    return answer(await klines_of(exchange, Asked(symbol, interval, start_s, end_s, wanted), now_s))

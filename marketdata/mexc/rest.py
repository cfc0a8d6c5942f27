"""The exchange's public REST endpoints as typed calls.

Answers become plain values with Decimal numbers. Network trouble, 429 and 5xx are tried again with growing
jittered pauses and then raise Unavailable; an error answer raises Refused with the exchange's code; an answer
of the wrong shape raises BadAnswer. A candle is closed when its close time is not in the exchange's future:
`closed_only` drops the rest.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import aiohttp
import orjson

from marketdata.intervals import interval_s
from marketdata.mexc.errors import BadAnswer, Refused, Unavailable

ATTEMPTS = 4
PAUSE_S = 0.25
PAUSE_MAX_S = 8.0
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
BODY_MAX = 16 * 1024 * 1024
KLINES_MAX = 500
JITTER = random.SystemRandom()


class ServerTime(NamedTuple):
    """Exchange time in epoch seconds; `simulation` is what a simulated market says about itself."""

    market_s: float
    simulation: dict[str, Any] | None


class InstrumentInfo(NamedTuple):
    symbol: str
    base_asset: str
    quote_asset: str
    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    taker_fee: Decimal
    trading: bool


class CandleRow(NamedTuple):
    """One candle; times in epoch seconds, volume in base and quote units."""

    symbol: str
    open_s: int
    close_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal


class Ticker(NamedTuple):
    """24-hour figures; `change` is a fraction."""

    symbol: str
    last: Decimal
    change: Decimal
    quote_volume: Decimal
    bid: Decimal
    ask: Decimal


class MexcRest:
    """Calls on one session. Use as `async with aiohttp.ClientSession() as session: MexcRest(url, session)`."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.base_url, self.session = base_url.rstrip("/"), session

    async def server_time(self) -> ServerTime:
        body = await self._get("/api/v3/time", attempts=1)
        with _shape("/api/v3/time"):
            return ServerTime(int(body["serverTime"]) / 1000, body.get("simulation"))

    async def instruments(self) -> list[InstrumentInfo]:
        """All pairs with usable numbers; a pair the exchange describes unusably is left out."""
        body = await self._get("/api/v3/exchangeInfo")
        with _shape("/api/v3/exchangeInfo"):
            read = [_instrument(row) for row in body["symbols"]]
        return [item for item in read if item is not None]

    async def klines(self, symbol: str, interval: str, *, start_s: int, limit: int = KLINES_MAX) -> list[CandleRow]:
        """Up to `limit` candles from `start_s` on, oldest first; the last may still be forming."""
        length_s = interval_s(interval)
        limit = min(limit, KLINES_MAX)
        parameters = {
            "symbol": symbol,
            "interval": interval,
            "limit": str(limit),
            "startTime": str(start_s * 1000),
            "endTime": str((start_s + limit * length_s) * 1000 - 1),
        }
        rows = await self._get("/api/v3/klines", parameters)
        with _shape("/api/v3/klines"):
            return [_candle(symbol, row, length_s) for row in rows]

    async def tickers_24h(self) -> list[Ticker]:
        rows = await self._get("/api/v3/ticker/24hr")
        with _shape("/api/v3/ticker/24hr"):
            return [_ticker(row) for row in rows]

    async def book_tickers(self) -> dict[str, tuple[Decimal, Decimal]]:
        """(bid, ask) by symbol, where both sides exist."""
        rows = await self._get("/api/v3/ticker/bookTicker")
        with _shape("/api/v3/ticker/bookTicker"):
            sides = {row["symbol"]: (_number(row["bidPrice"]), _number(row["askPrice"])) for row in rows}
        return {symbol: pair for symbol, pair in sides.items() if all(pair)}

    async def _get(self, endpoint: str, parameters: Mapping[str, str] | None = None, attempts: int = ATTEMPTS) -> Any:
        reason = ""
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(min(PAUSE_MAX_S, PAUSE_S * 2**attempt) * JITTER.uniform(0.5, 1.5))
            try:
                url = self.base_url + endpoint
                async with self.session.get(url, params=parameters, timeout=TIMEOUT) as response:
                    if response.status != 429 and response.status < 500:
                        return _answer(endpoint, response.status, await response.content.read(BODY_MAX))
                    reason = f"HTTP {response.status}"
                    await asyncio.sleep(_retry_after_s(response.headers))
            except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                reason = f"{type(problem).__name__} {problem}".strip()
        raise Unavailable(endpoint, attempts=attempts, reason=reason)


def closed_only(rows: Sequence[CandleRow], market_s: float) -> list[CandleRow]:
    """The candles whose close time has come."""
    return [row for row in rows if row.close_s <= market_s]


def _retry_after_s(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "0")
    return min(float(text), PAUSE_MAX_S) if text.isdigit() else 0.0


def _answer(endpoint: str, status: int, content: bytes) -> Any:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        raise BadAnswer(endpoint, f"no JSON (HTTP {status}): {problem}") from problem
    if status != 200 or (isinstance(body, dict) and isinstance(body.get("code"), int) and body["code"] not in (0, 200)):
        told = body if isinstance(body, dict) else {}
        raise Refused(endpoint, status=status, code=told.get("code"), message=str(told.get("msg", ""))[:200])
    return body


class _shape:
    """Turns a surprise in an answer's content into BadAnswer naming the endpoint."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, _: object) -> None:
        if isinstance(problem, KeyError | IndexError | TypeError | ValueError | InvalidOperation | AttributeError):
            raise BadAnswer(self.endpoint, f"unexpected content: {problem!r}") from problem


def _number(text: Any) -> Decimal:
    value = Decimal(str(text if text is not None else 0))
    if not value.is_finite() or value.adjusted() > 30:
        raise ValueError(f"no finite number: {text!r}")
    return value


def _instrument(row: dict[str, Any]) -> InstrumentInfo | None:
    try:
        info = InstrumentInfo(
            row["symbol"],
            row["baseAsset"],
            row["quoteAsset"],
            Decimal(1).scaleb(-int(row["quoteAssetPrecision"])),
            Decimal(1).scaleb(-int(row["baseAssetPrecision"])),
            _number(row["baseSizePrecision"]),
            _number(row["quoteAmountPrecision"]),
            _number(row["takerCommission"]),
            str(row["status"]) == "1" and bool(row.get("isSpotTradingAllowed")),
        )
    except (KeyError, TypeError, ValueError, InvalidOperation):
        return None
    return info if info.min_quantity >= 0 and info.min_notional >= 0 and 0 <= info.taker_fee < 1 else None


def _candle(symbol: str, row: Sequence[Any], length_s: int) -> CandleRow:
    open_s = int(row[0]) // 1000
    opened, high, low, close, volume, quote_volume = (_number(row[place]) for place in (1, 2, 3, 4, 5, 7))
    if not 0 < low <= min(opened, close) or high < max(opened, close) or volume < 0 or quote_volume < 0:
        raise ValueError(f"impossible candle {row!r}")
    return CandleRow(symbol, open_s, open_s + length_s, opened, high, low, close, volume, quote_volume)


def _ticker(row: dict[str, Any]) -> Ticker:
    return Ticker(
        row["symbol"],
        _number(row["lastPrice"]),
        _number(row["priceChangePercent"]),
        _number(row["quoteVolume"]),
        _number(row.get("bidPrice")),
        _number(row.get("askPrice")),
    )

"""The simulated exchange's WebSocket: subscriptions, acks and the pulse that pushes market data.

Ten times a second, and exactly when a candle ends, the pulse computes the market once, encodes each channel
once and hands the frames to every subscriber. The last push of a candle is its closed state; as on the
exchange, nothing marks it. A connection takes 30 channels; a refusal carries code 0 like an ack; a client that
does not read is closed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from marketdata.intervals import NAMES_OF_CHANNELS, SECONDS, window_start_s
from marketdata.mexc import wire
from marketdata.mexc_sim.exchange import Exchange, candle_texts, interval_offered
from marketdata.mexc_sim.market_clock import MarketClock
from marketdata.mexc_sim.source import Candles
from marketdata.mexc_sim.views import tickers

log = logging.getLogger(__name__)

SUBSCRIPTIONS_MAX = 30
BACKLOG_MAX = 5000
PULSE_S = 0.1
MINI_TICKERS_S = 3.0
CHANNEL = re.compile(
    r"spot@public\.(?:(?P<kline>kline)\.v3\.api\.pb@(?P<candle_symbol>[^@]+)@(?P<interval>\w+)"
    r"|(?P<book>aggre\.bookTicker)\.v3\.api\.pb@(?:10|100)ms@(?P<book_symbol>[^@]+)"
    r"|(?P<mini>miniTickers)\.v3\.api\.pb@UTC[+-]?\d*)"
)


class Subscriber:
    """One connection: its channels and the frames waiting for it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.channels: set[str] = set()
        self.waiting: asyncio.Queue[bytes | str] = asyncio.Queue(BACKLOG_MAX)
        self.lagging = False

    def put(self, frame: bytes | str) -> None:
        try:
            self.waiting.put_nowait(frame)
        except asyncio.QueueFull:
            self.lagging = True

    async def send_forever(self) -> None:
        while not self.lagging:
            frame = await self.waiting.get()
            await (self.socket.send_bytes(frame) if isinstance(frame, bytes) else self.socket.send_str(frame))
        await self.socket.close(code=1008, message=b"too slow")


class Streams:
    def __init__(self, exchange: Exchange, clock: MarketClock) -> None:
        self.exchange, self.clock = exchange, clock
        self.subscribers: set[Subscriber] = set()
        self._pushed_s = clock.now_s()
        self._sent: dict[str, Any] = {}
        self._mini_tickers_due_s = 0.0
        self._version = 0

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One client, from upgrade to goodbye."""
        socket = web.WebSocketResponse(max_msg_size=64 * 1024, compress=False)
        await socket.prepare(request)
        subscriber = Subscriber(socket)
        self.subscribers.add(subscriber)
        sender = asyncio.create_task(subscriber.send_forever())
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._answer(subscriber, message.data)
        finally:
            self.subscribers.discard(subscriber)
            sender.cancel()
        return socket

    def _answer(self, subscriber: Subscriber, text: str) -> None:
        try:
            request = orjson.loads(text)
            method = str(request["method"]).upper()
            channels = [str(channel) for channel in request.get("params") or []]
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            subscriber.put(_reply("Invalid request"))
            return
        if method == "PING":
            subscriber.put(_reply("PONG"))
        elif method == "SUBSCRIPTION":
            for channel in channels:
                subscriber.put(_reply(self._subscribed(subscriber, channel)))
        elif method == "UNSUBSCRIPTION":
            for channel in channels:
                subscriber.channels.discard(channel)
                subscriber.put(_reply(channel))
        else:
            subscriber.put(_reply(f"Unknown method {method[:40]}"))

    def _subscribed(self, subscriber: Subscriber, channel: str) -> str:
        full = len(subscriber.channels) >= SUBSCRIPTIONS_MAX and channel not in subscriber.channels
        if full or not self._offered(channel):
            return f"Not Subscribed successfully! [{channel}].  Reason\uff1a Blocked! "
        subscriber.channels.add(channel)
        self._sent.pop(channel, None)
        return channel

    def _offered(self, channel: str) -> bool:
        parts = CHANNEL.fullmatch(channel)
        if parts is None:
            return False
        if parts["kline"]:
            interval = NAMES_OF_CHANNELS.get(parts["interval"], "")
            return parts["candle_symbol"] in self.exchange.rows and interval_offered(interval, self.exchange.source)
        return parts["mini"] is not None or parts["book_symbol"] in self.exchange.rows

    async def pulse_forever(self) -> None:
        while True:
            await asyncio.sleep(min(PULSE_S, self._until_next_close()))
            try:
                self.pulse(self.clock.now_s())
            except Exception:
                log.exception("a pulse of the simulated market failed")

    def _until_next_close(self) -> float:
        base_s = self.exchange.source.interval_s
        closes_s = window_start_s(self.clock.now_s(), base_s) + base_s
        return self.clock.wall_seconds_until(closes_s) + 0.001

    def pulse(self, at_s: float) -> None:
        """Push what changed up to market time `at_s`."""
        before_s, self._pushed_s = self._pushed_s, at_s
        wanted = {channel for subscriber in self.subscribers for channel in subscriber.channels}
        for channel, frame in self._frames(wanted, before_s, at_s):
            for subscriber in self.subscribers:
                if channel in subscriber.channels:
                    subscriber.put(frame)

    def _frames(self, wanted: set[str], before_s: float, at_s: float) -> Iterator[tuple[str, bytes]]:
        parsed = [(channel, CHANNEL.fullmatch(channel)) for channel in wanted]
        kinds = [(channel, parts) for channel, parts in parsed if parts]
        klines = [(channel, parts["candle_symbol"], parts["interval"]) for channel, parts in kinds if parts["kline"]]
        for interval in sorted({interval for _, _, interval in klines}):
            chosen = [(channel, symbol) for channel, symbol, name in klines if name == interval]
            yield from self._candle_frames(interval, chosen, before_s, at_s)
        books = {parts["book_symbol"]: channel for channel, parts in kinds if parts["book"]}
        yield from self._book_frames(books, at_s)
        now_s = self.clock.clock.monotonic_s()
        if now_s >= self._mini_tickers_due_s:
            self._mini_tickers_due_s = now_s + MINI_TICKERS_S
            for channel in (channel for channel, parts in kinds if parts["mini"]):
                yield channel, wire.encode_mini_tickers(channel, self._mini_rows(at_s), int(at_s * 1000))

    def _candle_frames(
        self, channel_interval: str, channels: list[tuple[str, str]], before_s: float, at_s: float
    ) -> Iterator[tuple[str, bytes]]:
        """Closed states of every window that ended since the last pulse, then the forming one where it changed."""
        length_s = SECONDS[NAMES_OF_CHANNELS[channel_interval]]
        current_s = window_start_s(at_s, length_s)
        for start_s in range(window_start_s(before_s, length_s), current_s + 1, length_s):
            candle = self.exchange.window(start_s, length_s, at_s)
            for channel, symbol in channels:
                frame = self._changed_candle(channel, symbol, channel_interval, candle, length_s, at_s)
                if frame is not None:
                    yield channel, frame

    def _changed_candle(
        self, channel: str, symbol: str, channel_interval: str, candle: Candles, length_s: int, at_s: float
    ) -> bytes | None:
        row = self.exchange.rows[symbol]
        state = tuple(int(column[row, 0]) for column in candle[1:])
        start_s = int(candle.open_s[0])
        if not state[0] or self._sent.get(channel) == (start_s, state):
            return None
        self._sent[channel] = (start_s, state)
        texts = candle_texts(self.exchange.source.listings[row], candle, row, 0)
        return wire.encode_candle(symbol, channel_interval, start_s, start_s + length_s, texts, int(at_s * 1000))

    def _book_frames(self, channels: dict[str, str], at_s: float) -> Iterator[tuple[str, bytes]]:
        if not channels:
            return
        for quote in self.exchange.quotes(at_s):
            channel = channels.get(quote.symbol)
            if channel is not None and self._sent.get(channel) != quote:
                self._sent[channel] = quote
                self._version += 1
                yield channel, wire.encode_book(quote.symbol, channel, quote[1:], self._version, int(at_s * 1000))

    def _mini_rows(self, at_s: float) -> list[dict[str, str]]:
        return [
            {
                "symbol": row["symbol"],
                "price": row["lastPrice"],
                "rate": row["priceChangePercent"],
                "zonedRate": row["priceChangePercent"],
                "high": row["highPrice"],
                "low": row["lowPrice"],
                "volume": row["quoteVolume"],
                "quantity": row["volume"],
            }
            for row in tickers(self.exchange, at_s)
        ]


def _reply(message: str) -> str:
    return orjson.dumps({"id": 0, "code": 0, "msg": message}).decode()

"""The simulated exchange's WebSocket: subscriptions, acks and the pulse that pushes market data.

Ten times a second, and exactly when a candle ends, the pulse asks what the subscribed channels show, encodes each
once and hands the frames to every subscriber; channels of 10 ms make it beat that fast while somebody has them.
A refusal carries code 0 like an ack. Every frame passes the fault desk, which may lose, spoil or delay it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from marketdata.intervals import window_start_s
from mexc_sim.faults.desk import FaultDesk
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.market_clock import MarketClock
from mexc_sim.market.windows import offered
from mexc_sim.server.book_pushes import BookPushes
from mexc_sim.server.candle_pushes import CandlePushes, Moment, Push
from mexc_sim.server.channels import EVERY_MS, FAST_MS, MINI_TICKERS_MS, Channel, parse
from mexc_sim.server.private_frames import frame_of
from mexc_sim.server.subscriber import Lifetimes, Subscriber
from mexc_sim.server.tickers import MiniTickerPushes
from mexc_sim.server.user_streams import SOCKETS_MAX, ListenKeys
from mexc_sim.trading.floor import FloorTrade, Shown, SimAccount

log = logging.getLogger(__name__)

REQUEST_MAX = 64 * 1024
TOO_MANY, GOING_AWAY, POLICY = b"too many requests", 1001, 1008


class Streams:
    def __init__(
        self, exchange: Exchange, clock: MarketClock, desk: FaultDesk, lifetimes: Lifetimes, listen_keys: ListenKeys
    ) -> None:
        self.exchange, self.clock, self.desk, self.lifetimes = exchange, clock, desk, lifetimes
        self.listen_keys = listen_keys
        self.candles, self.books = CandlePushes(exchange), BookPushes(exchange)
        self.mini_tickers = MiniTickerPushes(exchange)
        self.subscribers: dict[Subscriber, asyncio.Transport] = {}
        self.followers: dict[Channel, set[Subscriber]] = {}
        self._told_s = dict.fromkeys((FAST_MS, EVERY_MS, MINI_TICKERS_MS), clock.now_s())
        self._due_s = dict.fromkeys(self._told_s, 0.0)
        self._closing: set[asyncio.Task[Any]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One client, from upgrade to goodbye."""
        if not self.desk.connecting():
            return web.Response(status=503, text="Service Unavailable")
        listen_key = request.query.get("listenKey", "")
        if listen_key and not self._let_in(listen_key):
            return web.Response(status=401, text="listenKey is unknown, over, or has its sockets")
        socket = web.WebSocketResponse(max_msg_size=REQUEST_MAX, compress=False)
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        subscriber = Subscriber(socket, self.lifetimes, self._now_s(), transport, listen_key)
        self.subscribers[subscriber] = transport
        sender = asyncio.create_task(subscriber.send_forever())
        try:
            async for message in socket:
                if not subscriber.heard(self._now_s()):
                    await socket.close(code=POLICY, message=TOO_MANY)
                elif message.type == WSMsgType.TEXT:
                    self._answer(subscriber, message.data)
        finally:
            sender.cancel()
            del self.subscribers[subscriber]
            for channel in list(subscriber.channels.values()):
                self._unsubscribe(subscriber, channel)
        return socket

    def _let_in(self, listen_key: str) -> bool:
        taken = sum(one.listen_key == listen_key for one in self.subscribers)
        return self.listen_keys.account(listen_key, self._now_s()) is not None and taken < SOCKETS_MAX

    def _answer(self, subscriber: Subscriber, text: str) -> None:
        try:
            request = orjson.loads(text)
            method = str(request["method"]).upper()
            names = [str(name) for name in request.get("params") or []]
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            subscriber.put(_reply("Invalid request"))
            return
        if method == "PING":
            subscriber.alive_s = self._now_s()
            subscriber.put(_reply("PONG"))
        elif method == "SUBSCRIPTION":
            for name in names:
                subscriber.put(_reply(self._subscribed(subscriber, name)))
        elif method == "UNSUBSCRIPTION":
            for name in names:
                if name in subscriber.channels:
                    self._unsubscribe(subscriber, subscriber.channels[name])
                subscriber.put(_reply(name))
        else:
            subscriber.put(_reply(f"Unknown method {method[:40]}"))

    def _subscribed(self, subscriber: Subscriber, name: str) -> str:
        """The ack is the channel's name; a refusal says so, with the exchange's full-width colon."""
        if name in subscriber.channels:
            return name
        channel = parse(name)
        if channel is None or subscriber.full() or not self._offered(channel, subscriber):
            return f"Not Subscribed successfully! [{name}].  Reason\uff1a Blocked! "
        subscriber.channels[name] = channel
        subscriber.alive_s = self._now_s()
        self.followers.setdefault(channel, set()).add(subscriber)
        self.candles.forget(channel)
        self.books.forget(channel)
        return name

    def _unsubscribe(self, subscriber: Subscriber, channel: Channel) -> None:
        del subscriber.channels[channel.name]
        followers = self.followers[channel]
        followers.discard(subscriber)
        if not followers:
            del self.followers[channel]
            self.books.left(channel)

    def _offered(self, channel: Channel, subscriber: Subscriber) -> bool:
        if channel.kind == "private":
            return bool(subscriber.listen_key)
        symbol = channel.symbol
        if symbol and (symbol not in self.exchange.rows or self.desk.delisted(symbol)):
            return False
        return not channel.interval or offered(channel.interval, self.exchange.source.interval_s)

    async def pulse_forever(self) -> None:
        while True:
            fast = any(channel.every_ms == FAST_MS for channel in self.followers)
            pause_s = (FAST_MS if fast else EVERY_MS) / 1000
            await asyncio.sleep(min(pause_s, self._until_next_close()))
            try:
                self.pulse(self.clock.now_s())
                self._end_connections()
            except Exception:
                log.exception("a pulse of the simulated market failed")

    def _until_next_close(self) -> float:
        base_s = self.exchange.source.interval_s
        closes_s = window_start_s(self.clock.now_s(), base_s) + base_s
        return self.clock.wall_seconds_until(closes_s) + 0.001

    def pulse(self, at_s: float) -> None:
        """Push what channels whose time has come show at market time `at_s`."""
        now_s, base_s = self._now_s(), self.exchange.source.interval_s
        closed = window_start_s(at_s, base_s) > window_start_s(self._told_s[EVERY_MS], base_s)
        said_ms = int((at_s + self.desk.clock_skew_s()) * 1000)
        beats = False
        for every_ms in (MINI_TICKERS_MS, EVERY_MS, FAST_MS):
            # Where the slow beat, the fast ones beat along: a snapshot of a slow stream is on the fast one's chain.
            beats = beats or now_s >= self._due_s[every_ms] or (closed and every_ms == EVERY_MS)
            if not beats:
                continue
            self._due_s[every_ms] = now_s + every_ms / 1000 - 0.002
            moment = Moment(self._told_s[every_ms], at_s, said_ms)
            self._told_s[every_ms] = at_s
            channels = [channel for channel in self.followers if channel.every_ms == every_ms]
            if channels:
                self._push(channels, moment)

    def _push(self, channels: Sequence[Channel], moment: Moment) -> None:
        for push in self._pushes(channels, moment):
            self._send(push, push.channel.symbol, None)

    def _send(self, push: Push, symbol: str, account: SimAccount | None) -> None:
        """To all who follow the channel, or to those who listen to an account."""
        channel = push.channel
        for delay_s, frame in self.desk.frames(channel.name, symbol, push.frame, closing=push.closing):
            if delay_s > 0:
                asyncio.get_running_loop().call_later(delay_s, self._hand_out, channel, frame, account)
            else:
                self._hand_out(channel, frame, account)

    def _pushes(self, channels: Sequence[Channel], moment: Moment) -> Iterable[Push]:
        yield from self.candles.between([channel for channel in channels if channel.kind == "kline"], moment)
        yield from self.books.between(channels, moment)
        minis = [channel for channel in channels if channel.kind in ("mini_ticker", "mini_tickers")]
        yield from self.mini_tickers.between(minis, moment)

    def tell(self, account: SimAccount, news: Shown, at_ms: int) -> None:
        """What happens in an account, to those who listen to it; a fault may cut them off instead."""
        if isinstance(news, FloorTrade) and self.desk.trading.cuts(news.placed):
            for subscriber, transport in self.subscribers.items():
                if self.listen_keys.account(subscriber.listen_key, self._now_s()) is account:
                    transport.abort()
        name, symbol, frame = frame_of(news, at_ms)
        channel = Channel(name, "private")
        if channel in self.followers:
            self._send(Push(channel, frame), symbol, account)

    def _hand_out(self, channel: Channel, frame: bytes | str, account: SimAccount | None) -> None:
        now_s = self._now_s()
        for subscriber in self.followers.get(channel, ()):
            if account is None or self.listen_keys.account(subscriber.listen_key, now_s) is account:
                subscriber.alive_s = now_s
                subscriber.put(frame)

    def _end_connections(self) -> None:
        """Cut all off where a fault wants it; say goodbye to those whose time is over."""
        if self.desk.disconnect_wanted():
            for transport in self.subscribers.values():
                transport.abort()
        now_s = self._now_s()
        for subscriber, transport in list(self.subscribers.items()):
            reason = subscriber.over(now_s) or self._unheard(subscriber, now_s)
            if reason and subscriber.lagging:
                transport.abort()
            elif reason and not subscriber.socket.closed:
                self._close(subscriber, reason)

    def _unheard(self, subscriber: Subscriber, now_s: float) -> str:
        over = subscriber.listen_key and self.listen_keys.account(subscriber.listen_key, now_s) is None
        return "listenKey is over" if over else ""

    def _close(self, subscriber: Subscriber, reason: str) -> None:
        task = asyncio.create_task(subscriber.socket.close(code=GOING_AWAY, message=reason.encode()))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Goodbye to everybody."""
        for subscriber in list(self.subscribers):
            await subscriber.socket.close(code=GOING_AWAY, message=b"going away")

    def _now_s(self) -> float:
        return self.clock.clock.monotonic_s()


def _reply(message: str) -> str:
    return orjson.dumps({"id": 0, "code": 0, "msg": message}).decode()

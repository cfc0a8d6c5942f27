"""The simulated exchange as a running server: one loopback port for REST and WebSocket.

`open_market` builds source and clock from what was asked; `serve` runs until it is told to stop, keeps the
clock's promise on disk and says in the log when a recording has ended.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from cdb_site.clock import SYSTEM, Clock
from marketdata.intervals import interval_s
from mexc_sim.faults import control
from mexc_sim.faults.desk import FaultDesk
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.market_clock import MarketClock, PromisedMarket
from mexc_sim.market.recorded import open_recordings
from mexc_sim.market.source import MarketSource
from mexc_sim.market.synthetic import SyntheticMarket
from mexc_sim.server import account_control, private, rest_facts, rest_market, rest_orders, the_floor, user_streams
from mexc_sim.server.answers import errors_as_json
from mexc_sim.server.streams import Streams
from mexc_sim.server.subscriber import Lifetimes
from mexc_sim.server.weights import OrderRates, RequestLimits, Scales, limited
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.journal import TradingJournal

log = logging.getLogger(__name__)
PROMISE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class WantedExchange:
    """What the operator asked to have simulated. `rate` in market seconds per wall second."""

    seed: int
    rate: float
    data: str
    interval: str
    quote_asset: str
    history_candles: int
    clock_path: Path
    start_fresh: bool = False


def open_market(wanted: WantedExchange, clock: Clock = SYSTEM) -> tuple[MarketSource, MarketClock, list[str]]:
    """Source, clock and sentences for the operator. Raises RecordingProblem or ValueError."""
    market = PromisedMarket(
        source=str(Path(wanted.data).resolve()) if wanted.data else "synthetic",
        seed=wanted.seed,
        rate=wanted.rate,
        quote_asset=wanted.quote_asset,
        interval=wanted.interval,
    )
    market_clock = MarketClock(market=market, path=wanted.clock_path, clock=clock, start_fresh=wanted.start_fresh)
    if not wanted.data:
        return SyntheticMarket(seed=wanted.seed, quote_asset=wanted.quote_asset), market_clock, []
    source, notes = open_recordings(
        Path(wanted.data),
        quote_asset=wanted.quote_asset,
        interval=wanted.interval,
        now_s=market_clock.origin_s,
        history_s=wanted.history_candles * interval_s(wanted.interval),
    )
    return source, market_clock, notes


def application(
    source: MarketSource,
    clock: MarketClock,
    *,
    limits: RequestLimits | None = None,
    lifetimes: Lifetimes | None = None,
    keys: Sequence[ApiKey] = (),
    journal: TradingJournal | None = None,
) -> web.Application:
    """The server's routes and the tasks that live as long as it. Limits are the documented ones unless given; `keys`
    say whose accounts there are, the journal what they did before; without one they begin anew."""
    exchange, limits = Exchange(source, clock.disturbances), limits or RequestLimits()
    desk = FaultDesk(exchange, clock, [key.account.name for key in keys])
    listen_keys = user_streams.ListenKeys()
    streams = Streams(exchange, clock, desk, lifetimes or Lifetimes(), listen_keys)
    scales = Scales(limits, clock.clock)
    app = web.Application(middlewares=[errors_as_json, desk.rest, limited(scales)])
    app[rest_facts.EXCHANGE], app[rest_facts.CLOCK], app[control.DESK] = exchange, clock, desk
    app[rest_market.FOLLOWED] = streams.books.followed
    app[private.KEYS], app[user_streams.LISTEN_KEYS] = {key.key: key for key in keys}, listen_keys
    app[private.FLOOR] = the_floor.trading_floor(exchange, clock, keys, streams.tell, journal)
    app[rest_orders.RATES] = OrderRates(limits.orders_per_s)
    for room in (rest_facts, rest_market, rest_orders, user_streams, control, account_control):
        app.add_routes(room.routes())
    app.router.add_get("/ws", streams.serve)

    async def running(_: web.Application) -> AsyncIterator[None]:
        await asyncio.to_thread(exchange.day, clock.now_s())
        tasks = [asyncio.create_task(streams.pulse_forever()), asyncio.create_task(_keep_time(source, clock))]
        tasks.append(asyncio.create_task(the_floor.move_forever(app)))
        yield
        for task in tasks:
            task.cancel()
        await streams.close()

    app.cleanup_ctx.append(running)
    return app


async def _keep_time(source: MarketSource, clock: MarketClock) -> None:
    ended = False
    while True:
        await asyncio.to_thread(clock.promise)
        if not ended and source.span.end_s is not None and clock.now_s() >= source.span.end_s:
            ended = True
            log.warning("the recording has ended: no more candles; start again with --start-fresh to play it anew")
        await asyncio.sleep(PROMISE_S)


async def serve(
    source: MarketSource,
    clock: MarketClock,
    host: str,
    port: int,
    keys: Sequence[ApiKey] = (),
    journal: TradingJournal | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Raises OSError when the port is taken, JournalProblem for another market's."""
    runner = web.AppRunner(application(source, clock, keys=keys, journal=journal), access_log=None, shutdown_timeout=2)
    await runner.setup()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("simulated exchange on http://%s:%d and ws://%s:%d/ws", host, port, host, port)
        await stopping.wait()
    finally:
        await runner.cleanup()
        clock.promise()

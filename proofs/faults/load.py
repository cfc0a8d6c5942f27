"""The load of a fault run: a market whose every signal is known beforehand, and which no outage can stop.

A symbol steps down, SELL, once its position is in the books, and up again, BUY, once it is gone: a SELL that meets no
position would prove nothing, and an outage must not turn the load into such SELLs.

Like a screener it stores closed candles in PostgreSQL first and rings `market_data` from the outbox; while a server is
away it waits, and after PostgreSQL came back it stores the last minutes again, as the REST screener fills gaps (candles
may be lost with the last moments before a crash, they are fetched again). What must come of a candle is written to a
journal of its own before the candle is stored.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import orjson
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from redis.exceptions import RedisError

from cdb_site.bus.events import deterministic_id
from cdb_site.clock import SYSTEM, from_seconds
from execution import queries as books
from execution.queries import PAPER
from marketdata.models import Candle
from marketdata.operations import ClosedCandle, store_closed_candles
from proofs.faults.journal import Expected
from proofs.faults.plan import LoadPlan
from proofs.rig.crowd import HIGH, INTERVAL_S, LOW, Crowd, names
from signals_app.operations import signal_id
from signals_app.rules.strategy import strategy_of

PERIOD_S = 1.0
QUOTE_EVERY_S = 0.5
FETCHED_AGAIN = 30
RETRY_S = 0.2


class Load:
    """Two threads: one closes a candle of every symbol each second, one keeps quotes and clock fresh."""

    def __init__(self, journal: Path, *, symbols: int, signals_per_s: int) -> None:
        self.path = journal
        self.crowd = Crowd(names(symbols), int(SYSTEM.wall_s()) // INTERVAL_S, PERIOD_S)
        self.strategy = strategy_of(settings.ENVIRONMENT)
        self.plan = LoadPlan(self.crowd.symbols, signals_per_s)
        self.history: deque[list[ClosedCandle]] = deque(maxlen=FETCHED_AGAIN)
        self.buying = threading.Event()
        self.ended = threading.Event()
        self.sent = 0
        self.first_period = self.crowd.period
        self.started_s = SYSTEM.wall_s()
        self._threads = [
            threading.Thread(target=self._watched, args=(run,), name=run.__name__, daemon=True)
            for run in (self._trade, self._quote)
        ]

    def start(self) -> None:
        """Make the universe, warm the lookback, then begin to step."""
        self.crowd.settle()
        for thread in self._threads:
            thread.start()

    def begin_steps(self) -> None:
        self.buying.set()

    def end_steps(self) -> None:
        """No new BUYs; what is held is sold over the next periods."""
        self.buying.clear()

    def stop(self) -> None:
        self.ended.set()
        for thread in self._threads:
            thread.join(30)

    def _watched(self, run: Callable[[], None]) -> None:
        try:
            run()
        except Exception:
            traceback.print_exc(file=sys.stderr)
            raise
        finally:
            connection.close()

    def _trade(self) -> None:
        due_s = SYSTEM.wall_s()
        with self.path.open("ab") as journal:
            while not self.ended.is_set():
                up, down = self.plan.next(self._held(), buying=self.buying.is_set())
                self._close_one(journal.write, journal.flush, up, down)
                due_s = max(due_s + PERIOD_S, SYSTEM.wall_s() - PERIOD_S)
                self.ended.wait(max(0.0, due_s - SYSTEM.wall_s()))

    def _close_one(
        self, write: Callable[[bytes], object], flush: Callable[[], None], up: list[str], down: list[str]
    ) -> None:
        """Journal what must come, then store the candles until they are taken."""
        for side, symbols in (("SELL", down), ("BUY", up)):
            for symbol in symbols:
                write(orjson.dumps(self._expected(symbol, side)) + b"\n")
        flush()
        self.crowd.high.update(up)
        self.crowd.high.difference_update(down)
        candles = [self._candle(symbol) for symbol in self.crowd.symbols]
        self.history.append(candles)
        self._store(candles)
        self.crowd.period += 1
        self.sent += len(up) + len(down)

    def _held(self) -> frozenset[str] | None:
        """Symbols with a position; None while the books cannot be read."""
        try:
            return frozenset(books.open_positions(PAPER))
        except DatabaseError:
            close_old_connections()
            return None

    def _store(self, candles: list[ClosedCandle]) -> None:
        """Until PostgreSQL has them; after a failure the last periods are stored again, oldest first."""
        wanted = [candles]
        while True:
            try:
                for period in wanted:
                    store_closed_candles(self.strategy.interval, period, Candle.Source.WS, "ws")
                return
            except DatabaseError:
                close_old_connections()
                wanted = list(self.history)
                threading.Event().wait(RETRY_S)

    def _expected(self, symbol: str, side: str) -> dict[str, str]:
        opened = from_seconds(self.crowd.period * INTERVAL_S)
        name = str(signal_id(self.strategy, symbol, opened, side))
        order = deterministic_id("decision", name).hex
        return {"signal_id": name, "symbol": symbol, "side": side, "client_order_id": order}

    def _candle(self, symbol: str) -> ClosedCandle:
        close = Decimal(HIGH if symbol in self.crowd.high else LOW)
        return ClosedCandle(
            symbol=symbol,
            open_s=self.crowd.period * INTERVAL_S,
            open=close,
            high=Decimal(HIGH),
            low=Decimal(LOW),
            close=close,
            volume=Decimal(1000),
            quote_volume=Decimal(100_000),
        )

    def _quote(self) -> None:
        while not self.ended.wait(QUOTE_EVERY_S):
            try:
                self.crowd.keep_time(self.started_s, self.first_period)
                self.crowd.quote()
            except RedisError:
                continue


def read_expected(path: Path) -> tuple[Expected, ...]:
    """The journal's lines."""
    return tuple(Expected(**orjson.loads(line)) for line in path.read_bytes().splitlines())

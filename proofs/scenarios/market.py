"""The market of the scenarios: prices, spreads, silence and time move exactly as a scenario says.

Candles are stored and rung like a screener's, quotes come every 0.2 s, and the market clock stands on a day of the
scenario's choosing. A symbol is bought by letting its close dip and come back: momentum is then 2 × threshold × the
strength asked for, at an unchanged price.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection as database

from cdb_site.bus import latest
from cdb_site.bus.events import deterministic_id
from cdb_site.bus.redis import connection
from cdb_site.clock import ANCHOR_KEY, SYSTEM, Anchor, anchor_fields, from_seconds, iso
from marketdata.models import Candle, Instrument
from marketdata.operations import ClosedCandle, set_universe, store_closed_candles
from risk.marks import process_marks
from signals_app.operations import signal_id
from signals_app.rules.strategy import strategy_of

QUOTE_EVERY_S = 0.2
INTERVAL_S = 60
TICK = Decimal("0.0001")
PRICE = Decimal(100)


@dataclass(slots=True, kw_only=True)
class Terms:
    """How one symbol trades: `price` is the best bid, the ask is `spread_bps` above it."""

    price: Decimal = PRICE
    spread_bps: Decimal = Decimal("0.1")
    depth: Decimal = Decimal(1_000_000)
    turnover: Decimal = Decimal(1_000_000_000)
    silent: bool = False

    @property
    def ask(self) -> Decimal:
        return (self.price * (1 + self.spread_bps / 10_000)).quantize(TICK)


class StagedMarket:
    """Every symbol of the run, quoted by one thread until `stop`."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.terms = {symbol: Terms() for symbol in symbols}
        self.strategy = strategy_of(settings.ENVIRONMENT)
        self.silent = False
        self.skew_s = 0.0
        self.last_quote_s = 0.0
        self._lock = threading.RLock()
        self._ended = threading.Event()
        tomorrow = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self._set_clock(tomorrow)
        self._thread = threading.Thread(target=self._keep_quoting, name="quotes", daemon=True)

    def open(self) -> None:
        """List the symbols, make them the universe, and begin to quote."""
        now = SYSTEM.wall_now()
        Instrument.objects.bulk_create(
            [
                Instrument(
                    symbol=symbol,
                    base_asset=symbol.removesuffix("USDT"),
                    quote_asset="USDT",
                    price_tick=TICK,
                    quantity_step=TICK,
                    min_quantity=TICK,
                    min_notional=Decimal(1),
                    taker_fee=Decimal("0.0005"),
                    status="TRADING",
                    updated_at=now,
                )
                for symbol in self.terms
            ],
            ignore_conflicts=True,
        )
        set_universe(list(self.terms), "scenarios")
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(10)

    @property
    def now(self) -> datetime:
        return from_seconds(SYSTEM.market_s())

    def move_clock_to(self, moment: datetime) -> None:
        """Let market time go on from a later moment. Services follow within a second."""
        assert moment > self.now, "market time never runs backwards"
        with self._lock:
            self._set_clock(moment)

    def _set_clock(self, moment: datetime) -> None:
        """The candle that closes next is the one `moment` lies in."""
        self._offset_s = moment.timestamp() - SYSTEM.wall_s()
        self._share_clock()
        self.period = int(moment.timestamp()) // INTERVAL_S

    def _share_clock(self) -> None:
        wall_s = SYSTEM.wall_s()
        market_s = wall_s + self._offset_s
        anchor = Anchor(wall_s=wall_s, market_s=market_s, simulated=True, label="scenarios", skew_s=self.skew_s)
        connection().hset(ANCHOR_KEY, mapping=anchor_fields(anchor))
        SYSTEM.anchor = anchor

    def change(self, symbols: Iterable[str], **terms: Any) -> float:
        """Change the terms of symbols and quote them at once; the wall time of that tick."""
        with self._lock:
            changed = list(symbols)
            for symbol in changed:
                for name, value in terms.items():
                    setattr(self.terms[symbol], name, value)
            ticked_s = SYSTEM.wall_s()
            self._quote(changed)
        return ticked_s

    def close_candles(self, closes: Mapping[str, Decimal] | None = None) -> datetime:
        """Close one candle of every symbol at its bid, those named at another price; its open time."""
        closes = closes or {}
        with self._lock:
            opened_s, self.period = self.period * INTERVAL_S, self.period + 1
            behind_s = self.period * INTERVAL_S - SYSTEM.market_s()
            self._offset_s += max(0.0, behind_s)
            self._share_clock()
            candles = [self._candle(symbol, opened_s, closes) for symbol in self.terms]
        store_closed_candles(self.strategy.interval, candles, Candle.Source.WS, "ws")
        return from_seconds(opened_s)

    def fill_gap(self, first: int) -> None:
        """Store the candles that nobody closed, from this period to the one before the present, as history."""
        candles = [
            self._candle(symbol, period * INTERVAL_S, {})
            for period in range(first, self.period)
            for symbol in self.terms
        ]
        store_closed_candles(self.strategy.interval, candles, Candle.Source.BACKFILL, "rest")

    def _candle(self, symbol: str, opened_s: int, closes: Mapping[str, Decimal]) -> ClosedCandle:
        close = closes.get(symbol, self.terms[symbol].price)
        return ClosedCandle(
            symbol=symbol,
            open_s=opened_s,
            open=close,
            high=close,
            low=close,
            close=close,
            volume=Decimal(1000),
            quote_volume=Decimal(100_000),
        )

    def signal_buys(self, strengths: Mapping[str, str]) -> dict[str, str]:
        """Make a BUY signal of each strength (0.5 to 1); the decision ids that must come of them, by symbol."""
        rises = {symbol: 2 * self.strategy.threshold * Decimal(strength) for symbol, strength in strengths.items()}
        self.close_candles(
            {symbol: (self.terms[symbol].price / (1 + rise)).quantize(TICK) for symbol, rise in rises.items()}
        )
        opened = self.close_candles()
        signals = {symbol: signal_id(self.strategy, symbol, opened, "BUY") for symbol in strengths}
        return {symbol: str(deterministic_id("decision", str(name))) for symbol, name in signals.items()}

    def _keep_quoting(self) -> None:
        while not self._ended.wait(QUOTE_EVERY_S):
            try:
                with self._lock:
                    self._share_clock()
                    self._quote(self.terms)
            except OSError as problem:
                print(f"quotes: {problem}", file=sys.stderr)
        database.close()

    def _quote(self, symbols: Iterable[str]) -> None:
        spoken = [symbol for symbol in symbols if not self.silent and not self.terms[symbol].silent]
        if not spoken:
            return
        received_at, event_at = iso(SYSTEM.wall_now()), iso(self.now)
        quotes = [self._quotation(symbol, event_at, received_at) for symbol in spoken]
        latest.publish("market_data.quotes", {"quotes": quotes}, producer="ws", occurred_at=self.now)
        latest.store_quotes(quotes)
        process_marks().board.take(quotes)
        self.last_quote_s = SYSTEM.wall_s()

    def _quotation(self, symbol: str, event_at: str, received_at: str) -> dict[str, str]:
        terms = self.terms[symbol]
        return {
            "symbol": symbol,
            "bid": str(terms.price),
            "ask": str(terms.ask),
            "last": str(terms.price),
            "event_at": event_at,
            "received_at": received_at,
            "bid_quantity": str(terms.depth),
            "ask_quantity": str(terms.depth),
            "quote_volume_24h": str(terms.turnover),
        }

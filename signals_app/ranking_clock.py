"""The signal generator: when a candle has closed, every instrument of the quote asset gets its place.

A ranking is stamped with the market time at which the candle closed and written once, whoever ranks first. Momentum and
volume come from stored candles, spread and 24 h volume from the latest quotes.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from cdb_site import failures
from cdb_site.bus import latest
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM
from marketdata import queries as market
from marketdata.intervals import last_closed_open_s, moment
from marketdata.models import Instrument
from signals_app import operations, queries
from signals_app.queries import LookbackReading
from signals_app.rules.screening import Candidate, screen
from signals_app.rules.strategy import Strategy, strategy_of

LOOK_EVERY_S = 0.25
RANK_GAP_S = 1.0
UNWATCHED = LookbackReading(None, None, Decimal(0))


def rank_now() -> int:
    """Rank as of the last closed candle. Returns the rows written, 0 when that was done before."""
    return rank_at(last_closed_open_s(SYSTEM.market_s(), settings.ENVIRONMENT.interval_s))


def rank_at(open_s: int) -> int:
    """Rank all instruments of the quote asset as of the candle that opened at this epoch second."""
    strategy = strategy_of(settings.ENVIRONMENT)
    ranked_at = moment(open_s) + timedelta(seconds=strategy.interval_s)
    return operations.store_ranking(screen(_candidates(strategy, open_s), strategy), ranked_at)


def _candidates(strategy: Strategy, open_s: int) -> list[Candidate]:
    last_open = moment(open_s)
    readings = queries.lookback_readings(
        strategy.interval, last_open - timedelta(seconds=strategy.lookback_s), last_open
    )
    quotes = latest.read_quotes()
    paused = market.paused(SYSTEM.wall_now())
    listed = Instrument.objects.filter(quote_asset=settings.ENVIRONMENT.QUOTE_ASSET).values_list("symbol", "status")
    return [
        _candidate(
            symbol,
            trading=status == Instrument.Status.TRADING,
            paused=symbol in paused,
            reading=readings.get(symbol),
            quote=quotes.get(symbol, {}),
        )
        for symbol, status in listed
    ]


def _candidate(
    symbol: str, *, trading: bool, paused: bool, reading: LookbackReading | None, quote: dict[str, Any]
) -> Candidate:
    candles = reading or UNWATCHED
    return Candidate(
        symbol=symbol,
        trading=trading,
        paused=paused,
        close=candles.close,
        base_close=candles.base_close,
        lookback_volume=None if reading is None else reading.quote_volume,
        volume_24h=_number(quote, "quote_volume_24h"),
        bid=_number(quote, "bid"),
        ask=_number(quote, "ask"),
    )


def _number(quote: dict[str, Any], name: str) -> Decimal | None:
    text = quote.get(name)
    return None if text is None else Decimal(text)


class RankingClock:
    """Hosted by the signal generator: ranks once per closed candle, the grace after its close.

    A market in fast motion is ranked at most once a wall second.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.done_s = 0
        self.next_at_s = 0.0

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            with failures.waiting_for_servers("the ranking"):
                self.turn()
                self.runtime.progress.turned("ranking")
            self.runtime.pause(LOOK_EVERY_S)

    def turn(self) -> int:
        """Rank when a candle has closed that was not ranked. Returns the rows written."""
        environment = self.runtime.environment
        settled_s = self.runtime.clock.market_s() - float(environment.CROSS_SECTION_GRACE_S)
        open_s = last_closed_open_s(settled_s, environment.interval_s)
        if open_s == self.done_s or self.runtime.clock.monotonic_s() < self.next_at_s:
            return 0
        self.next_at_s = self.runtime.clock.monotonic_s() + RANK_GAP_S
        written = rank_at(open_s)
        self.done_s = open_s
        return written

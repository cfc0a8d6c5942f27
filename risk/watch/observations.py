"""What the guard sees of market and account: ages, spreads, moves, order and reject rates, slips.

Quotes are heard as they come; the rest is read when asked for. Ages are wall seconds since this machine received the
data. Until the first quote has come, age counts from the start of the process: silence is never mistaken for calm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache

import execution.queries
from cdb_site.bus.events import BusEvent
from cdb_site.clock import SYSTEM, Clock, parse_iso
from execution.quotes import Quote
from marketdata import queries as market
from marketdata.ticks import spread_bps
from risk.account_reading import Reading
from risk.marks import Marks, process_marks
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import ACCOUNT, Observations, Slip
from risk.rules.limits import Limits
from risk.rules.price_moves import MinuteMoves

FEED = "ws"
SLOW_EVERY_S = 1.0
UNIVERSE_EVERY_S = 5.0
REJECT_WINDOW_S = 600.0
SLIP_WINDOW_S = 300.0


class Observer:
    """One account's view of the market in one process."""

    def __init__(self, *, account: str, marks: Marks, clock: Clock = SYSTEM) -> None:
        self.account, self.marks, self.clock = account, marks, clock
        self.moves = MinuteMoves()
        self._feed_at = clock.monotonic_s()
        self._heard = False
        self._alive_since: float | None = None
        self._slow_at = self._universe_at = float("-inf")
        self._watched: set[str] = set()
        self._closed = self._rejected = 0
        self._slips: tuple[Slip, ...] = ()
        self._spreads: dict[str, tuple[Quote, Decimal | None]] = {}

    def hear(self, events: Sequence[BusEvent]) -> None:
        """Take quotes events: the feed lives, prices move."""
        for event in events:
            if event.producer == FEED:
                self._feed_at = self.clock.monotonic_s()
                self._heard = True
            for quote in event.payload["quotes"]:
                mid = (Decimal(quote["bid"]) + Decimal(quote["ask"])) / 2
                self.moves.record(quote["symbol"], parse_iso(quote["event_at"]).timestamp(), mid)

    def look(self, reading: Reading, levels: Levels) -> Observations:
        """All observations of this moment."""
        self._read_slowly()
        feed_age_s = self.clock.monotonic_s() - self._feed_at
        alive_s = self._alive_s(silent=not self._heard or feed_age_s > reading.limits.max_data_silence_s)
        quotes = {symbol: quote for symbol in sorted(self._watched) if (quote := self.marks.board.quote(symbol))}
        ages = {symbol: Decimal(str(round(self.marks.board.age_s(quote), 3))) for symbol, quote in quotes.items()}
        fresh = {symbol: quote for symbol, quote in quotes.items() if ages[symbol] <= reading.limits.max_price_age_s}
        spreads = {symbol: self._spread_bps(quote) for symbol, quote in fresh.items()}
        moves = self.moves.moves()
        return Observations(
            equity=reading.portfolio.equity,
            peak_equity=levels.peak,
            feed_age_s=Decimal(str(round(feed_age_s, 3))),
            quote_ages_s={symbol: min(age, alive_s) for symbol, age in ages.items()} if alive_s is not None else {},
            spreads_bps={symbol: spread for symbol, spread in spreads.items() if spread is not None},
            moves={symbol: moves[symbol] for symbol in fresh if symbol in moves},
            orders_last_minute=reading.orders_last_minute,
            orders_closed=self._closed,
            orders_rejected=self._rejected,
            clock_skew_s=self._skew_s(),
            slips=self._slips,
            unseen=self._unseen(ages, feed_age_s, reading.limits),
        )

    def _spread_bps(self, quote: Quote) -> Decimal | None:
        """Of a quote that stands since the look before, what it was then."""
        known, spread = self._spreads.get(quote.symbol, (None, None))
        if known is not quote:
            spread = spread_bps(quote.book.bid, quote.book.ask)
            self._spreads[quote.symbol] = quote, spread
        return spread

    def _alive_s(self, *, silent: bool) -> Decimal | None:
        """How long the feed has been heard without a silence: no symbol is silent for longer. None in a silence."""
        if silent:
            self._alive_since = None
            return None
        now = self.clock.monotonic_s()
        if self._alive_since is None:
            self._alive_since = now
        return Decimal(str(round(now - self._alive_since, 3)))

    def _unseen(self, ages: Mapping[str, Decimal], feed_age_s: float, limits: Limits) -> frozenset[str]:
        """A feed that is silent, or was never heard by this process, shows nothing of any symbol."""
        young_s = min(limits.max_data_silence_s, limits.max_price_age_s)
        if not self._heard or feed_age_s > young_s:
            return frozenset({ACCOUNT, *self._watched})
        return frozenset(self._watched - {symbol for symbol, age_s in ages.items() if age_s <= young_s})

    def _skew_s(self) -> Decimal | None:
        skew = self.clock.anchor.skew_s
        return None if skew is None else Decimal(str(round(skew, 3)))

    def _read_slowly(self) -> None:
        now = self.clock.monotonic_s()
        if now - self._universe_at > UNIVERSE_EVERY_S:
            self._universe_at = now
            self._watched = set(market.universe()) | set(execution.queries.open_positions(self.account))
        if now - self._slow_at > SLOW_EVERY_S:
            self._slow_at = now
            self._closed, self._rejected = execution.queries.rejections(self.account, REJECT_WINDOW_S)
            slipped = execution.queries.slippages(self.account, SLIP_WINDOW_S)
            self._slips = tuple(Slip(order_id=row[0], symbol=row[1], slippage=row[2]) for row in slipped)


@cache
def process_observer(account: str) -> Observer:
    """The observer of this process."""
    return Observer(account=account, marks=process_marks())

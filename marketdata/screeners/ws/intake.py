"""What a frame of the exchange does here: the newest quote of its symbol, the levels of its book, or a state of its
candle.

This runs once per frame, a hundred thousand times a second in a flood: it decodes, remembers the newest, counts, and
never waits, formats or writes. Candles that a frame closes, and windows to ask REST for, wait in two bounded rooms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cdb_site.clock import Clock
from marketdata.mexc import wire
from marketdata.mexc.errors import BadFrame
from marketdata.operations import ClosedCandle
from marketdata.screeners.ws.batches import ClosedBatches
from marketdata.screeners.ws.closing import ClosingRule
from marketdata.screeners.ws.confirming import Confirmations
from marketdata.screeners.ws.depths import OutgoingDepths
from marketdata.screeners.ws.quotes import OutgoingQuotes

SETTLED_S = 1.0
AHEAD_S = 600.0


class Intake:
    """`data_at`: monotonic seconds of the last usable frame. `counted` and `stale` are taken by the metrics.

    REST is asked for a doubtful candle SETTLED_S of market time after a push showed it to be over. A window that opens
    more than AHEAD_S of wall time from now is none.
    """

    def __init__(
        self,
        *,
        interval: str,
        clock: Clock,
        board: OutgoingQuotes,
        rule: ClosingRule,
        batches: ClosedBatches,
        confirmations: Confirmations,
        depths: OutgoingDepths | None = None,
    ) -> None:
        self.interval, self.clock = interval, clock
        self.board, self.rule, self.batches, self.confirmations = board, rule, batches, confirmations
        self.depths = depths or OutgoingDepths()
        self.data_at = self.started_at = clock.monotonic_s()
        self.counted: Counter[str] = Counter()
        self.stale: Counter[str] = Counter()
        self._latest_s = 0.0

    @property
    def heard(self) -> bool:
        """Whether any usable frame came yet."""
        return self.data_at > self.started_at

    def frame(self, body: bytes) -> None:
        """One binary frame. Raises BadFrame for one that cannot be used."""
        now = self.clock.monotonic_s()
        try:
            frame = wire.decode(body)
            if isinstance(frame, wire.BookTicker):
                self._book(frame, now)
            elif isinstance(frame, wire.CandlePush):
                self._candle(frame)
            elif isinstance(frame, wire.DepthPush):
                self._depth(frame)
            elif frame is None:
                self.counted["other"] += 1
            else:
                self._day(frame)
        except (ArithmeticError, ValueError) as problem:
            raise BadFrame(type(problem).__name__, str(problem)[:80]) from problem
        self.data_at = now

    def _book(self, ticker: wire.BookTicker, now: float) -> None:
        if not self.board.book(ticker, self.clock.wall_s(), now):
            self.stale["book"] += 1
        self.counted["book"] += 1

    def _depth(self, push: wire.DepthPush) -> None:
        if not self.depths.depth(push, self.clock.wall_s()):
            self.stale["depth"] += 1
        self.counted["depth"] += 1

    def _day(self, tickers: Iterable[wire.MiniTicker]) -> None:
        for ticker in tickers:
            self.board.day(ticker)
        self.counted["mini_tickers"] += 1

    def _candle(self, push: wire.CandlePush) -> None:
        length_s = self.rule.length_s
        if push.interval != self.interval:
            raise BadFrame("interval", f"{push.symbol} {push.interval}")
        if push.start_s % length_s or push.end_s - push.start_s != length_s:
            raise BadFrame("candle_window", f"{push.symbol} {push.start_s} {push.end_s}")
        if push.start_s > self._latest_s:
            self._look_ahead(push)
        taken = self.rule.push(push)
        if taken.fresh:
            self.board.last(push, self.clock.monotonic_s())
        else:
            self.stale["kline"] += 1
        if taken.closed is not None:
            closed = taken.closed
            candle = ClosedCandle(closed.symbol, closed.start_s, *closed[4:10])
            self.batches.add(candle, self.clock.monotonic_s())
        if taken.doubtful:
            self.confirmations.add(taken.doubtful, self.clock.monotonic_s() + SETTLED_S / self.clock.anchor.rate)
        self.counted["kline"] += 1

    def _look_ahead(self, push: wire.CandlePush) -> None:
        """Refuse a window that opens too far in the future: all real ones would count as late until then."""
        self._latest_s = self.clock.market_s() + AHEAD_S * self.clock.anchor.rate
        if push.start_s > self._latest_s:
            raise BadFrame("candle_future", f"{push.symbol} {push.start_s}")

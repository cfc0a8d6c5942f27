"""One look at the whole market per candle: the state machine between arriving candles and signals.

Candles are added to a window as they come, in any order. A period (open time / interval) is evaluated once, oldest
first; then every symbol's momentum, rank and crossing come out of four columns of the window at once. A candle that
comes after its period was evaluated still serves as a base for later ones, and is never evaluated itself.

Exits and gaps: the side of the exit is remembered per symbol, so a crossing down inside a gap is sold at the first
candle that is evaluated after it. In a catch-up (an evaluation older than the signals' time to live) BUYs come out and
have expired; SELLs wait for the newest candle: a symbol that recovered meanwhile is not sold, one that did not is sold
once. Whether it is held is not known here: the risk manager refuses a SELL without a position.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from marketdata.ticks import grid_text
from signals_app.rules import momentum, ranking
from signals_app.rules.closes import Closes, Reading
from signals_app.rules.momentum import Bools, Codes, Compared, Floats, Ints, Level
from signals_app.rules.strategy import Strategy

AHEAD = 512
TOP_KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDraft:
    """A signal before it is stored. `closes`: previous base, base, previous close, close, empty when missing."""

    symbol: str
    side: str
    momentum: Decimal
    strength: Decimal
    rank: int
    quote_volume: Decimal
    closes: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """One evaluated period. `skipped`: symbol → reason; `ranked`: how many had a rank; `top`: strongest, momentum."""

    period: int
    complete: bool
    late: bool
    universe_size: int
    candles: int
    ranked: int
    skipped: dict[str, str]
    drafts: list[SignalDraft]
    top: list[tuple[str, str]]


@dataclass(slots=True)
class Pending:
    """A period with candles that waits for its evaluation. `since_s`: when its first candle came."""

    since_s: float
    sources: list[tuple[object, Ints]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The four closes of every symbol that one evaluation compares."""

    close: Ints
    base: Ints
    previous: Ints
    previous_base: Ints


class CrossSection:
    """Window, universe and memory of the exits. Knows no clock: times are handed in."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.threshold, self.exit = Level.of(strategy.threshold), Level.of(strategy.exit)
        limit = min(self.threshold.price_limit, self.exit.price_limit)
        self.closes = Closes(strategy.lookback_rows + 2 + AHEAD, limit)
        self.evaluated: int | None = None
        self.pending: dict[int, Pending] = {}
        self.universe: tuple[str, ...] = ()
        self._members: Ints = np.zeros(0, np.int64)
        self._exit_state: Codes = np.zeros(0, np.int8)

    def set_universe(self, symbols: Sequence[str]) -> None:
        """The symbols that are ranked and waited for."""
        self.universe = tuple(sorted(symbols))
        self._members = np.array([self.closes.row(symbol) for symbol in self.universe], np.int64)

    def add(self, period: int, readings: Iterable[Reading], *, at_s: float, source: object = None) -> int:
        """Take candles of one period. `source` is what they came with, handed back by `source_of`. Returns new ones."""
        rows = self.closes.add(period, readings)
        if len(rows) and (self.evaluated is None or period > self.evaluated):
            self.pending.setdefault(period, Pending(at_s)).sources.append((source, rows))
        return len(rows)

    def fits(self, period: int) -> bool:
        """Whether the window holds the period together with all that is still to be evaluated."""
        return self.evaluated is None or period <= self.evaluated + AHEAD

    def complete(self, period: int) -> bool:
        """Whether every universe candle is in."""
        return len(self._members) > 0 and bool(self.closes.column(period)[self._members].all())

    def follows(self, period: int) -> bool:
        """Whether the period before it has been evaluated."""
        return self.evaluated is None or period == self.evaluated + 1

    def lacking_history(self, period: int) -> list[str]:
        """Universe symbols that have the candle but not all three earlier ones that it is compared with."""
        columns = self._columns(period)
        members = self._members
        earlier = (columns.base != 0) & (columns.previous != 0) & (columns.previous_base != 0)
        lacking = members[((columns.close != 0) & ~earlier)[members]]
        return [self.closes.symbols[row] for row in lacking.tolist()]

    def source_of(self, pending: Pending, symbol: str) -> object:
        """What the symbol's candle came with."""
        row = self.closes.rows[symbol]
        return next((source for source, rows in reversed(pending.sources) if (rows == row).any()), None)

    def skip_to(self, period: int) -> None:
        """Let the period and all before it only warm the lookback."""
        self.evaluated = period if self.evaluated is None else max(period, self.evaluated)
        self.pending = {each: waiting for each, waiting in self.pending.items() if each > self.evaluated}

    def remember(self, period: int, *, late: bool, left_out: Iterable[str] = ()) -> None:
        """Go through a period that was evaluated before, silently: only the side of the exits is taken over."""
        columns = self._columns(period)
        close = columns.close.copy()
        close[[self.closes.rows[symbol] for symbol in left_out if symbol in self.closes.rows]] = 0
        state = self._compare(_Columns(close, columns.base, columns.previous, columns.previous_base)).exit_state
        self._exit_state = (momentum.carried_unsold if late else momentum.carried)(state, self._before())

    def evaluate(self, period: int, *, late: bool) -> Evaluated:
        """Evaluate the oldest pending period. `late`: a catch-up, whose SELLs wait for the newest candle."""
        columns = self._columns(period)
        compared = self._compare(columns)
        before = self._before()
        hold_sells = late and any(later > period for later in self.pending)
        sells = np.zeros_like(compared.buys) if hold_sells else momentum.exits(compared.exit_state, before)
        self._exit_state = (momentum.carried_unsold if hold_sells else momentum.carried)(compared.exit_state, before)
        complete = self.complete(period)
        self.skip_to(period)
        return self._result(period, columns, compared, sells, complete=complete, late=late)

    def _columns(self, period: int) -> _Columns:
        lookback, column = self.strategy.lookback_rows, self.closes.column
        return _Columns(column(period), column(period - lookback), column(period - 1), column(period - lookback - 1))

    def _compare(self, columns: _Columns) -> Compared:
        return momentum.compare(
            columns.close, columns.base, columns.previous, columns.previous_base, self.threshold, self.exit
        )

    def _before(self) -> Codes:
        """Remembered sides, one per row; symbols that are new since are UNKNOWN."""
        new = len(self.closes.symbols) - len(self._exit_state)
        return np.pad(self._exit_state, (0, new)) if new else self._exit_state

    def _result(
        self, period: int, columns: _Columns, compared: Compared, sells: Bools, *, complete: bool, late: bool
    ) -> Evaluated:
        symbols = self.closes.symbols
        reasons = compared.reasons[self._members]
        out = self._members[reasons != 0]
        skipped = {symbols[row]: momentum.REASONS[compared.reasons[row]] for row in out.tolist()}
        drafts: list[SignalDraft] = []
        top: list[tuple[str, str]] = []
        ranked = int(np.count_nonzero((reasons == 0) | (reasons == momentum.PREVIOUS_MISSING)))
        member = np.zeros(len(symbols), np.bool_)
        member[self._members] = True
        if sells.any() or (compared.buys & member).any():
            order, strongest = self._ranks(columns)
            top = self._top(strongest, columns)
            drafts = self._drafts(period, columns, order, compared.buys & member, sells, skipped)
        return Evaluated(
            period=period,
            complete=complete,
            late=late,
            universe_size=len(self.universe),
            candles=int(np.count_nonzero(columns.close)),
            ranked=ranked,
            skipped=skipped,
            drafts=drafts,
            top=top,
        )

    def _ranks(self, columns: _Columns) -> tuple[Ints, Ints]:
        """(rank by row, universe rows from the strongest). A symbol outside the universe ranks behind all of it."""
        values: Floats = momentum.approximate(columns.close[self._members], columns.base[self._members])
        ranks = ranking.ranks(values)
        ranked = int(np.count_nonzero(ranks))
        order = np.full(len(self.closes.symbols), ranked + 1, np.int64)
        order[self._members] = np.where(ranks == 0, ranked + 1, ranks)
        strongest = self._members[ranks > 0][np.argsort(ranks[ranks > 0])]
        return order, strongest

    def _top(self, strongest: Ints, columns: _Columns) -> list[tuple[str, str]]:
        rows = strongest[:TOP_KEPT].tolist()
        return [
            (self.closes.symbols[row], f"{momentum.exact(int(columns.close[row]), int(columns.base[row])):f}")
            for row in rows
        ]

    def _drafts(
        self, period: int, columns: _Columns, order: Ints, buys: Bools, sells: Bools, skipped: dict[str, str]
    ) -> list[SignalDraft]:
        """Sells before buys, each by symbol; refused crossings are noted in `skipped`."""
        drafts = [self._draft("SELL", period, row, columns, order) for row in self._by_symbol(sells)]
        for row in self._by_symbol(buys):
            draft = self._draft("BUY", period, row, columns, order)
            reason = ranking.refusal(draft.rank, draft.quote_volume, self.strategy.top_n, self.strategy.min_volume)
            if reason:
                skipped[draft.symbol] = reason
            else:
                drafts.append(draft)
        return drafts

    def _by_symbol(self, chosen: Bools) -> list[int]:
        return sorted(np.flatnonzero(chosen).tolist(), key=self.closes.symbols.__getitem__)

    def _draft(self, side: str, period: int, row: int, columns: _Columns, order: Ints) -> SignalDraft:
        value = momentum.exact(int(columns.close[row]), int(columns.base[row]))
        places = self.closes.places[row]
        used = (columns.previous_base[row], columns.base[row], columns.previous[row], columns.close[row])
        first, second, third, last = (grid_text(int(units), places) if units > 0 else "" for units in used)
        return SignalDraft(
            symbol=self.closes.symbols[row],
            side=side,
            momentum=value,
            strength=Decimal(1) if side == "SELL" else ranking.strength(value, self.strategy.threshold),
            rank=int(order[row]),
            quote_volume=self.closes.volume(row, period - self.strategy.lookback_rows + 1, period),
            closes=(first, second, third, last),
        )

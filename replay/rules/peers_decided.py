"""The peers' rule, decided: each event that its guide names is put through what decides, fills and books live.

Every pair has an account of its own with the starting cash and all of it in one position: no spread, no impact, no fee,
and no layer but the stop has anything to refuse. Events of all pairs are decided in the order of their candles, SELLs
first. What is decided otherwise than it was named counts as a disagreement; the decided result stands, and the guide
goes on from there: an entry that was refused leaves the pair flat, an exit is asked for again at the next candle. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from decimal import Decimal
from heapq import merge
from typing import NamedTuple

import numpy as np

from execution.rules.accounting import ZERO
from execution.rules.fill_model import Book, Model, Rules
from replay.rules.benchmark import held_from_start
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayCurve, ReplayDecision, ReplayOutcome
from replay.rules.peers import END, SELL, STOP, PeerLevels, trips_of
from replay.rules.replay_desk import ReplayDesk
from replay.rules.replay_market import filled
from replay.rules.settings import ReplaySettings
from risk.rules.account_state import AccountState, SymbolMarket
from risk.rules.decision_inputs import NEVER
from risk.rules.limits import LIMITS, Limits
from risk.rules.portfolio import Mark, Portfolio
from signals_app.rules.momentum import Floats, Ints

KINDS = {STOP: "STOP", SELL: "SIGNAL", END: "OPERATOR"}
ONE = Decimal(1)
UNBOUNDED = Decimal("1E+24")
QUANTITY_STEP = Decimal("1E-8")


class PeerEvent(NamedTuple):
    """Something to be decided, in the order in which it is: by column, SELL before BUY, by row."""

    column: int
    buy: bool
    row: int
    kind: str


def play_peers(
    grid: CandleGrid, settings: ReplaySettings, progress: Callable[[int, int], object] | None = None
) -> ReplayOutcome:
    """Play every pair of a grid by the peers' rule. `progress` is told columns done and how many there are.

    Of the settings count the strategy, the stop and the starting cash. Raises PriceRangeError.
    """
    levels = PeerLevels.of(grid, settings.strategy, settings.limits.stop_loss_pct)
    decisions: list[ReplayDecision] = []
    alone = full_size(grid, settings)
    closes = filled(grid.close)
    pairs = [PeerPair(grid, row, ours, alone, levels, decisions) for row, ours in enumerate(closes)]
    told = 0
    for event in merge(*(pair.events() for pair in pairs)):
        pairs[event.row].decide(event)
        if progress and event.column - told > grid.periods // 100:
            told = event.column
            progress(told, grid.periods)
    return _outcome(grid, settings, pairs, closes)


def full_size(grid: CandleGrid, settings: ReplaySettings) -> ReplaySettings:
    """The settings of one pair's account: all of its cash at the close, and only a stop."""
    played = {
        "stop_loss_pct": settings.limits.stop_loss_pct,
        "max_position_pct": ONE,
        "max_slippage_pct": ZERO,
    }
    limits = {limit.name: played.get(limit.name, NEVER if limit.tighter == "LOWER" else ZERO) for limit in LIMITS}
    return replace(
        settings,
        limits=Limits(version=settings.limits.version, **limits),
        model=Model(impact_bps=ZERO, depth_share=ONE),
        rules={
            symbol: Rules(
                price_tick=ONE.scaleb(-places),
                quantity_step=QUANTITY_STEP,
                min_quantity=ZERO,
                min_notional=ZERO,
                taker_fee=ZERO,
            )
            for symbol, places in zip(grid.symbols, grid.price_places, strict=True)
        },
        spread_bps=ZERO,
    )


class PeerPair:
    """One pair and its account. `steps` are (column, cash, quantity) from the column on; `closes` has no gaps."""

    def __init__(
        self,
        grid: CandleGrid,
        row: int,
        closes: Ints,
        settings: ReplaySettings,
        levels: PeerLevels,
        decisions: list[ReplayDecision],
    ) -> None:
        self.grid, self.row, self.closes, self.levels = grid, row, closes, levels
        self.symbol, self.unit = grid.symbols[row], ONE.scaleb(-grid.price_places[row])
        self.rules, self.limits = settings.rules[self.symbol], settings.limits
        self.desk = ReplayDesk(settings)
        self.desk.decisions = decisions
        self.steps: list[tuple[int, Decimal, Decimal]] = [(0, settings.starting_cash, ZERO)]
        self.disagreements = 0

    def events(self) -> Iterator[PeerEvent]:
        """Events by time; each has been decided when the next one is asked for."""
        flat_from: int | None = 0
        while flat_from is not None:
            flat_from = yield from self._named(flat_from)

    def _named(self, flat_from: int) -> Generator[PeerEvent, None, int | None]:
        """What the guide names from a column on; where a decision differs, the column to be named from next."""
        named: list[tuple[int, int, int]] = trips_of(self.grid.close[self.row], self.levels, flat_from).tolist()
        for entry, exit, reason in named:
            yield PeerEvent(entry, True, self.row, "SIGNAL")
            if not self.holds:
                self.disagreements += 1
                return entry + 1
            yield PeerEvent(exit, False, self.row, KINDS[reason])
            if self.holds:
                sold: int = yield from self._asked_again(exit + 1, KINDS[reason])
                return sold
        return None

    def _asked_again(self, column: int, kind: str) -> Generator[PeerEvent, None, int]:
        """An exit that was not made is asked for at each candle; the column after the one at which it was."""
        self.disagreements += 1
        while self.holds and column < self.grid.periods:
            yield PeerEvent(column, False, self.row, kind)
            column += 1
        return column

    @property
    def holds(self) -> bool:
        return self.symbol in self.desk.books.holdings

    def decide(self, event: PeerEvent) -> None:
        """Decide one event at the close of its column and fill what is approved."""
        books, price, at_s = self.desk.books, self._price(event.column), self.grid.closes_s(event.column)
        book = Book(bid=price, ask=price, bid_quantity=UNBOUNDED, ask_quantity=UNBOUNDED, quote_volume_24h=None)
        marks = {self.symbol: Mark(price=price, source="CANDLE")}
        state = AccountState(
            trading_state="ACTIVE",
            limits=self.limits,
            portfolio=Portfolio(cash=books.cash, holdings=books.holdings, marks=marks),
        )
        market = SymbolMarket(rules=self.rules, book=book, book_age_ms=0)
        request = self.desk.request(event.kind, "BUY" if event.buy else "SELL", self.symbol)
        for order in self.desk.decide([request], state, {self.symbol: market}, None, at_s):
            self.desk.send(order, book, at_s)
        held = books.holdings.get(self.symbol)
        self.steps.append((event.column, books.cash, held.quantity if held else ZERO))

    def _price(self, column: int) -> Decimal:
        return self.closes.item(column) * self.unit

    def curve(self) -> tuple[Floats, Floats]:
        """(equity, exposure) at the close of every column."""
        columns = [column for column, _, _ in self.steps]
        lengths = np.diff([*columns, self.grid.periods])
        cash, held = (np.repeat([float(step[field]) for step in self.steps], lengths) for field in (1, 2))
        exposure = held * (self.closes * float(self.unit))
        return cash + exposure, exposure


def _outcome(grid: CandleGrid, settings: ReplaySettings, pairs: list[PeerPair], closes: Ints) -> ReplayOutcome:
    books = [pair.desk.books for pair in pairs]
    curves = [pair.curve() for pair in pairs]
    left = [(pair, pair.desk.books.holdings[pair.symbol].quantity) for pair in pairs if pair.holds]
    cash, paid_in = sum((each.cash for each in books), ZERO), settings.starting_cash * len(pairs)
    return ReplayOutcome(
        starting_cash=paid_in,
        cash=cash,
        equity=cash + sum((quantity * pair._price(grid.periods - 1) for pair, quantity in left), ZERO),
        fees=sum((each.fees for each in books), ZERO),
        turnover=sum((each.turnover for each in books), ZERO),
        decisions=tuple(pairs[0].desk.decisions) if pairs else (),
        trips=tuple(sorted((trip for each in books for trip in each.trips), key=lambda trip: trip.exit)),
        curve=ReplayCurve(
            at_s=(grid.first_period + 1 + np.arange(grid.periods, dtype=np.int64)) * grid.interval_s,
            equity=sum((equity for equity, _ in curves), np.zeros(grid.periods)),
            exposure=sum((exposure for _, exposure in curves), np.zeros(grid.periods)),
            benchmark=held_from_start(closes, float(paid_in)),
        ),
        disagreements=sum(pair.disagreements for pair in pairs),
    )

"""A seeded synthetic market: a pure function of (seed, market time).

The middle prices follow `paths`; this module makes deals of them. There is at most one deal in two seconds, at a moment
of its own; the first one of a minute falls on its first instant. A taker buys at the ask or sells at the bid, and buys
more often when the price has just risen. Sizes are heavy-tailed; spreads, sizes and the pace of dealing follow
volatility, and a thin pair leaves most slots empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mexc_sim.market.listings import DOLLARS, Character, characters, listing_of
from mexc_sim.market.noise import Floats, Hashes, curve, hashes, share_of
from mexc_sim.market.paths import MINUTE_S, SLOT_S, SLOTS, Parameters, Paths, between
from mexc_sim.market.source import ALL, Deals, Span, Units

DAY_S = 86400
DEAL_CURVE, SPREAD_CURVE = 900, 1000


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How deals are made: the spread sways slowly, a pair of `pace_dollars` a day fills two slots in three, sizes have
    a Pareto tail, and volume grows with this power of volatility."""

    spread_sway: float = 0.25
    spread_sway_period_s: float = 700
    pace_dollars: float = 20e6
    size_tail: float = 1.6
    volume_power: float = 1.3
    leaning: float = 0.3
    leaning_move: float = 0.0008


class SyntheticMarket:
    """The market of one seed, in one quote asset; candles of one minute."""

    kind = "synthetic"
    interval_s = MINUTE_S
    slots_per_window = SLOTS

    def __init__(self, *, seed: int, quote_asset: str = "USDT", parameters: Parameters | None = None) -> None:
        self.seed, self.parameters, self.habits = seed, parameters or Parameters(), Habits()
        self.cast: tuple[Character, ...] = characters(quote_asset)
        self.listings = tuple(listing_of(item, quote_asset) for item in self.cast)
        self.label = f"synthetic market, seed {seed}"
        self.span = Span(first_s=0, end_s=None)
        self.paths = Paths(seed=seed, cast=self.cast, parameters=self.parameters)
        self._turnover = np.array([item.daily_turnover for item in self.cast])[:, None]
        self._pace = 1 - np.exp(-np.sqrt(self._turnover * DOLLARS[quote_asset] / self.habits.pace_dollars))
        self._tick = np.array([10.0**-item.price_places for item in self.listings])[:, None]
        self._step = np.array([10.0**-item.quantity_places for item in self.listings])[:, None]
        self._spread = np.array([item.spread_bps for item in self.listings])[:, None] / 10000

    def deals(self, start_s: int, end_s: int, rows: slice = ALL) -> Deals:
        """All deals of the minutes in [start_s, end_s)."""
        slots = np.arange(start_s // SLOT_S, end_s // SLOT_S, dtype=np.int64)
        marks = np.arange(start_s, end_s + 1, MINUTE_S, dtype=np.float64)
        swell = between(self.paths.volatility(marks, rows))
        middle = np.exp(self.paths.of_slots(marks, (slots * SLOT_S).astype(np.float64), swell, rows))
        drawn = hashes(self.paths.keys(DEAL_CURVE, rows), np.broadcast_to(slots, middle.shape))
        spread = self._spreads(marks, middle, swell, rows)
        buyer = share_of(drawn, 0, 12) < self._buying(middle)
        bid = np.maximum(1, np.rint(middle / self._tick[rows] - spread / 2).astype(np.int64))
        jitter = (share_of(drawn, 12, 16) * SLOT_S * 1000).astype(np.int64)
        jitter[:, ::SLOTS] = 0
        quantity = self._quantities(drawn, middle, swell, rows)
        return Deals(slots * SLOT_S * 1000 + jitter, np.where(buyer, bid + spread, bid), quantity, buyer, spread)

    def _spreads(self, marks: Floats, middle: Floats, swell: Floats, rows: slice) -> Units:
        """In ticks: wider in a storm, and swaying by itself."""
        sway = between(curve(self.paths.keys(SPREAD_CURVE, rows), marks, self.habits.spread_sway_period_s))
        width = middle / self._tick[rows] * self._spread[rows] * np.sqrt(swell) * np.exp(self.habits.spread_sway * sway)
        ticks: Units = np.maximum(1, np.rint(width)).astype(np.int64)
        return ticks

    def _buying(self, middle: Floats) -> Floats:
        """Chance that the taker buys: more when the price has just risen; even at the start of a minute."""
        moved = np.diff(np.log(middle), axis=1, prepend=np.log(middle[:, :1]))
        moved[:, ::SLOTS] = 0
        chance: Floats = 0.5 + self.habits.leaning * np.tanh(moved / self.habits.leaning_move)
        return chance

    def _quantities(self, drawn: Hashes, middle: Floats, swell: Floats, rows: slice) -> Units:
        """In steps, 0 in the slots without a deal; the first slot of a minute has one."""
        tail, pace = self.habits.size_tail, np.minimum(1.0, self._pace[rows] * swell)
        traded = share_of(drawn, 28, 16) < pace
        traded[:, ::SLOTS] = True
        weight = (1 - share_of(drawn, 44, 16)) ** (-1 / tail) * (1 - 1 / tail)
        amount = self._turnover[rows] / DAY_S * SLOT_S * swell**self.habits.volume_power / pace * weight
        steps = np.maximum(1, np.rint(amount / middle / self._step[rows])).astype(np.int64)
        return np.where(traded, steps, 0)

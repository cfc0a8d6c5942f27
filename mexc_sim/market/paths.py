"""The paths of the synthetic market's middle prices, pure functions of (seed, market time), with no drift.

    log price = log base + beta x (common waves + shocks) + own volatility x (own waves + jumps)

Waves are smooth curves with periods from 16 s to 2.5 days whose heights grow with the square root of the period, as a
random walk's do, and a little noise from deal to deal. What is shorter than an hour swells and calms with a slow
volatility curve (clusters); ripples of seconds to minutes are higher than a random walk's. Jumps strike one pair,
shocks all of them; both are there at once and fade within minutes. No curve leaves its band, so nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mexc_sim.market.listings import Character
from mexc_sim.market.noise import Floats, Hashes, curve, curve_at, normals, row_keys, uniforms
from mexc_sim.market.source import ALL

MINUTE_S = 60
SLOT_S = 2
SLOTS = MINUTE_S // SLOT_S
# Waves at least this long are drawn once a minute and taken straight in between.
LONG_S = 400
FADED = 8.0
COMMON_CURVE, OWN_CURVE, SHARED_SWELL, OWN_SWELL, JUMP_CURVE, NOISE_CURVE, SHOCK_CURVE = range(100, 800, 100)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Heights are standard deviations in log-price units, those of waves per square root of a minute of their period.

    How they were chosen is told in docs/decisions.md: from stylised facts and frequencies, never from profit.
    """

    periods_s: tuple[float, ...] = (16, 50, 150, 420, 1080, 2400, 7200, 21600, 64800, 216000)
    common_height: float = 0.0009
    own_height: float = 0.0015
    noise_height: float = 0.0004
    ripple_gain: float = 1.6
    ripples_below_s: float = 200
    volatility_period_s: float = 5400
    volatility_spread: float = 0.45
    clustered_below_s: float = 3600
    sudden_slot_s: int = 3600
    jump_probability: float = 0.8
    jump_height: float = 0.02
    shock_probability: float = 0.5
    shock_height: float = 0.008
    fade_s: tuple[float, float] = (150, 900)


class Paths:
    """The middle prices of the cast of one seed. `rows` chooses pairs; arrays are shaped (pairs, moments)."""

    def __init__(self, *, seed: int, cast: tuple[Character, ...], parameters: Parameters) -> None:
        self.seed, self.parameters, self._rows = seed, parameters, len(cast)
        self._base = np.log(np.array([item.price for item in cast]))[:, None]
        self._beta = np.array([item.beta for item in cast])[:, None]
        self._own = np.array([item.volatility for item in cast])[:, None]

    def keys(self, number: int, rows: slice) -> Hashes:
        return row_keys(self.seed, self._rows, number)[rows]

    def volatility(self, marks: Floats, rows: slice = ALL) -> Floats:
        """Multiplier of the short-term movement: 1 in calm, about 2 in a storm; half of it is everybody's."""
        period_s = self.parameters.volatility_period_s
        shared = curve(row_keys(self.seed, 1, SHARED_SWELL), marks, period_s)
        return self._swell(curve(self.keys(OWN_SWELL, rows), marks, period_s) + shared)

    def log_prices(self, marks: Floats, rows: slice = ALL) -> Floats:
        """Natural logarithm at whole minutes, without what is shorter than a few minutes."""
        total: Floats = self._slow(marks, rows) + self._sudden(marks, rows)
        return total

    def of_slots(self, marks: Floats, slots_s: Floats, swell: Floats, rows: slice) -> Floats:
        """Natural logarithm at every slot between the minutes `marks`; `swell` is the volatility there."""
        settings = self.parameters
        quick = self._waves(OWN_CURVE, rows, settings.own_height, slots_s, long=False)
        index = np.broadcast_to((slots_s // SLOT_S).astype(np.int64), quick.shape)
        quick += settings.noise_height * normals(self.keys(NOISE_CURVE, rows), index)
        shared = self._waves(COMMON_CURVE, None, settings.common_height, slots_s, long=False)
        total: Floats = between(self._slow(marks, rows)) + self._sudden(slots_s, rows)
        return total + self._beta[rows] * shared + self._own[rows] * quick * swell

    def _swell(self, wave: Floats) -> Floats:
        swell: Floats = np.exp(self.parameters.volatility_spread * wave / np.sqrt(2))
        return swell

    def _slow(self, marks: Floats, rows: slice) -> Floats:
        """Base prices and long waves; of the own ones those shorter than an hour swell with the volatility."""
        settings, swell = self.parameters, self.volatility(marks, rows)
        shared = self._waves(COMMON_CURVE, None, settings.common_height, marks, long=True)
        own = self._waves(OWN_CURVE, rows, settings.own_height, marks, long=True, swell=swell)
        path: Floats = self._base[rows] + self._beta[rows] * shared + self._own[rows] * own
        return path

    def _waves(
        self, number: int, rows: slice | None, height: float, at_s: Floats, *, long: bool, swell: Floats | None = None
    ) -> Floats:
        """Sum of the waves that are long, or of those that are short; `rows` None: the one common row."""
        settings = self.parameters
        total = np.zeros((1 if rows is None else len(self._base[rows]), len(at_s)))
        for position, period_s in enumerate(settings.periods_s):
            if (period_s >= LONG_S) is not long:
                continue
            each = number + position
            keys = row_keys(self.seed, 1, each) if rows is None else self.keys(each, rows)
            gain = settings.ripple_gain if period_s < settings.ripples_below_s else 1.0
            wave = gain * height * np.sqrt(period_s / MINUTE_S) * curve(keys, at_s, period_s)
            total += wave if swell is None or period_s >= settings.clustered_below_s else wave * swell
        return total

    def _sudden(self, at_s: Floats, rows: slice) -> Floats:
        settings = self.parameters
        shocks = self._struck(SHOCK_CURVE, None, at_s, settings.shock_probability, settings.shock_height)
        jumps = self._struck(JUMP_CURVE, rows, at_s, settings.jump_probability, settings.jump_height)
        total: Floats = self._beta[rows] * shocks + self._own[rows] * jumps
        return total

    def _struck(self, number: int, rows: slice | None, at_s: Floats, probability: float, height: float) -> Floats:
        """Sudden moves, at most one per slot of time and row, higher in a storm; `rows` None: the one common row."""
        chance, place, size, fading = (
            row_keys(self.seed, 1, number + extra) if rows is None else self.keys(number + extra, rows)
            for extra in range(4)
        )
        slot_s, (shortest_s, longest_s) = self.parameters.sudden_slot_s, self.parameters.fade_s
        total = np.zeros((len(chance), len(at_s)))
        for slot in range(int((at_s[0] - FADED * longest_s) // slot_s), int(at_s[-1] // slot_s) + 1):
            index = np.full((len(chance), 1), slot, dtype=np.int64)
            struck = np.flatnonzero(uniforms(chance, index)[:, 0] < probability)
            moment_s = (slot + uniforms(place, index)[struck]) * slot_s
            fade_s = shortest_s * (longest_s / shortest_s) ** uniforms(fading, index)[struck]
            ages = np.maximum((at_s[None, :] - moment_s) / fade_s, 0)
            there = (at_s[None, :] >= moment_s) & (ages < FADED)
            heights = height * self._swell_at(moment_s[:, 0], rows, struck) * normals(size, index)[struck]
            total[struck] += np.where(there, heights * np.exp(-ages), 0.0)
        return total

    def _swell_at(self, moment_s: Floats, rows: slice | None, struck: np.ndarray) -> Floats:
        """The volatility of each struck row at a moment of its own; shaped (struck, 1)."""
        period_s, shared = self.parameters.volatility_period_s, row_keys(self.seed, 1, SHARED_SWELL)
        wave = curve_at(np.repeat(shared, len(struck)), moment_s, period_s)
        if rows is not None:
            wave = wave + curve_at(self.keys(OWN_SWELL, rows)[struck], moment_s, period_s)
        return self._swell(wave)[:, None]


def between(marks: Floats) -> Floats:
    """Values at whole minutes, drawn straight from mark to mark: one per slot."""
    left, right = marks[:, :-1, None], marks[:, 1:, None]
    drawn: Floats = left + (right - left) * (np.arange(SLOTS) / SLOTS)
    return drawn.reshape(len(marks), -1)

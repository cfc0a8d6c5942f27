"""A seeded synthetic market: a pure function of (seed, market time), with no drift.

log price = log of the base price + beta x common factor + own path + jumps. Each path is a sum of smooth curves
with periods from 5 s to 2.5 days whose heights grow with the square root of the period, as a random walk's do;
the ones shorter than an hour swell and calm with a slow volatility curve (clusters), the ones of 12 to 40
minutes are trends and their reversals. Jumps strike a symbol every few hours and fade. No curve leaves its
band, so nothing drifts. One trade every two seconds; volume rises with volatility.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from marketdata.mexc_sim.listings import BLOCK_S, Character, characters, listing_of
from marketdata.mexc_sim.noise import Floats, curve, normals, row_keys, uniforms
from marketdata.mexc_sim.source import Candles, Span, Units

MINUTE_S = 60
TRADE_EVERY_S = 2
TRADES = MINUTE_S // TRADE_EVERY_S
COMMON_CURVE, OWN_CURVE, VOLATILITY_CURVE, JUMP_CURVE, VOLUME_CURVE, TRADE_CURVE = 100, 200, 300, 400, 500, 600


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Heights are log-price units per square root of a minute.

    Chosen so that thresholds of 1 % in 15 minutes are crossed several times in ten minutes of some thirty pairs, with
    trends weak enough that following them earns about nothing before costs.
    """

    periods_s: tuple[float, ...] = (5, 16, 50, 150, 420, 1080, 2400, 7200, 21600, 64800, 216000)
    common_height: float = 0.00032
    own_height: float = 0.0012
    trend_periods_s: tuple[float, float] = (700, 2400)
    trend_gain: float = 1.0
    volatility_period_s: float = 5400
    volatility_spread: float = 0.45
    clustered_below_s: float = 3600
    jump_slot_s: int = 10800
    jump_probability: float = 0.7
    jump_height: float = 0.025
    jump_fade_s: float = 5400
    volume_spread: float = 0.35


class SyntheticMarket:
    """The market of one seed, in one quote asset; candles of one minute."""

    kind = "synthetic"
    interval_s = MINUTE_S

    def __init__(self, *, seed: int, quote_asset: str = "USDT", parameters: Parameters | None = None) -> None:
        self.seed = seed
        self.parameters = parameters or Parameters()
        self.cast: tuple[Character, ...] = characters(quote_asset)
        self.listings = tuple(listing_of(item, quote_asset) for item in self.cast)
        self.label = f"synthetic market, seed {seed}"
        self.span = Span(first_s=0, end_s=None)
        self._rows = len(self.cast)
        self._tick = np.array([10.0**-item.price_places for item in self.listings])[:, None]
        self._step = np.array([10.0**-item.quantity_places for item in self.listings])[:, None]
        self._quote_unit = np.array([10.0**-item.quote_places for item in self.listings])[:, None]
        self._block = lru_cache(maxsize=64)(self._build_block)
        self._minute = lru_cache(maxsize=8)(self._build_minute)

    def closed(self, start_s: int, end_s: int) -> Candles:
        first = start_s // BLOCK_S
        last = max(first, (end_s - 1) // BLOCK_S)
        blocks = [self._block(index) for index in range(first, last + 1)]
        whole = [np.concatenate(columns, axis=-1) for columns in zip(*blocks, strict=True)]
        inside = (whole[0] >= start_s) & (whole[0] < end_s)
        return Candles(whole[0][inside], *(column[:, inside] for column in whole[1:]))

    def forming(self, at_s: float) -> Candles:
        start_s = int(at_s // MINUTE_S) * MINUTE_S
        trades = min(TRADES, int(at_s - start_s) // TRADE_EVERY_S + 1)
        prices, volume, quote_volume = self._minute(start_s)
        traded = prices[:, :trades]
        return Candles(
            np.array([start_s]),
            traded[:, :1],
            traded.max(axis=1, keepdims=True),
            traded.min(axis=1, keepdims=True),
            traded[:, -1:],
            volume[:, trades - 1 : trades],
            quote_volume[:, trades - 1 : trades],
        )

    def _build_block(self, index: int) -> Candles:
        """All minute candles of one hour."""
        starts = np.arange(index * BLOCK_S, (index + 1) * BLOCK_S, MINUTE_S, dtype=np.int64)
        prices, volume, quote_volume = self._trades(starts)
        return Candles(
            starts,
            prices[:, :, 0],
            prices.max(axis=2),
            prices.min(axis=2),
            prices[:, :, -1],
            volume[:, :, -1],
            quote_volume[:, :, -1],
        )

    def _build_minute(self, start_s: int) -> tuple[Units, Units, Units]:
        prices, volume, quote_volume = self._trades(np.array([start_s], dtype=np.int64))
        return prices[:, 0, :], volume[:, 0, :], quote_volume[:, 0, :]

    def _trades(self, starts: Units) -> tuple[Units, Units, Units]:
        """Per trade of each minute: price in ticks, and volume and quote volume so far; (rows, minutes, TRADES)."""
        shape = (self._rows, len(starts), TRADES)
        seconds = (starts[:, None] + np.arange(0, MINUTE_S, TRADE_EVERY_S)).ravel()
        prices = np.exp(self.log_prices(seconds.astype(np.float64)))
        ticks = np.maximum(1, np.rint(prices / self._tick)).astype(np.int64)
        weights = uniforms(row_keys(self.seed, self._rows, TRADE_CURVE), np.broadcast_to(seconds, ticks.shape)) ** 3
        shares = (weights + 0.01).reshape(shape)
        shares = shares / shares.sum(axis=2, keepdims=True)
        quote = self.minute_turnover(starts)[:, :, None] * shares
        base = quote / (ticks * self._tick).reshape(shape)
        volume = np.rint(base.cumsum(axis=2) / self._step[:, :, None]).astype(np.int64)
        quote_volume = np.rint(quote.cumsum(axis=2) / self._quote_unit[:, :, None]).astype(np.int64)
        return ticks.reshape(shape), volume, quote_volume

    def log_prices(self, at_s: Floats) -> Floats:
        """Natural logarithm of every instrument's price; shaped (rows, n)."""
        own = np.array([item.volatility for item in self.cast])[:, None]
        beta = np.array([item.beta for item in self.cast])[:, None]
        base = np.log(np.array([item.price for item in self.cast]))[:, None]
        swell = self.volatility(at_s)
        common = self._path(1, COMMON_CURVE, self.parameters.common_height, at_s, np.ones((1, 1)))
        path = self._path(self._rows, OWN_CURVE, self.parameters.own_height, at_s, swell)
        total: Floats = base + beta * common + own * (path + self._jumps(at_s))
        return total

    def volatility(self, at_s: Floats) -> Floats:
        """Multiplier of the short-term movement: 1 in calm, about 2 in a storm."""
        keys = row_keys(self.seed, self._rows, VOLATILITY_CURVE)
        wave = curve(keys, at_s, self.parameters.volatility_period_s)
        swell: Floats = np.exp(self.parameters.volatility_spread * wave)
        return swell

    def minute_turnover(self, starts: Units) -> Floats:
        """Quote volume of each minute; shaped (rows, minutes)."""
        daily = np.array([item.daily_turnover for item in self.cast])[:, None]
        keys = row_keys(self.seed, self._rows, VOLUME_CURVE)
        chance = normals(keys, np.broadcast_to(starts, (self._rows, len(starts))))
        activity = self.volatility(starts.astype(np.float64)) ** 1.3
        turnover: Floats = daily / 1440 * activity * np.exp(self.parameters.volume_spread * chance)
        return turnover

    def _path(self, rows: int, number: int, height: float, at_s: Floats, swell: Floats) -> Floats:
        total = np.zeros((rows, len(at_s)))
        low, high = self.parameters.trend_periods_s
        for position, period_s in enumerate(self.parameters.periods_s):
            gain = self.parameters.trend_gain if low <= period_s <= high else 1.0
            amplitude = gain * height * np.sqrt(period_s / MINUTE_S)
            wave = amplitude * curve(row_keys(self.seed, rows, number + position), at_s, period_s)
            total += wave * swell if period_s < self.parameters.clustered_below_s else wave
        return total

    def _jumps(self, at_s: Floats) -> Floats:
        """Sudden moves, at most one per slot and instrument, each fading away."""
        settings = self.parameters
        chance, place, size = (row_keys(self.seed, self._rows, JUMP_CURVE + extra) for extra in range(3))
        first = int(at_s[0] // settings.jump_slot_s) - 4
        last = int(at_s[-1] // settings.jump_slot_s)
        total = np.zeros((self._rows, len(at_s)))
        for slot in range(first, last + 1):
            index = np.full((self._rows, 1), slot, dtype=np.int64)
            struck = uniforms(chance, index) < settings.jump_probability
            since = at_s[None, :] - (slot + uniforms(place, index)) * settings.jump_slot_s
            fading = np.exp(-np.maximum(since, 0) / settings.jump_fade_s)
            total += np.where(struck & (since >= 0), settings.jump_height * normals(size, index) * fading, 0.0)
        return total

"""What the synthetic market looks like in figures: its parameters and its stylised facts, as lines of text.

Measured on closed candles of the most liquid pairs, some seeds of one day each. Fractions are of the price; returns are
differences of log prices from close to close.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import median

import numpy as np

from mexc_sim.market.noise import Floats
from mexc_sim.market.synthetic import DAY_S, SyntheticMarket
from mexc_sim.market.tape import Tape

START_S = 1_767_225_600
SEEDS = (1, 2, 3, 4, 5)
PAIRS = 30
LOOKBACK = 15
RISE, FALL = 0.01, 0.02


def describe(quote_asset: str) -> Iterator[str]:
    """Parameters, then facts."""
    market = SyntheticMarket(seed=1, quote_asset=quote_asset)
    yield f"Synthetic market: {len(market.listings)} pairs in {quote_asset}, a pure function of (seed, market time)."
    for title, values in (("paths", asdict(market.parameters)), ("deals", asdict(market.habits))):
        yield f"  {title}: " + ", ".join(f"{name}={value}" for name, value in values.items())
    measured = [measure(SyntheticMarket(seed=seed, quote_asset=quote_asset)) for seed in SEEDS]
    yield f"Stylised facts, {PAIRS} most liquid pairs, one day of each of {len(SEEDS)} seeds, medians:"
    for name in measured[0]:
        yield f"  {name}: {median(each[name] for each in measured):.3g}"


def measure(market: SyntheticMarket) -> dict[str, float]:
    """The facts of one seed by name."""
    candles = Tape(market, ()).closed(START_S, START_S + DAY_S)
    close = candles.close[_liquid(market)].astype(float)
    logs = np.log(close)
    returns = np.diff(logs, axis=1)
    momentum = close[:, LOOKBACK:] / close[:, :-LOOKBACK] - 1
    risen = momentum >= RISE
    crossings = risen[:, 1:] & ~risen[:, :-1]
    distances = np.abs(returns)
    return {
        "one-minute volatility, bps": _middle(returns.std(axis=1)) * 1e4,
        "fifteen-minute volatility, bps": _middle((logs[:, LOOKBACK:] - logs[:, :-LOOKBACK]).std(axis=1)) * 1e4,
        "kurtosis of one-minute returns (a normal has 3)": _middle(_kurtosis(returns)),
        "autocorrelation of returns, lag 1 min": _autocorrelation(returns, 1),
        "autocorrelation of |returns|, lag 1 min": _autocorrelation(distances, 1),
        "autocorrelation of |returns|, lag 10 min": _autocorrelation(distances, 10),
        "autocorrelation of |returns|, lag 60 min": _autocorrelation(distances, 60),
        "correlation of two pairs' returns": _middle(np.corrcoef(returns)[np.triu_indices(len(returns), 1)]),
        "crossings of +1 % in 15 min, per hour": float(crossings.sum()) / 24,
        "share of crossings followed by -2 % within 15 min": _fallen_after(close, crossings),
        "change of the mean log price over the day": float((logs[:, -1] - logs[:, 0]).mean()),
    }


def _liquid(market: SyntheticMarket) -> Sequence[int]:
    rows = [row for row, item in enumerate(market.listings) if item.tradable]
    return sorted(rows, key=lambda row: -market.cast[row].daily_turnover)[:PAIRS]


def _middle(values: Floats) -> float:
    return float(np.median(values))


def _kurtosis(returns: Floats) -> Floats:
    centered = returns - returns.mean(axis=1, keepdims=True)
    kurtosis: Floats = (centered**4).mean(axis=1) / centered.var(axis=1) ** 2
    return kurtosis


def _autocorrelation(values: Floats, lag: int) -> float:
    """Of each row with itself, `lag` columns later; the median."""
    return _middle(np.array([np.corrcoef(row[:-lag], row[lag:])[0, 1] for row in values]))


def _fallen_after(close: Floats, crossings: np.ndarray) -> float:
    """How many of the crossings lose FALL at some close of the next LOOKBACK minutes."""
    entries = [(row, column + LOOKBACK + 1) for row, column in np.argwhere(crossings).tolist()]
    fallen = [
        close[row, at + 1 : at + 1 + LOOKBACK].min() <= close[row, at] * (1 - FALL)
        for row, at in entries
        if at + 1 < close.shape[1]
    ]
    return float(np.mean(fallen))

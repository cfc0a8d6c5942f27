"""How much of a best result is luck: the best of many trials looks good even where nothing is.

    SR0   the Sharpe ratio that the best of N trials without any skill is expected to show
          = √V × ((1 − γ) × Z⁻¹(1 − 1/N) + γ × Z⁻¹(1 − 1/(N e)))    V variance of the trials' ratios, γ ≈ 0.577
    DSR   deflated Sharpe ratio: the probability that the true ratio is above SR0
          = Z((SR − SR0) × √(T − 1) ÷ √(1 − skew × SR + (kurtosis − 1) ÷ 4 × SR²))
    PBO   probability of backtest overfitting: how often the best of one half of the time lies in the lower half of
          all in the other

Ratios are of one period, not made yearly; kurtosis of a normal distribution is 3. Sources: D. Bailey, M. López de
Prado, The Deflated Sharpe Ratio (2014); with J. Borwein, Q. Zhu, The Probability of Backtest Overfitting (2015). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import e, sqrt
from statistics import NormalDist

import numpy as np

from replay.rules.worth import NO_SPREAD, ratio
from signals_app.rules.momentum import Bools, Floats

EULER = 0.5772156649015329
BLOCKS = 16
PIECE_CELLS = 1 << 22
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflated:
    """`observed` and `expected` (SR0) are ratios of one period; `probability` is the deflated Sharpe ratio."""

    observed: float
    expected: float
    probability: float
    trials: int
    periods: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfit:
    """`probability` is the PBO, `loss` the share of splits in which the best of one half lost in the other; `splits`
    how many there were, of `trials` that differ."""

    probability: float
    loss: float
    splits: int
    trials: int


def expected_best(trials: int, variance: float) -> float:
    """SR0: what the best of so many trials without skill shows on average. One trial is not chosen: 0."""
    if trials < 2:
        return 0.0
    quantile = NORMAL.inv_cdf
    return sqrt(variance) * ((1 - EULER) * quantile(1 - 1 / trials) + EULER * quantile(1 - 1 / (trials * e)))


def probability_above(observed: float, benchmark: float, *, periods: int, skew: float, kurtosis: float) -> float | None:
    """The probability that the true ratio is above a benchmark (probabilistic Sharpe ratio). None below two periods,
    or where so odd a distribution has no standard error."""
    variance = 1 - skew * observed + (kurtosis - 1) / 4 * observed**2
    if periods < 2 or variance <= 0:
        return None
    return NORMAL.cdf((observed - benchmark) * sqrt(periods - 1) / sqrt(variance))


def deflated(returns: Floats, ratios: Floats) -> Deflated | None:
    """Of the chosen trial's returns, one a period, among the ratios of all trials, itself included (NaN: it has none,
    and was a trial all the same). None where the chosen one has no ratio."""
    observed, moments = ratio(returns), shape_of(returns)
    if observed is None or moments is None:
        return None
    known = ratios[np.isfinite(ratios)]
    expected = expected_best(len(ratios), float(known.var(ddof=1)) if len(known) > 1 else 0.0)
    skew, kurtosis = moments
    found = probability_above(observed, expected, periods=len(returns), skew=skew, kurtosis=kurtosis)
    if found is None:
        return None
    return Deflated(observed=observed, expected=expected, probability=found, trials=len(ratios), periods=len(returns))


def shape_of(returns: Floats) -> tuple[float, float] | None:
    """(skewness, kurtosis) as moments of the population; None where all are equal."""
    centred = returns - returns.mean() if len(returns) else returns
    variance = float((centred**2).mean()) if len(returns) else 0.0
    if variance <= NO_SPREAD**2:
        return None
    return float((centred**3).mean()) / variance**1.5, float((centred**4).mean()) / variance**2


def overfit(returns: Floats, blocks: int = BLOCKS) -> Overfit | None:
    """Combinatorially symmetric cross-validation of trials' returns, periods × trials, oldest first.

    The time is cut into `blocks` of one length (the oldest periods that are over fall away); every half of them chooses
    the trial with the best Sharpe ratio, and its place among all in the other half is looked up. A trial without
    spread in a half has a ratio of 0 there: it neither won nor lost. Trials whose every return is the same are one
    trial. None below two periods a block or two trials.
    """
    returns = np.unique(returns, axis=1)
    length, trials = returns.shape[0] // blocks, returns.shape[1]
    if length < 2 or trials < 2:
        return None
    cut = returns[-length * blocks :].reshape(blocks, length, trials)
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    half = length * blocks // 2
    lower, lost, splits = 0, 0, 0
    for chosen in _halves(blocks, trials):
        inside = _ratios(chosen @ sums, chosen @ squares, half)
        outside = _ratios(~chosen @ sums, ~chosen @ squares, half)
        best = outside[np.arange(len(chosen)), inside.argmax(axis=1)][:, np.newaxis]
        place = (outside < best).sum(axis=1) + ((outside == best).sum(axis=1) + 1) / 2
        lower += int((place / (trials + 1) <= 0.5).sum())
        lost += int((best < 0).sum())
        splits += len(chosen)
    return Overfit(probability=lower / splits, loss=lost / splits, splits=splits, trials=trials)


def _halves(blocks: int, trials: int) -> Iterator[Bools]:
    """Every choice of half of the blocks, splits × blocks, in pieces of which a table with all trials is bounded."""
    taken = np.array(list(combinations(range(blocks), blocks // 2)))
    chosen = np.zeros((len(taken), blocks), np.bool_)
    np.put_along_axis(chosen, taken, True, axis=1)
    step = max(1, PIECE_CELLS // trials)
    return (chosen[at : at + step] for at in range(0, len(chosen), step))


def _ratios(sums: Floats, squares: Floats, periods: int) -> Floats:
    """Sharpe ratios of one period from sums and sums of squares."""
    mean = sums / periods
    variance = np.maximum(squares / periods - mean**2, 0) * periods / (periods - 1)
    spread = np.sqrt(variance)
    known = spread > np.sqrt(NO_SPREAD) * np.maximum(np.abs(mean), NO_SPREAD)
    ratios: Floats = np.divide(mean, spread, out=np.zeros_like(mean), where=known)
    return ratios

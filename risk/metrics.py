"""What the risk manager tells Prometheus: ratios, counts and ages, never money.

`cdb_limit_distance_ratio` is 1 far from a limit and 0 at it. `cdb_signals_unaccounted` must be 0: every signal older
than the grace has a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from prometheus_client import Counter, Gauge

from cdb_site.tallying import count
from risk.account_reading import Reading
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import KINDS, Observations, drawdown
from risk.rules.decide import Ruling

BY_LAYER = Counter("cdb_decisions_by_layer_total", "Verdicts of each layer", ["layer", "verdict"])
EXPOSURE = Gauge("cdb_exposure_ratio", "Positions and open buys, as a fraction of equity")
DRAWDOWN_DAY = Gauge("cdb_drawdown_day_ratio", "Loss of the UTC day, open losses included, as a fraction")
DRAWDOWN_PEAK = Gauge("cdb_drawdown_peak_ratio", "Fall from the peak of 24 hours, as a fraction")
DISTANCE = Gauge("cdb_limit_distance_ratio", "1: untouched, 0: at the limit", ["limit"])
PRICE_AGE = Gauge("cdb_price_age_seconds", "Age of the oldest price of a held symbol")
BREAKERS = Gauge("cdb_breakers_open", "Open circuit breakers", ["kind"])
STATE = Gauge("cdb_trading_state", "1 for the state that holds", ["state"])
UNACCOUNTED = Gauge("cdb_signals_unaccounted", "Signals without a decision after the grace; must be 0")
STATES = ("ACTIVE", "REDUCING", "HALTED")


def observe(reading: Reading, levels: Levels, seen: Observations, unaccounted: int | None) -> None:
    """Export one mark."""
    portfolio, limits = reading.portfolio, reading.limits
    equity = portfolio.equity
    exposure = portfolio.exposure / equity if equity > 0 else Decimal(0)
    day, peak = drawdown(equity, levels.opening), drawdown(equity, levels.peak)
    largest = max(map(portfolio.notional, portfolio.holdings), default=Decimal(0))
    EXPOSURE.set(float(exposure))
    DRAWDOWN_DAY.set(float(day))
    DRAWDOWN_PEAK.set(float(peak))
    for name, value, limit in (
        ("max_daily_drawdown_pct", day, limits.max_daily_drawdown_pct),
        ("max_drawdown_pct", peak, limits.max_drawdown_pct),
        ("max_exposure_pct", exposure, limits.max_exposure_pct),
        ("max_position_pct", largest / equity if equity > 0 else Decimal(0), limits.max_position_pct),
    ):
        DISTANCE.labels(name).set(float(distance(value, limit)))
    held = [seen.quote_ages_s[symbol] for symbol in portfolio.holdings if symbol in seen.quote_ages_s]
    PRICE_AGE.set(float(max(held, default=Decimal(0))))
    for kind in KINDS:
        BREAKERS.labels(kind).set(sum(row.kind == kind for row in reading.breakers))
    for state in STATES:
        STATE.labels(state).set(state == reading.trading_state)
    if unaccounted is not None:
        UNACCOUNTED.set(unaccounted)


def distance(value: Decimal, limit: Decimal) -> Decimal:
    """How much of a limit is left, 0 to 1."""
    return max(Decimal(0), 1 - value / limit) if limit > 0 else Decimal(0)


def count_verdicts(rulings: Iterable[Ruling]) -> None:
    """Count a batch's verdicts by layer."""
    count(BY_LAYER, ((str(verdict.layer), verdict.verdict) for ruling in rulings for verdict in ruling.layers))

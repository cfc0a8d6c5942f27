"""What the default strategy earns in the synthetic market: many seeds, the same hours, one figure for each.

Every seed is one replay of its candles from a fixed market moment on, a day of candles before it to warm up, by layers
3 to 5: what a halt would have spared is not the question. The report gives the median and the range of the net P&L,
after fees and spread, and what was paid for both. It says something about the simulator and the costs, nothing about
markets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from statistics import median, quantiles
from typing import Any

import numpy as np

from cdb_site.env import Environment
from execution.rules.fill_model import Rules
from marketdata.intervals import moment
from mexc_sim.market.exchange import TAKER_FEE, Exchange
from mexc_sim.market.source import Candles, Listing
from mexc_sim.market.synthetic import SyntheticMarket
from replay.asked import seeded_limits, settings_of
from replay.rules.columns import FIELDS, PRICES, VOLUME, coarsest
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayDecision, ReplayOutcome
from replay.rules.settings import ReplaySettings
from replay.rules.universe import DAY_S, members_by_volume
from replay.run import played
from replay.source import BY_VOLUME, ReplayCandles
from risk.rules.layers import LAYERS

START_S = 1_767_225_600
HOUR_S = 3600
JUDGING = LAYERS[2:]
TWO = Decimal(2)
NO_EVIDENCE = "A simulated result is no evidence of profit."


@dataclass(frozen=True, kw_only=True)
class SeedOutcome:
    """One seed: fractions of the starting cash, and counts."""

    seed: int
    net: float
    fees: float
    spread: float
    entries: int
    trims: int
    blocks: int
    stops: int


def appraise(
    environment: Environment, *, seeds: int, hours: int, workers: int, progress: Callable[[int], None]
) -> list[str]:
    """Lines of a report over seeds 1 to `seeds`. `progress` is called with the number of seeds done."""
    outcomes: list[SeedOutcome] = []
    with ProcessPoolExecutor(workers) as pool:
        for outcome in pool.map(partial(outcome_of, environment, hours), range(1, seeds + 1)):
            outcomes.append(outcome)
            progress(len(outcomes))
    return report(outcomes, environment, hours)


def outcome_of(environment: Environment, hours: int, seed: int) -> SeedOutcome:
    """Play one seed."""
    market = SyntheticMarket(seed=seed, quote_asset=environment.QUOTE_ASSET)
    tradable = [item for item in market.listings if item.tradable]
    settings = played_with(environment, tradable)
    candles = recorded(Exchange(market), tradable, settings, hours, environment.UNIVERSE_SIZE)
    return _outcome(seed, played(candles, settings).outcome, settings)


def played_with(environment: Environment, listings: Sequence[Listing]) -> ReplaySettings:
    """The environment's strategy and limits; one spread for all, the median of what is quoted."""
    spread_bps = Decimal(str(round(median(item.spread_bps for item in listings), 1)))
    rules = {item.symbol: rules_of(item) for item in listings}
    usual = settings_of(environment, seeded_limits(environment), {}, spread_bps=spread_bps)
    return replace(usual, rules=rules, layers=JUDGING)


def recorded(
    exchange: Exchange, listings: Sequence[Listing], settings: ReplaySettings, hours: int, universe_size: int
) -> ReplayCandles:
    """The market's candles of a day before the start and of the hours after it."""
    step_s = settings.strategy.interval_s
    opens = range(START_S - DAY_S, START_S + hours * HOUR_S, step_s)
    windows = [exchange.window(open_s, step_s, open_s + step_s) for open_s in opens]
    grid = _grid(exchange, sorted(listings, key=lambda item: item.symbol), windows, opens[0] // step_s, step_s)
    return ReplayCandles(
        grid=grid,
        warm_up=DAY_S // step_s,
        universe=members_by_volume(grid, universe_size),
        chosen_by=BY_VOLUME,
        rules=settings.rules,
        quote_asset=listings[0].quote_asset,
        size=universe_size,
        by_volume=grid.periods,
    )


def _grid(
    exchange: Exchange, listings: Sequence[Listing], windows: Sequence[Candles], first_period: int, step_s: int
) -> CandleGrid:
    rows = [exchange.rows[item.symbol] for item in listings]
    columns = [np.hstack([getattr(window, name)[rows] for window in windows]).astype(np.int64) for name in FIELDS]
    by_row = range(len(rows))
    fields: dict[str, Any] = dict(zip(FIELDS, columns, strict=True))
    return CandleGrid(
        symbols=tuple(item.symbol for item in listings),
        interval_s=step_s,
        first_period=first_period,
        price_places=tuple(
            coarsest([each[row] for each in columns[PRICES]], listings[row].price_places) for row in by_row
        ),
        volume_places=tuple(coarsest([columns[VOLUME][row]], listings[row].quote_places) for row in by_row),
        **fields,
    )


def rules_of(listing: Listing) -> Rules:
    return Rules(
        price_tick=Decimal(1).scaleb(-listing.price_places),
        quantity_step=Decimal(1).scaleb(-listing.quantity_places),
        min_quantity=Decimal(listing.min_quantity),
        min_notional=Decimal(listing.min_notional),
        taker_fee=Decimal(TAKER_FEE),
    )


def _outcome(seed: int, outcome: ReplayOutcome, settings: ReplaySettings) -> SeedOutcome:
    cash = float(outcome.starting_cash)
    reasons = Counter(one.ruling.reason_code for one in outcome.decisions)
    placed = [one for one in outcome.decisions if one.ruling.approved]
    return SeedOutcome(
        seed=seed,
        net=float(outcome.equity) / cash - 1,
        fees=float(outcome.fees) / cash,
        spread=float(sum(spread_paid(one, settings.spread_bps) for one in placed)) / cash,
        entries=sum(one.seen.side == "BUY" for one in placed),
        trims=sum(one.ruling.outcome == "TRIMMED" for one in placed),
        blocks=reasons["EXPOSURE_LIMIT_EXCEEDED"],
        stops=sum(one.seen.kind == "STOP" for one in placed),
    )


def spread_paid(decision: ReplayDecision, spread_bps: Decimal) -> Decimal:
    """What the fills of a decision cost against the middle of the book: bid ÷ (1 − half the spread)."""
    bid = decision.seen.bid
    if bid is None:
        return Decimal(0)
    middle = bid / (1 - spread_bps / TWO / 10_000)
    return sum((abs(fill.price - middle) * fill.quantity for fill in decision.executions), Decimal(0))


def report(outcomes: Sequence[SeedOutcome], environment: Environment, hours: int) -> list[str]:
    """What the seeds came to, ending with the sentence that none of it is evidence of profit."""
    nets = [item.net for item in outcomes]
    low, high = (quantiles(nets, n=20, method="inclusive")[end] for end in (0, -1)) if len(nets) > 1 else (nets * 2)
    losing = sum(net < 0 for net in nets)

    def middle(name: str) -> float:
        return median(getattr(item, name) for item in outcomes)

    return [
        f"The default strategy over seeds 1 to {len(outcomes)}, {hours} h of market time each from "
        f"{moment(START_S):%Y-%m-%d %H:%M} UTC,",
        f"  {environment.STARTING_CASH:f} {environment.QUOTE_ASSET}, {environment.UNIVERSE_SIZE} pairs, layers 3 to 5, "
        "what is held at the end at its last close:",
        f"  net P&L       median {middle('net'):+.2%} of the cash, 5 % to 95 % of seeds {low:+.2%} to {high:+.2%}",
        f"  losing seeds  {losing} of {len(outcomes)}",
        f"  paid          median fees {middle('fees'):.2%}, spread and impact {middle('spread'):.2%} of the cash",
        f"  per seed      median {middle('entries'):.0f} entries, {middle('trims'):.0f} trimmed, "
        f"{middle('blocks'):.0f} blocked, {middle('stops'):.0f} stops",
        NO_EVIDENCE,
    ]

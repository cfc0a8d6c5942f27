"""What the default strategy earns in the synthetic market: many seeds, the same hours, one figure for each.

Every seed is one `Trial` from a fixed market moment on. The report gives the median and the range of the net P&L, after
fees and spread, and what was paid for both. It says something about the simulator and the costs, nothing about markets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles

from cdb_site.env import Environment
from marketdata.intervals import moment
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.synthetic import SyntheticMarket
from replay.trial import Trial
from replay.trial_account import Tally

START_S = 1_767_225_600
HOUR_S = 3600
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
    exchange = Exchange(SyntheticMarket(seed=seed, quote_asset=environment.QUOTE_ASSET))
    tally = Trial(exchange, environment, START_S).run(hours * HOUR_S)
    return _outcome(seed, tally, float(environment.STARTING_CASH))


def _outcome(seed: int, tally: Tally, cash: float) -> SeedOutcome:
    return SeedOutcome(
        seed=seed,
        net=float(tally.net_pnl) / cash,
        fees=float(tally.fees) / cash,
        spread=float(tally.spread_paid) / cash,
        entries=tally.counts["SIGNAL_APPROVED"] + tally.counts["POSITION_LIMIT_TRIMMED"],
        trims=tally.counts["TRIMMED"],
        blocks=tally.counts["EXPOSURE_LIMIT_EXCEEDED"],
        stops=tally.counts["STOP_SELL"],
    )


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
        "all sold at the end:",
        f"  net P&L       median {middle('net'):+.2%} of the cash, 5 % to 95 % of seeds {low:+.2%} to {high:+.2%}",
        f"  losing seeds  {losing} of {len(outcomes)}",
        f"  paid          median fees {middle('fees'):.2%}, spread and impact {middle('spread'):.2%} of the cash",
        f"  per seed      median {middle('entries'):.0f} entries, {middle('trims'):.0f} trimmed, "
        f"{middle('blocks'):.0f} blocked, {middle('stops'):.0f} stops",
        NO_EVIDENCE,
    ]

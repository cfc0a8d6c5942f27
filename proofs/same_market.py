"""`python -m proofs.same_market`: paper and the exchange beside each other on one market decide the same and pay alike.

One simulated exchange; one system trades at it with signed orders, another one fills the same signals on paper. Both
see the same candles, so that every order has its twin: same symbol, side and candle. Prices may differ by what the book
moved between the two moments and by how deep either walked.
One JSON line last; exit 1 unless the twins are the same and no price is further away than that.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES, in_one_lane
from proofs.rig.connections import owner_connection
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.waiting import expect, pause, say, wait_for
from proofs.venue_faults.run import TRADING

FILLED = """
    SELECT s.symbol, s.side, s.open_time, o.filled_notional / o.filled_quantity
    FROM "order" o JOIN signal s ON s.signal_id = o.signal_id WHERE o.filled_quantity > 0 ORDER BY s.open_time"""
# The exchange takes twelve orders a second: at the rate of the faults' proof the last of a close came twenty seconds of
# the market late, and 150 basis points from its twin.
RATE = "2"
APART_MOST_BPS = Decimal(100)
LEAST = 20
EXCHANGE = "mexc_sim"


class TwinKey(NamedTuple):
    """What makes two orders twins."""

    symbol: str
    side: str
    open_time: Any


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs.same_market", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=240, help="of trading side by side (default %(default)s)")
    parser.add_argument("--seed", default="1", help="of the market (default %(default)s)")
    options = parser.parse_args(arguments)

    def work(told: ProgramResult) -> None:
        trading = TRADING | {"SIM_SEED": options.seed, "SIM_RATE": RATE}
        with running_system("same-market", given={"VENUE": "MEXC"}, env_overrides=trading) as real:
            real.wait_live(("execution", EXCHANGE))
            theirs = {name: real.env[name] for name in ("MEXC_REST_URL", "MEXC_WS_URL", "MARKET")}
            services = in_one_lane([service for service in SERVICES if service.name != EXCHANGE])
            with running_system("same-market-paper", env_overrides=trading | theirs, services=services) as paper:
                wait_for(lambda: bool(_filled(paper)) and bool(_filled(real)), "the first fills of both", 180)
                pause(options.seconds)
                _compare(_filled(real), _filled(paper), told)

    return run_program("same market", work)


def _filled(system: System) -> dict[TwinKey, Decimal]:
    with owner_connection(system.env) as connection:
        rows: list[Any] = connection.execute(FILLED).fetchall()
    return {TwinKey(*row[:3]): row[3] for row in rows}


def _compare(real: Mapping[TwinKey, Decimal], paper: Mapping[TwinKey, Decimal], told: ProgramResult) -> None:
    """Of the time in which both traded: from a symbol's first purchase by both to the last close that both have
    filled."""
    until = min(max(key.open_time for key in side) for side in (real, paper))
    begun = _begun_together(real, paper)
    mine, theirs = (
        {key: price for key, price in side.items() if begun.get(key.symbol, until) <= key.open_time < until}
        for side in (real, paper)
    )
    twins = mine.keys() & theirs.keys()
    apart = {key: 10_000 * abs(mine[key] / theirs[key] - 1) for key in twins}
    told.figures |= {
        "twins": len(twins),
        "without_twin": len(mine.keys() ^ theirs.keys()),
        "bps_apart_median": float(round(sorted(apart.values())[len(apart) // 2], 2)) if apart else None,
        "bps_apart_most": float(round(max(apart.values()), 2)) if apart else None,
    }
    expect(len(twins) >= LEAST, f"{len(twins)} orders were filled by both, {LEAST} are needed")
    for key in sorted(mine.keys() ^ theirs.keys()):
        say(f"without a twin: {key}")
    told.failures += [f"{key} has no twin" for key in sorted(mine.keys() ^ theirs.keys())[:5]]
    told.failures += [f"{key}: {bps:.1f} bps apart" for key, bps in apart.items() if bps > APART_MOST_BPS]


def _begun_together(real: Mapping[TwinKey, Decimal], paper: Mapping[TwinKey, Decimal]) -> dict[str, Any]:
    """By symbol the first candle on which both bought: what either held before is its own past."""
    bought = [key for key in real.keys() & paper.keys() if key.side == "BUY"]
    latest_first = sorted(bought, key=lambda key: key.open_time, reverse=True)
    return {key.symbol: key.open_time for key in latest_first}


if __name__ == "__main__":
    sys.exit(main())

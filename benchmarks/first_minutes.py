"""What the demo shows in its first two minutes: signals, one trim, one block, one stop, for several seeds.

Each seed runs the whole demo in a temporary folder on free ports; the clock starts when the page is live. One JSON line
a seed, then the summary.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from cdb_site.local import market
from cdb_site.local.system import System, running_system
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.waiting import say

SEEN = """SELECT
    (SELECT count(*) FROM signal),
    (SELECT count(*) FROM fill),
    (SELECT count(*) FROM decision WHERE outcome = 'TRIMMED'),
    (SELECT count(*) FROM decision WHERE reason_code = 'EXPOSURE_LIMIT_EXCEEDED'),
    (SELECT count(*) FROM decision WHERE kind = 'STOP' AND order_id IS NOT NULL)"""
NAMES = ("signals", "fills", "trims", "blocks", "stops")
SHOWN = ("trims", "blocks", "stops")
NEEDED = ("signals", "fills")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.first_minutes", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("--seeds", default="1-20", help="first and last seed (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=120, help="watched after the page is live")
    options = parser.parse_args(arguments)

    def work(told: ProgramResult) -> None:
        rows = []
        for seed in range(int(first), int(last or first) + 1):
            rows.append(watch(seed, options.seconds))
            print(json.dumps(rows[-1]), flush=True)
        told.figures = summary(rows)
        told.failures += [
            f"seed {row['seed']} showed no {name}" for row in rows for name in NEEDED if not row["counts"][name]
        ]

    first, _, last = options.seeds.partition("-")
    return run_program("first minutes", work)


def watch(seed: int, seconds: float) -> dict[str, Any]:
    """One demo: when each thing was seen first, in wall seconds after the page was live, and how often."""
    overrides = market.defaults("1m", "USDT") | {"SIM_SEED": str(seed), "SIM_RATE": "10"}
    with running_system(f"first-{seed}", env_overrides=overrides) as system:
        system.wait_live(["dashboard"], timeout_s=120)
        return {"seed": seed} | _watched(system, seconds)


def _watched(system: System, seconds: float) -> dict[str, Any]:
    started, first_s, counts = time.monotonic(), dict.fromkeys(NAMES), dict.fromkeys(NAMES, 0)
    env = system.env
    with psycopg.connect(
        host=env["POSTGRES_HOST"],
        port=env["POSTGRES_PORT"],
        dbname=env["POSTGRES_DB"],
        user=env["POSTGRES_USER"],
        password=env["POSTGRES_PASSWORD"],
        autocommit=True,
    ) as connection:
        while (passed := time.monotonic() - started) < seconds:
            counts = dict(zip(NAMES, connection.execute(SEEN).fetchone() or (), strict=True))
            first_s |= {name: round(passed, 1) for name in NAMES if counts[name] and first_s[name] is None}
            time.sleep(0.5)
    say(f"{counts}")
    return {"counts": counts, "first_s": first_s}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many seeds showed what, and when the first signal came."""
    signals = [row["first_s"]["signals"] for row in rows if row["first_s"]["signals"] is not None]
    return {
        "seeds": len(rows),
        "first_signal_s": {"median": statistics.median(signals), "max": max(signals)} if signals else None,
        **{name: sum(row["counts"][name] > 0 for row in rows) for name in SHOWN},
        "all_three": sum(all(row["counts"][name] for name in SHOWN) for row in rows),
    }


if __name__ == "__main__":
    sys.exit(main())

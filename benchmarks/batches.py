"""What one signal costs in the lane: processor time of Python, PostgreSQL and Valkey, and time spent waiting.

    python -m benchmarks.batches                        batches of 5 and of 60 signals
    python -m benchmarks.batches --base /path           the same of another checkout too, batch for batch in turns
    python -m benchmarks.batches --profile 100          where Python's part goes, beside what the profile costs itself

The lane's own handler, from a candle's event to the recorded fill, on real servers and nothing beside it
(`benchmarks/batch_house.py`). Judge by the ratios of one run. Both checkouts need the same migrations.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from cdb_site.local.folders import CHECKOUT
from cdb_site.local.signals import undisturbed
from cdb_site.local.system import System, running_system
from proofs.rig.connections import owner_connection
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.strategy import STRATEGY
from proofs.rig.waiting import expect, say

SIZES = (5, 60)
WARM_UP = 40
FILLED_LEAST = 0.95  # the first signals come before all is known
PARTS = ("clock", "python", "postgresql", "valkey")
House = Callable[[str], Any]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)

    def work(told: ProgramResult) -> None:
        with running_system("batches", env_overrides={"LOG_LEVEL": "WARNING", **STRATEGY}, services=()) as system:
            numbers = count(1)
            told.figures |= {str(size): measure(system, size, options, numbers) for size in options.sizes}

    return run_program("batches", work)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batches", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, help="another checkout")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="signals a batch (default 5 and 60)")
    parser.add_argument("--batches", type=int, default=200, help="of each size (default %(default)s)")
    parser.add_argument("--profile", type=int, default=0, metavar="N", help="profile so many batches afterwards")
    return parser.parse_args(arguments)


def measure(system: System, size: int, options: argparse.Namespace, numbers: Iterator[int]) -> dict[str, Any]:
    """Microseconds a signal by part, medians of all batches of one size; of both checkouts and ours ÷ base."""
    checkouts = {"ours": CHECKOUT} | ({"base": options.base.resolve()} if options.base else {})
    if options.base:
        _let_in_without_a_name(system)
    with ExitStack() as stack:
        houses = {
            name: stack.enter_context(_house(_own_database(system, next(numbers)), checkout, size))
            for name, checkout in checkouts.items()
        }
        taken = _in_turns(houses, options.batches)
        for name, house in houses.items():
            signals, fills = house("came")
            expect(fills >= FILLED_LEAST * signals, f"{fills} of {signals} signals were filled, {name}, {size}")
        if options.profile:
            houses["ours"](f"profile {options.profile}")
    figures: dict[str, Any] = {name: _each(rows, size) for name, rows in taken.items()}
    if options.base:
        ours, base = figures["ours"], figures["base"]
        figures["ratio"] = {part: round(ours[part] / base[part], 3) for part in ours if base[part]}
    say(f"batches of {size}, us a signal: {figures}")
    return figures


def _let_in_without_a_name(system: System) -> None:
    """An older checkout tells Redis a password alone."""
    with system.servers.valkey.client() as client:
        client.acl_setuser(
            "default", enabled=True, passwords=[f"+{system.env['REDIS_PASSWORD']}"], keys=["*"], channels=["*"],
            categories=["+@all"],
        )  # fmt: skip


def _in_turns(houses: Mapping[str, House], batches: int) -> dict[str, list[list[int]]]:
    """Who is first changes from batch to batch."""
    taken: dict[str, list[list[int]]] = {name: [] for name in houses}
    for number in range(WARM_UP + batches):
        for name in list(houses) if number % 2 else reversed(list(houses)):
            spent_ns = houses[name]("batch")
            if number >= WARM_UP:
                taken[name].append(spent_ns)
    return taken


def _each(rows: Sequence[Sequence[int]], size: int) -> dict[str, float]:
    columns = zip(PARTS, zip(*rows, strict=True), strict=True)
    return {part: round(statistics.median(spent_ns) / size / 1000, 1) for part, spent_ns in columns}


def _own_database(system: System, number: int) -> dict[str, str]:
    """The environment of one house: its own database, streams and journal."""
    name = f"house{number}"
    with owner_connection(system.owner_env) as owner:
        owner.execute(f'CREATE DATABASE "{name}" TEMPLATE "{system.env["POSTGRES_DB"]}"')
    return {**system.env, "POSTGRES_DB": name, "REDIS_DB": str(number), "DATA_DIR": f"{system.env['DATA_DIR']}/{name}"}


@contextmanager
def _house(env: Mapping[str, str], checkout: Path, size: int) -> Iterator[House]:
    program = Path(__file__).with_name("batch_house.py")
    with undisturbed():
        process = subprocess.Popen(
            [sys.executable, "-P", str(program), str(size)],
            cwd=checkout,
            env={**os.environ, **env, "PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    assert process.stdin and process.stdout  # noqa: S101 - pipes were asked for

    def ask(what: str) -> Any:
        process.stdin.write(f"{what}\n".encode())
        process.stdin.flush()
        line = process.stdout.readline()
        expect(bool(line), f"the house of {checkout} ended at {what!r}")
        return orjson.loads(line)

    try:
        yield ask
    finally:
        with undisturbed():
            process.kill()
            process.communicate()


if __name__ == "__main__":
    sys.exit(main())

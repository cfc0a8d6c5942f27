"""Two risk managers race for the last of the exposure, and for the last of one position.

Two processes decide at the same moment, round after round, on a database of their own. Each time the limits have room
for one of the two entries: the second must be refused (layer 3) or trimmed (layer 4). The same race is then run with
the account's row lock taken out: if that did not breach, the race would prove nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from multiprocessing.synchronize import Barrier
from typing import Any

import django
from django.core.management import call_command

from cdb_site.local.signals import undisturbed
from cdb_site.local.system import System
from proofs.rig.connections import owner_connection
from proofs.rig.program import ProgramResult, enter, run_part, run_program

DATABASE = "race"
REDIS_DB = "9"
NAIVE_ROUNDS = 50
ROUND_TIMEOUT_S = 60.0


def race(system: System, rounds: int, told: ProgramResult) -> dict[str, Any]:
    """Make a database, race on it in processes of their own, drop it."""
    env = system.owner_env | {"POSTGRES_DB": DATABASE, "REDIS_DB": REDIS_DB}
    _administer(system, f"CREATE DATABASE {DATABASE}")
    try:
        return run_part(told, "proofs.scenarios.race", "--rounds", str(rounds), env=env)
    finally:
        _administer(system, f"DROP DATABASE {DATABASE} WITH (FORCE)")


def faults(found: dict[str, Any]) -> list[str]:
    """What a race's figures say against it."""
    said = {
        f"{found['breaches']} rounds breached a limit": found["breaches"],
        "without the lock nothing breached: the race proves nothing": not found["naive_breaches"],
        "not every round let exactly one entry through whole": found["refused"] + found["trimmed"] < found["rounds"],
    }
    return [sentence for sentence, holds in said.items() if holds]


def _administer(system: System, statement: str) -> None:
    with owner_connection(system.owner_env) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def racer(number: int, rounds: int, locked: bool, barrier: Barrier) -> None:
    """One risk manager: decides when the other does."""
    django.setup()
    from proofs.scenarios.rounds import Entrant

    entrant = Entrant(number, locked=locked)
    for each in range(rounds):
        barrier.wait(ROUND_TIMEOUT_S)
        entrant.decide(each)
        barrier.wait(ROUND_TIMEOUT_S)


def run(rounds: int, *, locked: bool) -> Counter[str]:
    """How many rounds ended how."""
    from proofs.scenarios.rounds import settle

    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    racers = [context.Process(target=racer, args=(number, rounds, locked, barrier), daemon=True) for number in range(2)]
    ends: Counter[str] = Counter()
    try:
        for process in racers:
            process.start()
        for _ in range(rounds):
            barrier.wait(ROUND_TIMEOUT_S)
            barrier.wait(ROUND_TIMEOUT_S)
            ends[settle()] += 1
        for process in racers:
            process.join(ROUND_TIMEOUT_S)
    finally:
        with undisturbed():
            for process in racers:
                process.kill()
    return ends


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    options = parser.parse_args()

    def work(told: ProgramResult) -> None:
        enter(os.environ)
        call_command("migrate", verbosity=0, interactive=False)
        from proofs.scenarios.rounds import prepare

        prepare()
        ends, naive = run(options.rounds, locked=True), run(NAIVE_ROUNDS, locked=False)
        told.figures |= {"rounds": options.rounds, "breaches": ends["breach"], "refused": ends["refused"]}
        told.figures |= {"trimmed": ends["trimmed"], "naive_breaches": naive["breach"]}

    return run_program("race", work)


if __name__ == "__main__":
    sys.exit(main())

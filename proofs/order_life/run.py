"""The order's part of `make proofs`: random lives of orders and their books beside a pure model, step by step.

Own servers in a temporary folder. One JSON line last; exit 1 with the shortest life that differs, and also when no life
came to what makes it hard: late trades, answers without the newest trade, orders set aside.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from cdb_site.local.system import running_system
from proofs.rig.program import ProgramResult, enter, run_program
from proofs.rig.waiting import expect, say

STEPS_A_LIFE = 50
SAY_EVERY = 100


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs.order_life.run", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--steps", type=int, default=100_000, help="steps at least (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random lives (default %(default)s)")
    options = parser.parse_args(arguments)

    def work(told: ProgramResult) -> None:
        with running_system(services=[]) as system:
            enter(system.owner_env)
            prove(options.steps, options.seed, told)

    return run_program("order life", work)


def prove(wanted: int, number: int, told: ProgramResult) -> None:
    """Live until there are so many steps; raises AssertionError with the shortest life that differs."""
    from proofs.order_life import machine

    lives = 0

    def count_life(_: str) -> None:
        nonlocal lives
        lives += 1
        if lives % SAY_EVERY == 0:
            say(f"order life: {sum(machine.steps.values())} steps of {wanted} in {lives} lives")

    machine.after_life.append(count_life)
    run = 0
    while sum(machine.steps.values()) < wanted:
        run += 1
        run_state_machine_as_test(
            seed(number * 1000 + run)(machine.OrderLives),
            settings=settings(
                max_examples=200,
                stateful_step_count=STEPS_A_LIFE,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.generate, Phase.shrink),
            ),
        )
    told.figures |= {
        "order_life_steps": sum(machine.steps.values()),
        "order_lives": lives,
        "order_life_by_kind": dict(machine.steps),
        "order_life_differences": 0,
    }
    for kind in ("trade", "hear", "no_answer", "end", "set_aside"):
        expect(machine.steps[kind], f"no life came to {kind!r}: nothing was proven of it")


if __name__ == "__main__":
    sys.exit(main())

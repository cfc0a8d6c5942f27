"""The risk manager's part of `make proofs`: I3, I4 and I5 on ten thousand random portfolios with streams of requests.

One JSON line last; exit 1 with the smallest case that breaks a property.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, given, seed, settings

from proofs.rig.program import ProgramResult, enter, run_program
from proofs.rig.waiting import expect, say


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs.risk_properties", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--cases", type=int, default=10_000, help="portfolios (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random cases (default %(default)s)")
    options = parser.parse_args(arguments)

    def work(told: ProgramResult) -> None:
        prove(options.cases, options.seed, told.figures)
        expect(told.figures["entries"], "no request of any portfolio was let through: nothing was proven")

    return run_program("risk properties", work)


def prove(cases: int, number: int, counts: dict[str, int]) -> None:
    """Run the properties, counting as they go; raises AssertionError with the smallest breaking case."""
    enter({"ENV": os.environ.get("ENV", "demo")})
    from proofs import portfolios as properties

    counts |= {"cases": 0, "requests": 0, "entries": 0}

    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(properties.case())
    def run(case: tuple) -> None:
        batch, stream = case
        counts["cases"] += 1
        counts["requests"] += len(stream)
        if counts["cases"] % 1000 == 0:
            say(f"{counts['cases']} portfolios, {counts['entries']} entries")
        counts["entries"] += properties.decide_stream(batch, stream)

    run()


if __name__ == "__main__":
    sys.exit(main())

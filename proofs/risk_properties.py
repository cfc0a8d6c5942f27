"""The risk manager's part of `make proofs`: I3, I4 and I5 on ten thousand random portfolios with streams of requests.

One JSON line last; exit 1 with the smallest case that breaks a property.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

import django
from hypothesis import HealthCheck, Phase, given, seed, settings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs.risk_properties", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--cases", type=int, default=10_000, help="portfolios (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random cases (default %(default)s)")
    options = parser.parse_args(arguments)
    print(json.dumps(prove(options.cases, options.seed)))
    return 0


def prove(cases: int, number: int) -> dict[str, int]:
    """Run the properties; raises AssertionError with the smallest breaking case."""
    os.environ.setdefault("ENV", "demo")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
    django.setup()
    from proofs import portfolios as properties

    counts = {"cases": 0, "requests": 0, "entries": 0, "violations": 0}

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
            print(f"{counts['cases']} portfolios, {counts['entries']} entries", file=sys.stderr, flush=True)
        counts["entries"] += properties.decide_stream(batch, stream)

    run()
    return counts


if __name__ == "__main__":
    sys.exit(main())

"""`make looks`: every page in every pairing of width, colours and language, and each page's own tests.

`make test` tries each in one look. One JSON line last: how many tests, how many of them failed or were left out; exit 1
when one did, for a machine without a browser has looked at nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence

import pytest

from proofs.rig.program import ProgramResult, run_program

PAGES = "tests/ui"
# Under this name `tests.ui.looks` is told.
EVERY = "UI_EVERY"


class LookTally:
    """Counts what became of each test; an error before or after it counts as one."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.outcomes[report.outcome] += 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make looks", description=__doc__)
    parser.add_argument("--only", default="", help="only tests that match, as pytest's -k")
    options = parser.parse_args(arguments)

    def work(told: ProgramResult) -> None:
        os.environ[EVERY] = "1"
        tally = LookTally()
        code = pytest.main([PAGES, "-k", options.only, "--maxfail=20"], plugins=[tally])
        figures = {name: tally.outcomes[name] for name in ("passed", "failed", "skipped")}
        told.figures.update(figures)
        if code or not figures["passed"] or figures["skipped"]:
            told.failures.append(f"{figures['failed']} tests failed, {figures['skipped']} were left out; see above")

    return run_program("looks", work)


if __name__ == "__main__":
    sys.exit(main())

"""Stand-ins for what carries a run out, and the programs that play with them in a process of their own."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from replay.carried import Brought, RunProgress
from replay.kept import KeptRun

NOTHING = KeptRun({"measures": {}, "counts": {"decisions": 0, "decisions_kept": 0, "trips": 0}}, [], [])


def at_once(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    progress(0.5, "deciding")
    return Brought(NOTHING, {"parameters": dict(parameters)})


def slowly(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    """Tells how far it is ten times a second, for as long as it is let."""
    for number in range(int(parameters.get("turns", 600))):
        progress(min(number / 600, 1.0), "deciding")
        time.sleep(0.1)
    return Brought(NOTHING, {})


def deaf(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    """Says nothing and hears nothing."""
    time.sleep(600)
    return Brought(NOTHING, {})


def broken(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    raise ZeroDivisionError("the books have no such number")


def wrong(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    raise ValueError("from: there are no candles in this time")


HERE = "tests.integration.replay.stand_in"


def program(name: str) -> Any:
    """The command line of a process that carries a run out with this stand-in."""

    def command(run_id: UUID, carrier: str) -> Sequence[str]:
        return [sys.executable, "-c", f"import django; django.setup(); from {HERE} import main; main({name!r})",
                str(run_id), carrier]  # fmt: skip

    return command


def main(name: str) -> None:
    from replay.carrying import RunEnds, carry_out, stop_in_order
    from replay.models import ReplayRun
    from replay.operations import give_back

    run = ReplayRun.objects.get(run_id=UUID(sys.argv[1]), carrier=sys.argv[2])
    stop_in_order()
    try:
        carry_out(run, {run.kind: globals()[name]})
    except RunEnds:
        give_back(run.run_id, run.carrier)

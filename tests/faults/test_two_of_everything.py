"""Two workers of each service, killed under load: nothing lost, nothing double, each symbol's orders in their order."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cdb_site.local.folders import CHECKOUT

COMMAND = ["proofs.faults.run", "--quick", "--rounds", "0", "--kills", "4", "--workers", "2"]


@pytest.mark.timeout(600)
def test_two_workers_of_each_service_that_are_killed_lose_and_double_nothing() -> None:
    run = subprocess.run([sys.executable, "-m", *COMMAND], cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    assert (told["workers_of_each"], told["kills"]) == (2, 4)
    assert (told["lost"], told["double"], told["wrong_by_kind"], told["cents_off"]) == (0, 0, {}, "0")
    assert told["fills"] > 100

"""One whole system for all flow tests: simulated exchange, every service, real servers, in a temporary folder.

The strategy is nervous (a thousandth up buys, a thousandth down sells), so that fills come with every candle. Signal,
risk and execution live in one process; with CDB_TOPOLOGY=apart in three.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cdb_site.local.children import Backoff
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES, in_one_lane
from tests.flow.looking import Books, wait_until

NERVOUS = {
    "SIM_RATE": "20",
    "SIM_SEED": "7",
    "LOOKBACK_MINUTES": "1",
    "SIGNAL_THRESHOLD_PCT": "0.0005",
    "SIGNAL_EXIT_PCT": "-0.0005",
    "SIGNAL_MIN_VOLUME": "0",
    "TOP_N": "30",
    "MAX_POSITION_PCT": "0.02",
    "BACKFILL_CANDLES": "10",
    "LOG_LEVEL": "WARNING",
}


@pytest.fixture(scope="package")
def system() -> Iterator[System]:
    services = SERVICES if os.environ.get("CDB_TOPOLOGY") == "apart" else in_one_lane(SERVICES)
    backoff = Backoff(first_s=0.1, most_s=0.5)
    with running_system("flow", env_overrides=NERVOUS, services=services, backoff=backoff) as running:
        running.wait_live(list(running.ports), timeout_s=180)
        yield running


@pytest.fixture
def books(system: System) -> Iterator[Books]:
    """The system's database, once something was filled."""
    with Books(system) as opened:
        wait_until(lambda: opened.value("SELECT count(*) FROM fill") > 0, "a first fill")
        yield opened

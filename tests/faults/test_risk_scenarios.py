"""Two of the scenarios on real signal, risk and execution processes: a day's loss ends flat, a silence blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from cdb_site.clock import SYSTEM
from cdb_site.env import read
from cdb_site.local import service_env
from cdb_site.local.children import Backoff, Child
from cdb_site.local.logview import FileLogs
from cdb_site.local.ports import PortBook
from cdb_site.local.servers import Servers
from cdb_site.local.system import System
from cdb_site.services import service
from proofs.scenarios import breakers, loss
from proofs.scenarios.kills import Rolling
from proofs.scenarios.market import StagedMarket
from proofs.scenarios.run import OVERRIDES
from proofs.scenarios.stage import Stage
from risk.marks import process_marks
from tests.builders import open_paper_account

pytestmark = pytest.mark.django_db(transaction=True)
LOSING = ["AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT", "EEEUSDT"]
QUICK_S = "1"


@pytest.fixture
def stage(servers: Servers, valkey: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Three services on this session's servers and its test database; the market moves as the test says."""
    anchor, ports = SYSTEM.anchor, PortBook()
    port_of = {name: ports.reserve_any() for name in ("signal", "risk", "execution")}
    env = service_env.base_env("demo", servers.folder, servers, {}) | servers.owner_env
    env |= service_env.market_env("demo", port_of, {}) | OVERRIDES
    env["POSTGRES_DB"] = str(connection.settings_dict["NAME"])
    monkeypatch.setattr(settings, "ENVIRONMENT", read(env))
    output, backoff = FileLogs(servers.folder.logs), Backoff()
    children = [Child(service(name), ports=port_of, env=env, output=output, backoff=backoff) for name in port_of]
    system = System(servers.folder, servers, children, env, env)
    market = StagedMarket([*LOSING, "QUIETUSDT"])
    open_paper_account(cash="100000")
    try:
        market.open()
        for child in children:
            child.start()
        system.wait_live(list(port_of))
        yield Stage(system, market)
    finally:
        for child in children:
            child.kill()
        market.stop()
        ports.release()
        SYSTEM.anchor = anchor
        process_marks.cache_clear()


def test_a_silence_blocks_and_a_days_loss_ends_flat_and_halted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_dies = Rolling(stage.system, ())
    stage.begin_day()
    monkeypatch.setattr(breakers, "GOOD_S", QUICK_S)
    stage.limits(max_data_silence_s=QUICK_S, good_data_s=QUICK_S)

    silence = breakers.feed_silence(stage, nobody_dies, "QUIETUSDT")
    stage.begin_day()
    lost = loss.daily_loss(stage, nobody_dies, LOSING)

    assert silence["released_by"] == "risk"
    assert (lost["halted"], lost["flat"], lost["exits"]) == (True, True, 5)

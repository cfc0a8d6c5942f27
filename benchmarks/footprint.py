"""What the whole demo takes of a machine on which it just stands: memory shared out (PSS), and a core's time.

The market runs at its true rate, one candle a minute, nobody looks at the page. Everything counts that the starter
started, both servers and the simulated exchange included; the exchange's share is told apart.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import psutil

from cdb_site.local import market
from cdb_site.local.system import System, running_system
from proofs.rig.waiting import say

SETTLE_S = 45.0
MEASURED_S = 90.0
EXCHANGE = "mexc_sim"


def footprint(symbols: int) -> dict[str, Any]:
    """PSS in MB and processor time in % of one core, of all processes and of each."""
    overrides = market.defaults("1m", "USDT") | {"SIM_RATE": "1", "UNIVERSE_SIZE": str(symbols)}
    with running_system("bench", env_overrides=overrides) as system:
        system.wait_live(list(system.ports))
        time.sleep(SETTLE_S)
        before, started_s = _seconds(system), time.monotonic()
        time.sleep(MEASURED_S)
        passed_s = time.monotonic() - started_s
        busy = {name: 100 * (used - before.get(name, 0.0)) / passed_s for name, used in _seconds(system).items()}
        memory = {name: _pss_mb(family) for name, family in _families(system).items()}
    say(f"{symbols} symbols: {memory} MB, { ({name: round(share, 2) for name, share in busy.items()}) } % of a core")
    return {
        "symbols": symbols,
        "processes": len(memory),
        "pss_mb": round(sum(memory.values())),
        "pss_mb_without_exchange": round(sum(memory.values()) - memory.get(EXCHANGE, 0.0)),
        "core_pct": round(sum(busy.values()), 1),
        "core_pct_without_exchange": round(sum(busy.values()) - busy.get(EXCHANGE, 0.0), 1),
    }


def _families(system: System) -> dict[str, list[psutil.Process]]:
    """Each process with those below it; the nursery alone, since what it forked is counted by itself."""
    found = {}
    for name, pid in system.pids.items():
        process = psutil.Process(pid)
        found[name] = [process, *process.children(recursive=True)]
    if system.nursery is not None and system.nursery.pid is not None:
        found[system.nursery.name] = [psutil.Process(system.nursery.pid)]
    return found


def _pss_mb(family: list[psutil.Process]) -> float:
    total = 0
    for process in family:
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return round(total / 1e6, 1)


def _seconds(system: System) -> dict[str, float]:
    """Processor seconds so far, by process; those of PostgreSQL's ended backends are in its postmaster's."""
    used = {}
    for name, family in _families(system).items():
        seconds = 0.0
        for process in family:
            with suppress(psutil.Error):
                times = process.cpu_times()
                seconds += times.user + times.system
        if name == "postgres":
            with suppress(psutil.Error):
                times = family[0].cpu_times()
                seconds += times.children_user + times.children_system
        used[name] = seconds
    return used

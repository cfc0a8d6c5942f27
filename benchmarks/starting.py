"""How long the demo takes to be there again: servers, migrations found done, every service's /health at 200.

The first start makes the folder and is not counted.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from cdb_site.local import market
from cdb_site.local.folders import temporary_folder
from cdb_site.local.system import running_system
from proofs.rig.waiting import say

ROUNDS = 3


def warm_start() -> dict[str, Any]:
    """Median seconds of a start on a folder that is there."""
    seconds = []
    with temporary_folder("start") as folder:
        for number in range(ROUNDS + 1):
            started_s = time.monotonic()
            overrides = market.defaults("1m", "USDT") | {"LOG_LEVEL": "WARNING"}
            with running_system("start", data_dir=folder.path, env_overrides=overrides) as system:
                system.wait_live(list(system.ports))
                if number:
                    seconds.append(round(time.monotonic() - started_s, 2))
    say(f"warm starts: {seconds} s")
    return {"warm_start_s": statistics.median(seconds)}

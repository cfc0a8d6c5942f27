"""How long `make demo` takes until its page is live, when it ran here before: the same books, the same code.

The command itself is timed, interpreter included, from its start to the box with the address, which it prints once the
dashboard's /health answers 200. The first start, which makes the database, does not count.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time

from cdb_site.local.folders import CHECKOUT, temporary_folder
from proofs.rig.waiting import expect, say

STARTS = 3
LAST_LINE = "stop      Ctrl-C here"


def warm_start() -> dict[str, float]:
    """The median of some starts, in seconds."""
    with temporary_folder("start") as folder:
        seconds = [_start(str(folder.path)) for _ in range(STARTS + 1)]
    say(
        f"from the command to the live page: {seconds[0]:.2f} s at first, then {[round(one, 2) for one in seconds[1:]]}"
    )
    return {"warm_start_s": round(statistics.median(seconds[1:]), 2)}


def _start(folder: str) -> float:
    command = [sys.executable, "-m", "cdb_site.local", "demo", "--data-dir", folder]
    started_s = time.monotonic()
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    live = any(LAST_LINE in line for line in process.stdout)
    took_s = time.monotonic() - started_s
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    expect(live, "the demo ended before its page was live")
    return took_s

"""A process that holds a lock and does not go on: stopped by SIGSTOP in the middle of its transaction.

What a paused container, a suspended machine or a cut network leaves at the server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ACCOUNT_HELD = "SELECT * FROM account FOR UPDATE"
HOLDER = """
import sys, time, psycopg
with psycopg.connect(sys.argv[1]) as connection:
    connection.execute(sys.argv[2])
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def frozen_holder(target: str, statement: str = ACCOUNT_HELD) -> Iterator[None]:
    """Another process, connected to `target` and frozen between this statement and its commit; ended with the block."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, target, statement], stdout=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline() != b"held\n":
            raise RuntimeError(f"{statement!r} could not be held")
        os.kill(process.pid, signal.SIGSTOP)
        yield
    finally:
        process.kill()
        process.communicate()

"""A process that holds a lock and does not go on: begun, stopped by SIGSTOP in the middle of its transaction.

What a paused container, a suspended machine or a cut network leaves at the server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

ACCOUNT_HELD = "SELECT * FROM account FOR UPDATE"
HOLDER = """
import sys, time, psycopg
with psycopg.connect(sys.argv[1]) as connection:
    connection.execute(sys.argv[2])
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def frozen_holder(statement: str = ACCOUNT_HELD, *, settings: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Another process, frozen between this statement and its commit; ended with the block."""
    own = connection.settings_dict
    target = (
        f"host={own['HOST']} port={own['PORT']} user={own['USER']} password={own['PASSWORD']} dbname={own['NAME']}"
        f" options='{settings}'"
    )
    process = subprocess.Popen([sys.executable, "-c", HOLDER, target, statement], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        os.kill(process.pid, signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.communicate()

"""Ports on the loopback interface: the standard one when it is free, else another.

Free ports are taken from 20000 to 31999, below the range the kernel gives to outgoing connections, and reserved by
a lock file until the holder ends: a service binds its port seconds after it was chosen, and again at every restart.
"""

from __future__ import annotations

import os
import random
import socket
import tempfile
from pathlib import Path

from cdb_site.local.locks import FolderLock
from cdb_site.local.problems import LocalProblem

LOWEST, HIGHEST = 20000, 31999
ATTEMPTS = 2000


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class PortBook:
    """The ports one starter has reserved; they are given back together."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"claire-de-binaire-ports-{os.geteuid()}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._locks: dict[int, FolderLock] = {}

    def reserve(self, port: int) -> bool:
        """Reserve this very port; False when it is in use or reserved by another starter."""
        if port in self._locks:
            return False
        lock = FolderLock(self._folder / f"{port}.lock")
        if not lock.acquire():
            return False
        if not is_free(port):
            lock.release()
            return False
        self._locks[port] = lock
        return True

    def reserve_any(self) -> int:
        """Reserve some free port."""
        for _ in range(ATTEMPTS):
            port = random.randint(LOWEST, HIGHEST)  # noqa: S311  (no secret: two starters should not pick alike)
            if self.reserve(port):
                return port
        raise LocalProblem(f"no free port between {LOWEST} and {HIGHEST} on 127.0.0.1. Stop what occupies them.")

    def reserve_near(self, standard: int) -> int:
        """The standard port, else one of its next hundreds (8002 → 8102 → 8202 …), else any."""
        for port in range(standard, min(standard + 1000, 65536), 100):
            if self.reserve(port):
                return port
        return self.reserve_any()

    def release(self) -> None:
        for lock in self._locks.values():
            lock.release()
        self._locks.clear()

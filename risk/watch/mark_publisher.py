"""Sends the newest mark of the account to everybody, on a thread of its own.

A Redis that is away, full or frozen costs whoever sends up to some seconds a try; the watcher guards the account and
does not wait for that. Of marks only the newest counts: what could not be sent in time is replaced, not queued.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Any

from redis.exceptions import RedisError

from cdb_site.bus import latest
from cdb_site.bus.runtime import Runtime

log = logging.getLogger(__name__)
IDLE_S = 1.0


class MarkPublisher:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._newest: tuple[dict[str, Any], datetime] | None = None
        self._offered = threading.Event()
        self._thread = threading.Thread(target=self._run, name="marks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def offer(self, payload: dict[str, Any], occurred_at: datetime) -> None:
        """This is the newest mark. Returns at once."""
        self._newest = (payload, occurred_at)
        self._offered.set()

    def join(self, timeout_s: float) -> None:
        """Wait until the last mark is sent; the runtime must be stopping."""
        self._offered.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not (self.runtime.stopping.is_set() and self._newest is None):
            self._offered.wait(IDLE_S)
            self._offered.clear()
            mark, self._newest = self._newest, None
            if mark is not None:
                self._send(*mark)
            self.runtime.progress.turned("marks")

    def _send(self, payload: dict[str, Any], occurred_at: datetime) -> None:
        try:
            latest.publish("portfolio", payload, producer="risk", occurred_at=occurred_at)
        except RedisError as problem:
            log.warning("a mark of the account was not sent: %s", problem)
        except Exception:
            log.exception("a mark of the account could not be sent")

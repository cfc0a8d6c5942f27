"""Who hears what an exchange tells of itself, in a thread that may use the database.

Of one order the newest report counts: what waits is one report an order, however fast they come. Reports that could not
be taken are told again, each by itself, three times in all; after that the sweep asks the exchange for them. That the
stream began is told until somebody took it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

from django.db import close_old_connections, connections

from execution.venues.protocol import Report

log = logging.getLogger(__name__)

ATTEMPTS = 3
PAUSE_S = 1.0


class Hearing:
    """`on_reports` takes what became of orders, `on_connected` that nothing of the time before is told."""

    def __init__(self, on_reports: Callable[[Sequence[Report]], object], on_connected: Callable[[], object]) -> None:
        self.on_reports, self.on_connected = on_reports, on_connected
        self._changed = threading.Condition()
        self._reports: dict[str, Report] = {}
        self._connected = self._ending = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mexc-hearing", daemon=True)
        self._thread.start()

    def tell(self, report: Report) -> None:
        with self._changed:
            self._reports[report.client_order_id] = report
            self._changed.notify()

    def connected(self) -> None:
        with self._changed:
            self._connected = True
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._ending = True
            self._ended.set()
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._reports or self._connected or self._ending)
                    if self._ending:
                        return
                    reports, connected = list(self._reports.values()), self._connected
                    self._reports, self._connected = {}, False
                self._hand_on(reports, connected=connected)
        finally:
            connections.close_all()

    def _hand_on(self, reports: Sequence[Report], *, connected: bool) -> None:
        if connected and not self._done(self.on_connected, "what happened while nobody listened was not asked for"):
            self._ended.wait(PAUSE_S)
            self.connected()
        if reports and not self._done(lambda: self.on_reports(reports), f"{len(reports)} reports were not booked"):
            for report in reports:
                self._again(partial(self.on_reports, [report]), f"{report.client_order_id} was not booked")

    def _again(self, call: Callable[[], object], failure: str) -> None:
        for _ in range(ATTEMPTS - 1):
            if self._ended.wait(PAUSE_S) or self._done(call, failure):
                return

    @staticmethod
    def _done(call: Callable[[], object], failure: str) -> bool:
        try:
            close_old_connections()
            call()
        except Exception:
            log.exception("%s", failure)
            return False
        return True

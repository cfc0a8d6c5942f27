"""Resident memory of some services of a running system, sampled in a thread."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Sequence
from contextlib import suppress

import psutil

from cdb_site.local.system import System

SAMPLE_S = 0.5


class Memory:
    """MiB by service, with all processes under it."""

    def __init__(self, system: System, names: Sequence[str]) -> None:
        self.system, self.names = system, names
        self.samples: dict[str, list[float]] = {name: [] for name in names}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def thirds(self) -> tuple[dict[str, float], dict[str, float]]:
        """Mean of the first and of the last third of the samples, by service."""
        first, last = {}, {}
        for name, samples in self.samples.items():
            third = max(1, len(samples) // 3)
            first[name] = round(statistics.mean(samples[:third] or [0]), 1)
            last[name] = round(statistics.mean(samples[-third:] or [0]), 1)
        return first, last

    def _watch(self) -> None:
        while not self._stopping.wait(SAMPLE_S):
            for name, pid in self.system.pids.items():
                if name in self.samples:
                    with suppress(psutil.Error):
                        root = psutil.Process(pid)
                        family = [root, *root.children(recursive=True)]
                        self.samples[name].append(sum(item.memory_info().rss for item in family) / 2**20)

"""This machine's wall clock, and a hand on it for proofs: what a step of the clock does is tried, not believed.

`CDB_CLOCK_OFFSET_FILE` names a file with a number of seconds that is added to the wall clock of the process; it is read
again ten times a second, so a running service's clock can be stepped by writing `-10` there. Without the variable,
and always with ENV=prod or ENV=local, the wall clock is the machine's. The monotonic clock is never moved.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

VARIABLE = "CDB_CLOCK_OFFSET_FILE"
READ_EVERY_S = 0.1


def wall_of(environment: Mapping[str, str]) -> Callable[[], float]:
    """The wall clock of a process with this environment."""
    path = environment.get(VARIABLE, "")
    if not path or environment.get("ENV") in ("local", "prod"):
        return time.time
    return _Moved(Path(path))


class _Moved:
    """A file that is not there, or holds no number, moves nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset_s, self._read_at = 0.0, float("-inf")

    def __call__(self) -> float:
        if time.monotonic() - self._read_at >= READ_EVERY_S:
            self._read_at = time.monotonic()
            self._offset_s = self._read()
        return time.time() + self._offset_s

    def _read(self) -> float:
        try:
            return float(self.path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0


machine_wall = wall_of(os.environ)

"""The set-up as it is told at the terminal: one line per step, with its time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from cdb_site.clock import SYSTEM


class Step:
    """The step being done; its text may be made more precise while it runs."""

    def __init__(self, text: str) -> None:
        self.text = text


class Steps:
    """Prints each step when it is done; `stream` None keeps silent."""

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        self._stream = stream

    @contextmanager
    def step(self, text: str) -> Iterator[Step]:
        current = Step(text)
        begun_s = SYSTEM.monotonic_s()
        live = self._stream is not None and self._stream.isatty()
        if live:
            self._write(f"… {text}\r")
        try:
            yield current
        except BaseException:
            self._write(f"✗ {current.text}\n")
            raise
        self._write(f"✓ {current.text:<62} {SYSTEM.monotonic_s() - begun_s:5.1f} s\n")

    def note(self, text: str) -> None:
        self._write(f"  {text}\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


SILENT = Steps(None)

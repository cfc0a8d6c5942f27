"""The services' log lines: at the terminal, each with its service's name before it, or in files of the data folder.

Reading a child's pipe takes one thread per service; it ends with the child.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
NAME_WIDTH = 10


def open_log(path: Path) -> IO[bytes] | int:
    """The file to append to; where it cannot be opened (a full disk) nothing: a process must start without a log."""
    try:
        return path.open("ab")
    except OSError:
        return subprocess.DEVNULL


class FileLogs:
    """Each service appends to `<folder>/<service>.log`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str) -> IO[bytes] | int:
        return open_log(self.folder / f"{name}.log")

    def note(self, text: str) -> None:
        """What cannot be noted for want of space is not."""
        with suppress(OSError), (self.folder / "supervisor.log").open("a", encoding="utf-8") as file:
            file.write(text + "\n")


class TerminalLogs:
    """All services' lines on one stream, prefixed, coloured when it is a terminal."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self.stream = stream
        self.coloured = stream.isatty()
        self._names: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str) -> IO[bytes]:
        """The writing end of a pipe whose lines are shown; the caller closes it after handing it on."""
        reading, writing = os.pipe()
        threading.Thread(target=self._show, args=(name, reading), name=f"log {name}", daemon=True).start()
        return os.fdopen(writing, "wb")

    def note(self, text: str) -> None:
        self._write("system", text)

    def _show(self, name: str, reading: int) -> None:
        with os.fdopen(reading, "r", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self._write(name, line.rstrip("\n"))

    def _write(self, name: str, line: str) -> None:
        colour = COLOURS[self._names.setdefault(name, len(self._names)) % len(COLOURS)]
        prefix = f"{name:<{NAME_WIDTH}} |"
        if self.coloured:
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        with self._lock:
            try:
                self.stream.write(f"{prefix} {line}\n")
                self.stream.flush()
            except (OSError, ValueError):
                # The terminal is gone; the pipe must still be emptied, or the service would block on its log.
                return

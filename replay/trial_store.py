"""What a search has tried, kept line by line: killed at any moment and started again, it goes on with the rest.

One file for each basis: the candles, the settings that do not vary, and the revision of the code. Its first line is the
basis, every other one set over one span of time with its figures. A line that was cut off is tried again. One search
holds a file at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

from replay.rules.trial_figures import TrialFigures


class SearchRunning(Exception):
    """Another process holds the file of this search."""


class TrialStore:
    """`done` are the figures by key, of this search and of those before it on the same basis."""

    def __init__(self, folder: Path, basis: Mapping[str, Any]) -> None:
        text = json.dumps(basis, sort_keys=True)
        self.name = blake2b(text.encode(), digest_size=16).hexdigest()
        self.path = folder / f"{self.name}.jsonl"
        self.done: dict[str, TrialFigures] = {}
        self._basis = text

    def __enter__(self) -> TrialStore:
        """Raises SearchRunning."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            self._file.close()
            raise SearchRunning(
                f"{self.path}: another search of the same candles and settings is under way"
            ) from problem
        self._read()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, found: Iterable[tuple[str, TrialFigures]]) -> None:
        """Keep what was tried; it is on the disk when this returns."""
        lines = []
        for key, figures in found:
            self.done[key] = figures
            lines.append(_line([key, figures.as_json()]))
        self._append(b"".join(lines))

    def _read(self) -> None:
        """Take in what is whole; a torn end is cut off, a file of another basis begun anew."""
        self._file.seek(0)
        basis, *lines = self._file.read().split(b"\n")
        if basis != self._basis.encode() or not lines:
            self._file.truncate(0)
            self._append(self._basis.encode() + b"\n")
            return
        if torn := len(lines[-1]):
            self._file.truncate(os.fstat(self._file.fileno()).st_size - torn)
        for line in lines[:-1]:
            try:
                key, told = json.loads(line)
                self.done[key] = TrialFigures.from_json(told)
            except (ValueError, TypeError):
                continue  # spoiled by somebody else: as good as not tried

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        os.fsync(self._file.fileno())


def _line(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode() + b"\n"

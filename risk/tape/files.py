"""The files of one worker's tape on the disk: `DATA_DIR/tape/<worker>/<number>-<hour>.tape`, written by it alone.

A file is only ever appended to, block by block, each on the disk before its row says so. What could not be written
whole is cut off again before the next one, or by whoever starts next.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.conf import settings

FOLDER = "tape"
ENDING = ".tape"


def root() -> Path:
    return Path(settings.ENVIRONMENT.DATA_DIR).resolve() / FOLDER


def folder_of(worker: str) -> str:
    """A worker's folder below the root, whatever it is called."""
    return quote(worker, safe="") or "_"


def name_of(worker: str, number: int, hour: str) -> str:
    return f"{folder_of(worker)}/{number:08d}-{hour}{ENDING}"


def numbered(worker: str, number: int) -> Path | None:
    """The file of this number, if there is one."""
    return next(iter((root() / folder_of(worker)).glob(f"{number:08d}-*{ENDING}")), None)


class AlreadyWritten(Exception):
    """Another process has this worker's name and writes its tape."""


def locked(worker: str) -> IO[bytes]:
    """The right to write this worker's tape, until it is closed. Raises AlreadyWritten, or OSError."""
    folder = root() / folder_of(worker)
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        lock.close()
        raise AlreadyWritten(worker) from problem
    return lock


class GrowingFile:
    """One file that is being appended to."""

    def __init__(self, path: Path, first: bytes) -> None:
        """A new file with these bytes. Raises OSError; nothing of it counts then."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o640)
        self.length, self._torn = 0, False
        try:
            self.append(first)
        except OSError:
            self.close()
            raise

    @property
    def is_gone(self) -> bool:
        """Somebody has taken the file away: what is appended would be lost with it."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append(self, data: bytes) -> None:
        """All of it, on the disk. Raises OSError; then nothing of it counts."""
        if self._torn:
            os.ftruncate(self._descriptor, self.length)
        self._torn, left = True, memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fsync(self._descriptor)
        self._torn = False
        self.length += len(data)

    def close(self) -> None:
        os.close(self._descriptor)

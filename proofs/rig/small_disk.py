"""A disk that can be filled without harm: a tmpfs of its own, where root may mount one."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BALLAST = "ballast"
CHUNK = 1 << 20


@contextmanager
def small_disk(place: Path, mib: int) -> Iterator[bool]:
    """For the length of the block the folder `place` is an empty disk of that size; False where none can be mounted."""
    mode = stat.S_IMODE(place.stat().st_mode)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode={mode:o}", "cdb-disk", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not a byte is left on the disk within the block."""
    ballast = disk / BALLAST
    try:
        with ballast.open("wb") as file:
            for size in (CHUNK, 1):
                _fill(file.fileno(), size)
        yield
    finally:
        ballast.unlink(missing_ok=True)


def _fill(descriptor: int, size: int) -> None:
    piece = bytes(size)
    while True:
        try:
            os.write(descriptor, piece)
        except OSError as problem:
            if problem.errno == errno.ENOSPC:
                return
            raise

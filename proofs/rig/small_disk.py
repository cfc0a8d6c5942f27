"""A disk that can be filled without harm: a tmpfs of its own, where root may mount one."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

BALLAST = "ballast"
CHUNK = 1 << 20


@contextmanager
def small_disk(mib: int) -> Iterator[Path | None]:
    """An empty folder on a disk of that size, gone with the block; None where none can be mounted."""
    with TemporaryDirectory(prefix="cdb-disk-") as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=711", "cdb-disk", name]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
            yield None
            return
        Path(name).chmod(0o711)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


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

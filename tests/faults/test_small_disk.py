"""The disk that a fault run fills."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from proofs.rig.small_disk import full, small_disk


def test_a_full_disk_takes_not_a_byte_and_is_itself_again_afterwards(tmp_path: Path) -> None:
    with small_disk(tmp_path, 4) as mounted:
        if not mounted:
            pytest.skip("only root can mount a disk of its own")
        with full(tmp_path), pytest.raises(OSError) as met:
            (tmp_path / "name").write_bytes(b"x")
        (tmp_path / "name").write_bytes(b"x" * 1_000_000)

    assert met.value.errno == errno.ENOSPC
    assert (list(tmp_path.iterdir()), tmp_path.is_mount()) == ([], False)

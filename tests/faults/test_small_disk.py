"""The disk that a fault run fills."""

from __future__ import annotations

import errno

import pytest

from proofs.rig.small_disk import full, small_disk


def test_a_full_disk_takes_not_a_byte_and_is_itself_again_afterwards() -> None:
    with small_disk(4) as disk:
        if disk is None:
            pytest.skip("only root can mount a disk of its own")
        with full(disk), pytest.raises(OSError) as met:
            (disk / "name").write_bytes(b"x")
        (disk / "name").write_bytes(b"x" * 1_000_000)

    assert met.value.errno == errno.ENOSPC
    assert not disk.exists()

"""The replayed account against the slow one: the same decisions, fills, trips and equity on unkind markets."""

from __future__ import annotations

import pytest

from proofs.slow_replay.comparing import differences
from proofs.slow_replay.markets import drawn


@pytest.mark.parametrize("seed", range(24))
def test_the_fast_replay_decides_what_the_slow_one_does(seed: int) -> None:
    grid, settings = drawn(seed)

    assert differences(grid, settings) == []

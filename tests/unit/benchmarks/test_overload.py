"""What an overload must leave behind: a system as fast as before, and an answer to every signal."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.overload import judge
from proofs.rig.waiting import Unmet


def figures(**changed: Any) -> dict[str, Any]:
    before, after = {"p50": 60.0, "p99": 200.0}, {"p50": 80.0, "p99": 900.0}
    return {"before_ms": before, "after_ms": after, "decisions": {}, "undecided": 0, "open": 0} | changed


def test_a_system_as_fast_as_before_with_every_signal_answered_passes() -> None:
    judge(figures())


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"after_ms": {"p50": 121.0, "p99": 900.0}}, "121.0 ms to the fill 10 s after it, 60.0 ms before"),
        ({"after_ms": None}, "too little was filled"),
        ({"undecided": 3}, "without an answer: {'undecided': 3}"),
        ({"open": 1}, "without an answer: {'open': 1}"),
    ],
)
def test_what_an_overload_left_behind_is_told(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unmet, match=sentence):
        judge(figures(**changed))

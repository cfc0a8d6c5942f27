"""The decorator of loops: the same result with numba, without it, and where nothing can be kept."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from replay.rules import compiled as module
from replay.rules.compiled import plain


def ascending(limit: int) -> int:
    total = 0
    for number in range(limit):
        total += number
    return total


def test_without_numba_a_function_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "numba", None)

    assert module.compiled(ascending) is ascending
    assert plain(ascending) is ascending


def test_the_module_loads_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)

    try:
        assert not importlib.reload(module).COMPILES
    finally:
        monkeypatch.undo()
        importlib.reload(module)


def test_with_numba_it_is_compiled_and_says_the_same() -> None:
    pytest.importorskip("numba")
    fast = module.compiled(ascending)

    assert fast is not ascending
    assert plain(fast) is ascending
    assert fast(1000) == ascending(1000) == 499_500


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same() -> None:
    pytest.importorskip("numba")
    # made of a text, a function has no file beside which its compiled code could lie
    names: dict[str, object] = {}
    exec("def doubled(values):\n    return values * 2\n", names)  # noqa: S102

    fast = module.compiled(names["doubled"])  # type: ignore[arg-type]

    assert plain(fast) is names["doubled"]
    assert fast(np.array([1, 2])).tolist() == [2, 4]

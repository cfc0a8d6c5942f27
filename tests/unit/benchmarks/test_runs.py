"""After a run of the bench the books are checked; what they do not bear out is no figure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import runs
from proofs.rig.waiting import Unmet


class Checked:
    """A system whose commands end with these codes."""

    def __init__(self, **codes: int) -> None:
        self.codes, self.ran = codes, list[str]()

    def manage(self, command: str, *_: str) -> Any:
        self.ran.append(command)
        return SimpleNamespace(returncode=self.codes.get(command, 0), stdout="I2 CASH", stderr="")


def test_figures_of_clean_books_are_told() -> None:
    system = Checked()

    assert runs._clean(system, {"rate": 20}) == {"rate": 20}  # type: ignore[arg-type]
    assert system.ran == ["audit_books", "rebuild_books"]


@pytest.mark.parametrize("command", ["audit_books", "rebuild_books"])
def test_figures_of_books_that_differ_are_refused(command: str) -> None:
    with pytest.raises(Unmet, match=f"{command} found something wrong: I2 CASH"):
        runs._clean(Checked(**{command: 1}), {"rate": 20})  # type: ignore[arg-type]

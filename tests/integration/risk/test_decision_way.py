"""The way of a batch through the house is the one that `risk/operations.py` opens with."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from cdb_site.clock import Clock
from risk import operations
from risk.decision.requests import from_signal
from tests.builders import PAPER, make_marks, open_paper_account, plant_instrument, plant_signal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CHECKOUT = Path(operations.__file__).parents[1]
HOME = "risk/operations.py"
DECIDE = "risk/rules/decide.py"  # asked for nothing here: a ruling says whether it approved


def test_a_batch_goes_the_way_that_is_written_above_it() -> None:
    plant_instrument()
    open_paper_account()
    request = from_signal(plant_signal())

    with called_from(HOME) as called:
        operations.decide_batch(PAPER, [request], marks=make_marks(), clock=Clock())

    written = re.findall(r"`([\w/]+\.py)`", operations.__doc__ or "")
    assert [name for name in called if name != DECIDE] == written
    assert len(written) <= 8


@contextmanager
def called_from(home: str) -> Iterator[list[str]]:
    """The house's modules that functions of `home` call, in the order of the first call; cdb_site is not counted."""
    called: list[str] = []

    def hear(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_back and module_of(frame.f_back) == home:
            name = module_of(frame)
            if name and name != home and not name.startswith("cdb_site/") and name not in called:
                called.append(name)

    sys.setprofile(hear)
    try:
        yield called
    finally:
        sys.setprofile(None)


def module_of(frame: FrameType) -> str:
    """A frame's file below the checkout; empty for everything that is not ours."""
    path = Path(frame.f_code.co_filename)
    inside = path.is_relative_to(CHECKOUT) and ".venv" not in path.parts
    return path.relative_to(CHECKOUT).as_posix() if inside else ""

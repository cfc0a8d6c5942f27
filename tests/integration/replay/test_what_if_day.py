"""A real day with other limits: the same ones change nothing, tighter ones do, and what cannot be played is named."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command

from replay.days.asking import Unplayable, limits_of, what_if
from tests.builders import PAPER
from tests.integration.replay.day_house import eventful, today
from tests.integration.replay.day_house import house as _house
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
house = _house


def test_a_real_day_with_its_own_limits_changes_nothing(house: House) -> None:
    eventful(house)

    found = what_if(PAPER, today(house), {})

    assert (found.changed, found.gone, found.new) == (0, 0, 0)
    assert found.recorded == found.other
    assert found.recorded.orders == 4


def test_a_real_day_with_tighter_limits_is_another_one(house: House) -> None:
    eventful(house)

    found = what_if(PAPER, today(house), limits_of(["MAX_POSITION_PCT=0.02"]))

    assert found.changed > 0 and found.modelled > 0
    assert found.first is not None and found.first.kind == "SIGNAL" and found.first.side == "BUY"
    assert found.other.pnl != found.recorded.pnl


@pytest.mark.parametrize(("wish", "named"), [
    ("NONSENSE=1", "NONSENSE is no limit; there are MAX_"),
    ("MAX_POSITION_PCT=5", "MAX_POSITION_PCT=5"),
    ("MAX_POSITION_PCT", "is not of the form NAME=VALUE"),
    ("THRESHOLD=0.01", "THRESHOLD is no limit"),
])  # fmt: skip
def test_a_wish_that_cannot_be_played_is_named(wish: str, named: str) -> None:
    with pytest.raises(Unplayable, match=named):
        limits_of([wish])


def test_a_day_without_decisions_says_which_days_have_some(house: House) -> None:
    with pytest.raises(Unplayable, match="has no decision yet"):
        what_if(PAPER, today(house), {})
    eventful(house)
    with pytest.raises(Unplayable, match=f"choose a day from {today(house)}"):
        what_if(PAPER, date(2020, 1, 1), {})
    with pytest.raises(Unplayable, match="has not begun"):
        what_if(PAPER, date(2100, 1, 1), {}, today=today(house))


def test_the_command_tells_both_sides_and_ends_with_json(house: House) -> None:
    eventful(house)
    out = io.StringIO()

    call_command("what_if", day="today", limit=["max_position_pct=0.02"], stdout=out)

    lines = out.getvalue().splitlines()
    told: dict[str, Any] = json.loads(lines[-1])
    assert told["changed"] > 0 and told["first"]["side"] == "BUY"
    assert any(line.startswith("first: ") for line in lines)

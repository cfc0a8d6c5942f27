"""Days that were never traded, and limits that are said twice: what both commands of a recorded day say to them."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.integration.replay.day_house import eventful
from tests.integration.replay.day_house import house as _house
from tests.integration.risk.house import House

pytestmark = pytest.mark.django_db(transaction=True)
house = _house


@pytest.mark.parametrize("day", ["yesterday", "2020-01-01"])
def test_a_day_before_the_account_is_one_without_decisions(house: House, day: str) -> None:
    out = io.StringIO()

    call_command("verify_day", day=day, stdout=out)

    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["decisions"], told["different"], told["holes"]) == (0, 0, 0)


@pytest.mark.parametrize("command", ["verify_day", "what_if"])
def test_a_day_before_all_accounts_is_no_day(house: House, command: str) -> None:
    with pytest.raises(CommandError, match="'0001-01-01' is no day"):
        call_command(command, day="0001-01-01")


def test_a_limit_that_is_named_twice_is_refused(house: House) -> None:
    eventful(house)
    with pytest.raises(CommandError, match="STOP_LOSS_PCT is named twice"):
        call_command("what_if", day="today", limit=["STOP_LOSS_PCT=0.01", "STOP_LOSS_PCT=0.02"])

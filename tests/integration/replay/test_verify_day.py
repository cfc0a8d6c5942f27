"""A day that the services really decided and booked comes out of its rows again; what is altered there is named."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from risk.models import Decision
from tests.integration.replay.day_house import altered, eventful, verified
from tests.integration.replay.day_house import house as _house
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
house = _house


def test_an_eventful_day_comes_out_of_its_rows_again(house: House) -> None:
    eventful(house)

    found = verified(house)

    assert found.first == ""
    assert (found.different, found.holes, found.not_recorded) == (0, 0, 0)
    assert found.decisions == Decision.objects.count() >= 8
    assert found.fills == 4


# What comes of an order, a signal or a ledger entry is told first.
NAMED_FIRST = {"order": "fill", "signal": "decision", "ledger_entry": "fill"}
BOUGHT = "side = 'BUY' AND outcome = 'APPROVED'"


@pytest.mark.parametrize(("table", "change", "where", "named"), [
    ("decision", "quantity = quantity + 1", BOUGHT, ": quantity is"),
    ("decision", "outcome = 'TRIMMED'", BOUGHT, "outcome is TRIMMED, again APPROVED"),
    ("decision", "reason_code = 'STOP_APPROVED'", BOUGHT, "reason_code is"),
    ("decision", "inputs = inputs || '{\"equity\": \"10001\"}'", BOUGHT, "inputs.equity is 10001"),
    ("decision", "inputs = inputs || '{\"breakers\": [\"JUMP\"]}'", BOUGHT, "inputs.breakers is"),
    ("decision", "inputs = inputs || '{\"paused\": true}'", BOUGHT, "inputs.paused is True, again False"),
    ("decision", "layers = '[]'", BOUGHT, "layers is"),
    ("decision", "exposure_before = exposure_before + 1", BOUGHT, "exposure_before is"),
    ("decision", "marks = '{\"BBBUSDT\": \"7\"}'", "kind = 'HALT'", "inputs.equity is"),
    ("order", "limit_price = limit_price + 1", "side = 'BUY'", ": limit_price is 102"),
    ("fill", "price = price + 1", "side = 'BUY'", ": price is 101"),
    ("fill", "realized_pnl = realized_pnl + 1", "side = 'SELL'", ": realized_pnl is"),
    ("ledger_entry", "amount = amount + 1, inventory = inventory - 1", "kind = 'TRADE'", "cash is"),
    ("signal", "strength = 0.5", "side = 'BUY'", "inputs.strength is"),
])  # fmt: skip
def test_what_is_altered_is_found_and_named(house: House, table: str, change: str, where: str, named: str) -> None:
    eventful(house)
    altered(table, change, where)

    found = verified(house)

    assert found.different >= 1
    assert found.first.startswith(f"{NAMED_FIRST.get(table, table)} ")
    assert named in found.first


def test_a_decision_that_was_taken_out_is_missed(house: House) -> None:
    eventful(house)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM decision WHERE number = 3")
        cursor.execute("SET session_replication_role = origin")

    assert "number is 4, again 3: what was decided between is missing" in verified(house).first


LOOKED = ("number", "look", "marks", "account_version", "market_now")


def test_a_decision_stored_without_its_look_is_not_taken_as_equal(house: House) -> None:
    eventful(house)
    altered("decision", f"{', '.join(f'{name} = NULL' for name in LOOKED)}", "number = 1")

    found = verified(house)

    assert (found.not_recorded, found.decisions) == (1, Decision.objects.count() - 1)


def test_the_command_says_what_differs_and_fails(house: House) -> None:
    eventful(house)
    out = io.StringIO()
    call_command("verify_day", day="today", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["different"] == 0

    altered("decision", "quantity = quantity + 1", BOUGHT)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 rows come out otherwise"):
        call_command("verify_day", day="today", stdout=out)
    first, *_, last = out.getvalue().splitlines()
    assert first.startswith("decision ") and ": quantity is" in first
    assert json.loads(last)["different"] == 1


def test_a_day_that_is_to_come_and_an_account_that_is_not_there_are_refused(house: House) -> None:
    with pytest.raises(CommandError, match="has not begun"):
        call_command("verify_day", day="2100-01-01")
    with pytest.raises(CommandError, match="'nobody' was never opened"):
        call_command("verify_day", day="today", account="nobody")

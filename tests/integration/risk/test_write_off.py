"""A position that can be sold no more is written off: out of the books, which stay provable."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

import execution.claims
import execution.queries
from cdb_site.alerts.models import Alert
from cdb_site.clock import Clock
from execution import rebuild
from execution.models import Account, LedgerEntry
from execution.operations import Refused
from risk import audit
from risk.exits.write_off import write_off
from risk.models import Decision
from tests.builders import PAPER, trade
from tests.integration.risk.exit_house import (
    OTHER,
    delisted,
    endings,
    held,
    quoted_house,
    sells,
)
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return quoted_house(tmp_path, monkeypatch)


def test_a_written_off_position_leaves_the_books_and_they_stay_provable(house: House) -> None:
    delisted(house)
    cash = Account.objects.get().cash

    booking = write_off(PAPER, OTHER, by="anna", reason="delisted", marks=house.marks, clock=house.clock)

    # 10 units bought at 100 for 1,000: all of it is lost, and no cash moves
    assert booking.realized_pnl == -1000
    assert execution.queries.open_positions(PAPER) == {}
    assert Account.objects.get().cash == cash
    assert LedgerEntry.objects.get(kind="WRITE_OFF").amount == 0
    decision = Decision.objects.get(reason_code="POSITION_WRITTEN_OFF")
    assert (decision.params["by"], decision.params["reason"]) == ("anna", "delisted")
    assert Alert.objects.get(code="EXIT_GIVEN_UP").state == "CLOSED"
    assert rebuild.differences(PAPER) == []
    written = {str(decision.decision_id)}
    assert [found for found in audit.violations(grace_s=0) if any(name in found.row for name in written)] == []
    assert not {"FILL_NOT_IN_LEDGER", "POSITION_IS_NOT_THE_FILLS", "PROFIT_IS_NOT_THE_FILLS"} & {
        found.code for found in audit.violations(grace_s=0)
    }


def test_a_write_off_cancels_an_exit_that_waits_for_a_quote(house: House) -> None:
    trade(house.desk, "buy 10 @ 100")
    house.ask_for("SELL")

    write_off(PAPER, "AAAUSDT", by="anna", reason="delisted", marks=house.marks, clock=house.clock)

    assert sells() == [("CANCELED", "WRITTEN_OFF"), ("FILLED", "WRITTEN_OFF")]
    assert endings() == [("AAAUSDT", "WRITTEN_OFF")]


def test_what_is_at_a_venue_is_not_written_off(house: House) -> None:
    trade(house.desk, "buy 10 @ 100")
    decision = house.ask_for("SELL")
    execution.claims.claim(PAPER, [str(decision.order_id)], clock=CLOCK, causes={})

    with pytest.raises(Refused, match="is open"):
        write_off(PAPER, "AAAUSDT", by="anna", reason="delisted", marks=house.marks, clock=house.clock)

    assert held() == 10


def test_the_command_writes_off_what_is_held_and_nothing_else(house: House) -> None:
    trade(house.desk, "buy 10 @ 100")

    with pytest.raises(CommandError, match="CCCUSDT is not held"):
        call_command("write_off", "CCCUSDT", "--reason", "delisted", "--yes")
    call_command("write_off", "aaausdt", "--reason", "delisted", "--by", "anna", "--yes")

    assert held() == 0

"""A new start of the paper account: only halted and flat, its books kept as entries."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

import execution.gate
from cdb_site.clock import Clock
from execution import payments
from execution.gate import Owner
from execution.models import Account, AccountReset, LedgerEntry
from execution.operations import Refused
from execution.queries import trading_state
from execution.resetting import reset_account
from risk import audit
from risk.loss_baselines import read as read_levels
from risk.models import Breaker
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def _account() -> None:
    plant_instrument(taker_fee=Decimal(0))
    open_paper_account()


def lose(folder: Path) -> None:
    """600 of 10,000 are lost and nothing is held."""
    trade(make_desk(folder=folder), "buy 10 @ 100; sell 10 @ 40")


def halt() -> None:
    execution.gate.halt(PAPER, by="risk", reason="daily loss", owner=Owner.LOSS)


def begin_anew(**changes: str) -> AccountReset:
    values = {"by": "anna", "reason": "next try"} | changes
    return reset_account(PAPER, deposit=Decimal(5000), clock=Clock(), **values)


def test_a_new_start_is_a_withdrawal_and_a_deposit_in_the_ledger(tmp_path: Path) -> None:
    lose(tmp_path)
    halt()
    entries = LedgerEntry.objects.count()

    row = begin_anew()

    assert (row.withdrawn, row.deposited, row.reset_by, row.reason) == (9400, 5000, "anna", "next try")
    assert Account.objects.get().cash == 5000
    newest = LedgerEntry.objects.order_by("id").values_list("kind", "amount")[entries:]
    assert list(newest) == [("WITHDRAWAL", -9400), ("DEPOSIT", 5000)]
    assert {item.code for item in audit.violations(grace_s=0)} <= {"ORDER_WITHOUT_APPROVAL"}


def test_the_days_loss_counts_from_the_new_start(tmp_path: Path) -> None:
    lose(tmp_path)
    halt()
    assert read_levels(PAPER, Clock().market_now()).opening == 10_000

    begin_anew()

    levels = read_levels(PAPER, Clock().market_now())
    assert (levels.opening, levels.peak) == (5000, None)


def test_what_is_paid_in_after_a_new_start_is_no_gain_of_the_day() -> None:
    halt()
    begin_anew()

    payments.deposit(PAPER, amount=Decimal(100), by="anna", reason="more", clock=Clock())

    assert read_levels(PAPER, Clock().market_now()).opening == 5100


def test_an_account_that_trades_does_not_begin_anew() -> None:
    with pytest.raises(Refused, match="halt_trading"):
        begin_anew()


def test_an_account_that_holds_something_does_not_begin_anew(tmp_path: Path) -> None:
    trade(make_desk(folder=tmp_path), "buy 1 @ 100")
    halt()

    with pytest.raises(Refused, match="AAAUSDT is held"):
        begin_anew()


def test_an_account_with_an_open_order_does_not_begin_anew() -> None:
    plant_order()
    halt()

    with pytest.raises(Refused, match="orders are open"):
        begin_anew()


def test_a_new_start_says_who_and_why() -> None:
    halt()

    with pytest.raises(Refused, match="needs a reason"):
        begin_anew(reason=" ")
    assert not AccountReset.objects.exists()


def test_the_command_and_a_release_bring_a_lost_day_back(tmp_path: Path) -> None:
    lose(tmp_path)
    halt()
    Breaker.objects.create(
        account=PAPER,
        kind="DRAWDOWN",
        occurred_at=Clock().market_now(),
        observed="0.06",
        limit="0.05",
        limits_version=1,
    )
    with pytest.raises(CommandError, match=r"6\.00 %"):
        call_command("resume_trading", "--reason", "again", stdout=StringIO())
    said = StringIO()

    call_command("reset_account", "--reason", "again", "--cash", "10000", "--yes", stdout=said)
    call_command("resume_trading", "--reason", "again", stdout=said)

    assert said.getvalue().splitlines()[0] == "DRAWDOWN is released"
    assert said.getvalue().splitlines()[1].startswith("the paper account begins anew with 10000, 9400 were withdrawn;")
    assert trading_state(PAPER) == "ACTIVE"

"""The gate in front of every venue: engaged at once, latched, released only with a reason."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cdb_site.alerts.models import Alert
from cdb_site.clock import Clock
from execution import gate, operations, queries
from execution.models import Order, TradingStateChange
from risk import operations as risk
from risk.decision.requests import from_signal
from risk.models import Decision
from tests.builders import PAPER, make_desk, make_marks, open_paper_account, plant_instrument, plant_signal

pytestmark = pytest.mark.django_db(transaction=True)
CLOCK = Clock()


@pytest.fixture(autouse=True)
def _market(valkey: Any) -> None:
    plant_instrument()
    open_paper_account()


def decide(*, side: str = "BUY") -> Decision:
    request = from_signal(plant_signal(side=side))
    risk.decide_batch(PAPER, [request], marks=make_marks(), clock=CLOCK)
    return Decision.objects.get(decision_id=request.decision_id)


def run(command: str, *arguments: str) -> str:
    said = StringIO()
    call_command(command, *arguments, stdout=said)
    return said.getvalue()


def test_a_halt_rejects_entries_and_lets_exits_go(tmp_path: Any) -> None:
    make_desk(folder=tmp_path).execute([str(decide().order_id)])
    gate.halt(PAPER, by="anna", reason="drill")

    entry, exit_ = decide(), decide(side="SELL")

    assert (entry.outcome, entry.reason_code) == ("REJECTED", "TRADING_HALTED")
    assert (exit_.outcome, exit_.trading_state) == ("APPROVED", "HALTED")


def test_an_entry_decided_before_the_halt_is_canceled_and_never_sent(tmp_path: Any) -> None:
    desk = make_desk(folder=tmp_path)
    decision = decide()
    gate.halt(PAPER, by="anna", reason="drill")

    assert desk.execute([str(decision.order_id)]) == 0

    assert Order.objects.get().state == "CANCELED"
    assert (tmp_path / "venue.jsonl").read_bytes() == b""


def test_a_halt_raises_an_alert_and_a_release_closes_it() -> None:
    gate.halt(PAPER, by="anna", reason="drill")
    raised = Alert.objects.get()
    gate.set_trading_state(PAPER, "ACTIVE", by="anna", reason="drill is over")

    assert (raised.code, raised.level, raised.params["by"]) == ("TRADING_HALTED", "CRITICAL", "anna")
    assert Alert.objects.get().state == "CLOSED"


def test_halting_twice_is_one_change() -> None:
    assert gate.halt(PAPER, by="anna", reason="drill")
    assert not gate.halt(PAPER, by="bert", reason="drill too")
    assert TradingStateChange.objects.filter(state="HALTED").count() == 1


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_release_needs_a_reason(reason: str) -> None:
    gate.halt(PAPER, by="anna", reason="drill")

    with pytest.raises(operations.Refused, match="a release needs a reason"):
        gate.set_trading_state(PAPER, "ACTIVE", by="anna", reason=reason)

    assert queries.trading_state(PAPER) == "HALTED"


def test_no_history_means_halted() -> None:
    assert queries.trading_state("nobody") == "HALTED"


def test_the_newest_change_is_the_state() -> None:
    for state in ("REDUCING", "HALTED", "ACTIVE", "REDUCING"):
        gate.set_trading_state(PAPER, state, by="anna", reason="drill")

    assert queries.trading_state(PAPER) == "REDUCING"


def test_the_commands_halt_and_resume() -> None:
    assert run("halt_trading", "--reason", "drill", "--by", "anna") == "trading is HALTED\n"
    assert run("halt_trading") == "trading is HALTED (as before)\n"
    assert run("resume_trading", "--reason", "drill is over", "--by", "anna") == "trading is ACTIVE\n"
    assert queries.trading_state(PAPER) == "ACTIVE"


def test_resuming_without_a_reason_is_refused() -> None:
    with pytest.raises(CommandError, match="--reason"):
        run("resume_trading")
    with pytest.raises(CommandError, match="say why trading may go on"):
        run("resume_trading", "--reason", " ")


def test_opening_the_account_twice_deposits_once() -> None:
    assert "was open already" in run("open_account")
    assert queries.account(PAPER).cash == 10000


def test_an_account_that_was_never_opened_is_named_with_its_remedy() -> None:
    with pytest.raises(LookupError, match=r"'nobody' was never opened; run `manage\.py open_account`"):
        queries.account("nobody")

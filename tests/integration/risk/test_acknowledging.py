"""What the audit found and an operator has looked at: shown, but it halts no more; what is new halts."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

import execution.gate
from cdb_site.alerts.models import Alert
from execution import queries
from execution.models import Order
from risk import audit
from risk.models import AuditRun, ViolationAcknowledgement
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
FEES = "FEES_ARE_NOT_THE_FILLS"


@pytest.fixture(autouse=True)
def _books() -> None:
    plant_instrument()
    open_paper_account()


def charge(amount: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE account SET fees = fees + %s::numeric", [amount])


def acknowledge(row: str = "account paper", code: str = FEES) -> str:
    said = StringIO()
    call_command("audit_books", "--acknowledge", code, row, "--reason", "seen", "--by", "anna", stdout=said)
    return said.getvalue()


def resume() -> None:
    call_command("resume_trading", "--reason", "understood", "--by", "anna", stdout=StringIO())


def test_an_acknowledged_violation_halts_no_more_and_stays_in_sight() -> None:
    charge("0.01")
    audit.run_and_store(PAPER)

    said = acknowledge()
    resume()
    audit.run_and_store(PAPER)

    assert queries.trading_state(PAPER) == "ACTIVE"
    assert "account paper" in said and "acknowledged by anna: seen" in said
    run = AuditRun.objects.first()
    assert run is not None and (run.violations, run.acknowledged) == (0, 1)
    assert Alert.objects.get(code="BOOKS_DIFFER").state == "CLOSED"


def test_without_an_acknowledgement_the_halt_is_not_released() -> None:
    charge("0.01")
    audit.run_and_store(PAPER)

    with pytest.raises(CommandError, match="--acknowledge CODE ROW"):
        resume()

    assert queries.trading_state(PAPER) == "HALTED"


def test_a_new_violation_halts_beside_an_acknowledged_one() -> None:
    charge("0.01")
    audit.run_and_store(PAPER)
    acknowledge()
    resume()

    with connection.cursor() as cursor:
        cursor.execute("UPDATE account SET realized_pnl = realized_pnl + 1")
    audit.run_and_store(PAPER)

    assert queries.trading_state(PAPER) == "HALTED"


def test_a_row_that_differs_otherwise_than_acknowledged_halts_again() -> None:
    charge("0.01")
    audit.run_and_store(PAPER)
    acknowledge()
    resume()

    charge("0.02")
    audit.run_and_store(PAPER)

    assert queries.trading_state(PAPER) == "HALTED"


def test_what_was_not_found_cannot_be_acknowledged() -> None:
    charge("0.01")

    with pytest.raises(CommandError, match=rf"no such violation.*{FEES} 'account paper'"):
        acknowledge("account other")

    assert not ViolationAcknowledgement.objects.exists()


def test_an_acknowledgement_needs_a_reason() -> None:
    charge("0.01")

    with pytest.raises(CommandError, match="--reason"):
        call_command("audit_books", "--acknowledge", FEES, "account paper")


def test_who_acknowledged_what_and_why_is_kept() -> None:
    charge("0.01")
    acknowledge()

    row = ViolationAcknowledgement.objects.get()

    assert (row.code, row.row, row.acknowledged_by, row.reason) == (FEES, "account paper", "anna", "seen")


def sent_entry(tmp_path: Path) -> str:
    entry = plant_order()
    make_desk(folder=tmp_path).execute([entry.order_id])
    return entry.order_id


def found(code: str = "ENTRY_WHILE_NOT_ACTIVE") -> list[str]:
    return [violation.row for violation in audit.violations(grace_s=0) if violation.code == code]


def test_a_step_of_the_clock_makes_no_violation_of_an_entry_claimed_before_a_halt(tmp_path: Any) -> None:
    sent_entry(tmp_path)
    execution.gate.halt(PAPER, by="anna", reason="storm")
    with connection.cursor() as cursor:  # as if the clock had stepped back 10 s between the claim and the halt
        cursor.execute("""UPDATE "order" SET claimed_at = claimed_at + interval '10 seconds'""")

    assert found() == []


def test_an_entry_claimed_after_a_halt_is_found_whatever_the_clock_said(tmp_path: Any) -> None:
    order_id = sent_entry(tmp_path)
    execution.gate.halt(PAPER, by="anna", reason="storm")
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE "order" SET gate_number = nextval(pg_get_serial_sequence('trading_state_change', 'id')),
               claimed_at = claimed_at - interval '1 hour'"""
        )

    assert found() == [f"order {order_id}"]


def test_an_entry_claimed_between_two_halts_is_found_by_the_owner_that_held(tmp_path: Any) -> None:
    execution.gate.halt(PAPER, owner="AUDIT", by="audit_books", reason="1 violation")
    execution.gate.halt(PAPER, by="anna", reason="storm")
    execution.gate.set_trading_state(PAPER, "ACTIVE", by="anna", reason="over")
    order_id = plant_order().order_id
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE "order" SET state = 'EXPIRED', reserved_notional = 0,
               gate_number = nextval(pg_get_serial_sequence('trading_state_change', 'id'))"""
        )
    execution.gate.set_trading_state(PAPER, "ACTIVE", owner="AUDIT", by="anna", reason="over")

    assert found() == [f"order {order_id}"]


def test_claims_and_changes_of_the_state_are_numbered_in_their_order(tmp_path: Any) -> None:
    before = execution.gate.halt(PAPER, by="anna", reason="storm")
    execution.gate.set_trading_state(PAPER, "ACTIVE", by="anna", reason="over")
    order_id = sent_entry(tmp_path)
    execution.gate.halt(PAPER, by="anna", reason="again")

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM trading_state_change ORDER BY id")
        *_, released, halted = [row[0] for row in cursor.fetchall()]
    number = Order.objects.get(order_id=order_id).gate_number
    assert before and number is not None and released < number < halted

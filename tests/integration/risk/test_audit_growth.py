"""The audit of three months of a busy account: a minute's run reads what is new, and a whole one ends in its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cdb_site import db
from cdb_site.alerts.models import Alert
from execution import queries
from execution.models import Order
from risk import audit, audit_marks, round_trips
from risk.models import AuditMark, AuditRun
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_signal, trade
from tests.integration.risk.test_audit import PLANTS, violate

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS, PAUSES = 60_000, 5_000
GROWN = ('"order"', "decision", "trading_state_change")
EXPIRED_ENTRIES = f"""
    INSERT INTO "order" (order_id, client_order_id, decision_id, account_id, symbol, kind, side, order_type,
      reduce_only, quantity, limit_price, decision_price, reserved_notional, filled_quantity, filled_notional, fee,
      realized_pnl, state, reason_code, venue, venue_order_id, version, occurred_at, claimed_at, closed_at, created_at)
    SELECT id, replace(id::text, '-', ''), id, 'paper',
      'AAAUSDT', 'SIGNAL', 'BUY', 'LIMIT_IOC', false, 1, 101, 100, 0, 0, 0, 0, 0,
      'EXPIRED', '', 'PAPER', '', 3, at, at, at, at
    FROM (SELECT gen_random_uuid() AS id, now() - interval '91 days' + (n + 0.5) * (interval '90 days' / {ORDERS}) AS at
          FROM generate_series(1, {ORDERS}) n) AS planted"""
THEIR_DECISIONS = """
    INSERT INTO decision (decision_id, kind, outcome, reason_code, params, account, symbol, side, episode_id, attempt,
      order_id, wanted_quantity, quantity, price, price_age_ms, trading_state, limits_version, max_price_age_ms, layers,
      inputs, occurred_at, decided_at)
    SELECT order_id, 'STOP', 'APPROVED', 'SYSTEM_DEAD_LETTER', '{}', 'paper', symbol, 'SELL', gen_random_uuid(), 1,
      order_id, quantity, quantity, 100, 1, 'ACTIVE', (SELECT max(version) FROM limit_version), 10000, '[]', '{}',
      occurred_at, created_at
    FROM "order" """
PAUSES_BETWEEN = f"""
    INSERT INTO trading_state_change (account_id, state, reason, changed_by, changed_at)
    SELECT 'paper', state, 'breaker', 'risk',
      now() - interval '91 days' + n * (interval '90 days' / {PAUSES}) + after * interval '10 milliseconds'
    FROM generate_series(1, {PAUSES}) n, (VALUES ('REDUCING', 0), ('ACTIVE', 1)) AS change (state, after)"""


@pytest.fixture
def _busy_books(valkey: Any) -> None:
    plant_instrument()
    open_paper_account()
    for statement in (EXPIRED_ENTRIES, THEIR_DECISIONS, PAUSES_BETWEEN, *(f"ANALYZE {table}" for table in GROWN)):
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.usefixtures("_busy_books")
def test_a_whole_run_of_a_busy_quarter_ends_and_the_next_reads_only_what_is_new() -> None:
    whole = audit.run_and_store(PAPER)

    assert (whole.missed, whole.violations) == ([], [])
    assert set(AuditRun.objects.get().checked) == set(audit.CODES)
    marks = audit_marks.known()
    for check in audit.CHECKS:
        for table in GROWN[:2]:
            assert f"Seq Scan on {table}" not in plan(check, marks[check.code]), check.code


def plan(check: audit_marks.Check | audit_marks.SumCheck, mark: AuditMark) -> str:
    """How PostgreSQL would run the check from its mark on."""
    parameters = audit_marks.parameters_of(mark, audit.GRACE_S, timezone.now())
    statements = [text for text in (check.statement(mark), check.sums) if text]
    return "\n".join(row[0] for text in statements for row in db.select(f"EXPLAIN {text}", parameters))


@pytest.fixture
def _small_books(valkey: Any, tmp_path: Path) -> None:
    plant_instrument()
    open_paper_account()
    trade(make_desk(folder=tmp_path), "buy 2 @ 100; sell 2 @ 104; buy 2 @ 100; sell 1 @ 110")
    round_trips.catch_up(PAPER)
    with connection.cursor() as cursor:
        cursor.execute(THEIR_DECISIONS)
    assert audit.look(grace_s=0, full=True).violations == []


@pytest.mark.usefixtures("_small_books")
@pytest.mark.parametrize(
    "code",
    [
        "CASH_IS_NOT_THE_LEDGER",
        "FEES_ARE_NOT_THE_FILLS",
        "PROFIT_IS_NOT_THE_FILLS",
        "POSITION_IS_NOT_THE_FILLS",
        "PAID_IN_IS_NOT_THE_LEDGER",
        "INVENTORY_IS_NOT_THE_POSITIONS",
        "TRIPS_ARE_NOT_THE_PROFIT",
    ],
)
def test_a_sum_that_is_carried_on_is_still_exact(code: str, tmp_path: Path) -> None:
    later(minutes=6)
    assert audit.look(grace_s=0, full=False).violations == []
    assert AuditMark.objects.get(code=code).after > 0, "the entries so far are carried as a sum"

    violate(PLANTS[code])

    # Another quantity is another entry value, too.
    also = {"INVENTORY_IS_NOT_THE_POSITIONS"} if code == "POSITION_IS_NOT_THE_FILLS" else set()
    assert {item.code for item in audit.look(grace_s=0, full=False).violations} == {code} | also


def later(*, minutes: int) -> None:
    """All that was written so far was written so many minutes ago."""
    age = f"interval '{minutes} minutes'"
    for table, columns in {
        "ledger_entry": ["recorded_at"],
        "fill": ["recorded_at"],
        '"order"': ["created_at", "claimed_at", "closed_at"],
        "decision": ["decided_at"],
        "round_trip": ["recorded_at"],
        "audit_mark": ["since"],
    }.items():
        violate(f"UPDATE {table} SET {', '.join(f'{name} = {name} - {age}' for name in columns)}")


@pytest.mark.usefixtures("_small_books")
def test_what_is_found_is_found_again_until_it_is_mended() -> None:
    violate("UPDATE \"order\" SET fee = fee + 0.01 WHERE side = 'SELL'")
    first = audit.look(grace_s=0, full=False).violations
    violate("UPDATE \"order\" SET claimed_at = claimed_at - interval '4 minutes', closed_at = claimed_at")

    again = audit.look(grace_s=0, full=False).violations

    assert first == again
    assert {item.code for item in again} == {"ORDER_IS_NOT_ITS_FILLS"}


@pytest.mark.usefixtures("_small_books")
def test_a_check_that_does_not_end_in_its_time_raises_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = audit_marks.Check(invariant="I1", code="SLOW", query="SELECT 'a', pg_sleep(5)::text")
    monkeypatch.setattr(audit, "CHECKS", (slow,))
    monkeypatch.setattr(audit, "FULL_CHECK_S", 0.05)

    checked = audit.run_and_store(PAPER)

    assert checked.missed == ["SLOW"]
    assert Alert.objects.get(code="AUDIT_INCOMPLETE").params == {"checks": "SLOW"}
    assert queries.trading_state(PAPER) == "ACTIVE", "not known is not wrong"
    assert not AuditRun.objects.get().full


@pytest.mark.usefixtures("_small_books")
def test_an_audit_that_finishes_again_closes_the_alert_of_the_one_that_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        slow = audit_marks.Check(invariant="I1", code="SLOW", query="SELECT 'a', pg_sleep(5)::text")
        patched.setattr(audit, "CHECKS", (slow,))
        patched.setattr(audit, "FULL_CHECK_S", 0.05)
        audit.run_and_store(PAPER)

    audit.run_and_store(PAPER)

    assert Alert.objects.get(code="AUDIT_INCOMPLETE").state == "CLOSED"


@pytest.mark.usefixtures("_small_books")
def test_everything_is_looked_at_once_a_day() -> None:
    for _ in range(2):
        audit.run_due(PAPER)
    AuditRun.objects.update(ran_at=datetime.now(UTC) - timedelta(hours=25))
    audit.run_due(PAPER)

    assert list(AuditRun.objects.order_by("id").values_list("full", flat=True)) == [True, False, True]


@pytest.mark.usefixtures("_small_books")
def test_a_mark_ahead_of_a_clock_that_was_set_back_hides_nothing() -> None:
    AuditMark.objects.update(since=datetime.now(UTC) + timedelta(hours=1))
    violate("UPDATE \"order\" SET quantity = quantity + 1, state = 'EXPIRED' WHERE side = 'BUY'")

    assert {item.code for item in audit.look(grace_s=0, full=False).violations} == {"ORDER_EXCEEDS_DECISION"}
    assert Order.objects.count() == 4


def test_a_signal_left_undecided_is_found_by_a_minutes_run(valkey: Any) -> None:
    plant_instrument()
    open_paper_account()
    audit.look(grace_s=120, full=True)
    plant_signal()
    violate("UPDATE signal SET created_at = created_at - interval '121 seconds'")

    assert [item.code for item in audit.look(grace_s=120, full=False).violations] == ["SIGNAL_UNDECIDED"]

"""The audit of the books: silent on clean books, and each check finds the violation planted for it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

import execution.gate
import execution.operations
from cdb_site.alerts.models import Alert
from cdb_site.clock import Clock
from execution import queries
from execution.models import Order, Position
from risk import audit, operations, round_trips
from risk.decision.requests import from_signal
from risk.models import AuditRun, Decision
from tests.builders import (
    PAPER,
    make_desk,
    make_marks,
    open_paper_account,
    plant_instrument,
    plant_order,
    plant_signal,
    trade,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _books(valkey: Any, tmp_path: Path) -> None:
    """One round trip and one open position, decided and filled."""
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    for side in ("BUY", "SELL", "BUY"):
        request = from_signal(plant_signal(side=side))
        operations.decide_batch(PAPER, [request], marks=make_marks(), clock=Clock())
        desk.execute([str(Decision.objects.get(decision_id=request.decision_id).order_id)])
    round_trips.catch_up(PAPER)


def violate(statement: str) -> None:
    """Run SQL that triggers and foreign keys would refuse."""
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {statement}; COMMIT")


def candle(low: str, high: str, *, volume: str = "1") -> str:
    """SQL that stores the candle in which every fill of the books was made."""
    return f"""INSERT INTO marketdata_candle (instrument_id, "interval", open_time, "open", high, low, "close", volume,
        quote_volume, source, revised, received_at)
        SELECT DISTINCT symbol, '1m', date_trunc('minute', executed_at), {low}, {high}, {low}, {high}, {volume}, 1,
        'WS', false, now() FROM fill"""


NOBODY = UUID(int=1)
BOTH_SIDES = """'[{"what": "USDT", "venue": "9900", "books": "10000", "difference": "-100"}]'"""
PLANTS = {
    "SIGNAL_UNDECIDED": "DELETE FROM decision WHERE order_id IN (SELECT order_id FROM fill ORDER BY fill_id LIMIT 1)",
    "DECISION_WITHOUT_SIGNAL": "DELETE FROM signal WHERE side = 'SELL'",
    "APPROVAL_WITHOUT_ORDER": f"""UPDATE "order" SET order_id = '{NOBODY}', decision_id = '{NOBODY}',
        client_order_id = '{NOBODY.hex}' WHERE side = 'SELL'""",
    "ORDER_WITHOUT_APPROVAL": f"UPDATE decision SET order_id = '{NOBODY}' WHERE side = 'SELL'",
    "ORDER_UNSETTLED": """UPDATE "order" SET state = 'UNKNOWN' WHERE side = 'SELL'""",
    "CASH_IS_NOT_THE_LEDGER": "UPDATE account SET cash = cash + 0.000000000000000001",
    "FEES_ARE_NOT_THE_FILLS": "UPDATE account SET fees = fees + 0.01",
    "PROFIT_IS_NOT_THE_FILLS": "UPDATE account SET realized_pnl = realized_pnl - 0.01",
    "PAID_IN_IS_NOT_THE_LEDGER": "UPDATE account SET paid_in = paid_in + 0.01",
    "FILL_NOT_IN_LEDGER": "DELETE FROM ledger_entry WHERE kind = 'FEE'",
    "LEDGER_WITHOUT_ITS_FILL": "UPDATE ledger_entry SET fill_id = fill_id + 1000000 WHERE kind = 'FEE'",
    "POSITION_IS_NOT_THE_FILLS": "UPDATE position SET quantity = quantity + 0.001",
    "INVENTORY_IS_NOT_THE_POSITIONS": "UPDATE position SET avg_entry_price = avg_entry_price + 0.000001",
    "ORDER_IS_NOT_ITS_FILLS": """UPDATE "order" SET fee = fee + 0.01 WHERE side = 'SELL'""",
    "TRIP_IS_NOT_ITS_FILLS": "UPDATE round_trip SET fees = fees + 0.01, net = net - 0.01",
    "TRIPS_ARE_NOT_THE_PROFIT": "UPDATE position SET realized_pnl = realized_pnl + 0.01",
    "VENUE_DIFFERS": f"""INSERT INTO reconciliation (account_id, venue, cause, result, read_to, trades_read,
        fills_booked, external_orders, differences, said, duration_ms)
        VALUES ('paper', 'MEXC', 'PERIODIC', 'DIFFERENT', now(), 0, 0, 0, {BOTH_SIDES}, '', 5)""",
    "EXTERNAL_IS_OURS": """INSERT INTO external_order (account_id, venue, venue_order_id, client_order_id, symbol, side,
        quantity, filled_quantity, open) SELECT account_id, 'MEXC', 'C02__1', client_order_id, symbol, side, 1, 0, false
        FROM "order" LIMIT 1""",
    "EXPOSURE_PAST_LIMIT": "UPDATE decision SET exposure_after = equity WHERE side = 'BUY'",
    "ORDER_EXCEEDS_DECISION": """UPDATE "order" SET quantity = quantity + 1, state = 'EXPIRED' WHERE side = 'BUY'""",
    "ENTRY_ON_STALE_PRICE": "UPDATE decision SET price_age_ms = 10001, max_price_age_ms = 20000",
    "EXIT_BLOCKED": """UPDATE decision SET outcome = 'REJECTED', reason_code = 'EXPOSURE_LIMIT_EXCEEDED', quantity = 0,
        order_id = NULL WHERE side = 'SELL'""",
    "FILL_OUTSIDE_ITS_MINUTE": candle("110", "120"),
    "ENTRY_WHILE_NOT_ACTIVE": "UPDATE trading_state_change SET state = 'HALTED'",
    "BREAKER_WHILE_ACTIVE": """
        INSERT INTO breaker (account, kind, symbol, occurred_at, observed, "limit", limits_version, context, cause,
            released_by, reason) VALUES ('paper', 'SILENCE', '', now(), 31, 30, 1, '{}', '', '', '')""",
    "HALT_NEVER_FLAT": """INSERT INTO close_out (account, cause, asked_by, reason, occurred_at, positions)
        VALUES ('paper', 'OPERATOR', 'anna', 'storm', now(), '[]')""",
    "DECISION_DIFFERS": "UPDATE decision SET inputs = jsonb_set(inputs, '{equity}', '\"20000\"') WHERE side = 'BUY'",
}


def test_clean_books_have_no_violation() -> None:
    assert Order.objects.filter(state="FILLED").count() == 3, "there must be something to audit"
    assert audit.violations(grace_s=0) == []


def test_every_check_has_its_planted_violation() -> None:
    assert set(audit.CODES) == set(PLANTS)


@pytest.mark.parametrize("code", PLANTS)
def test_a_planted_violation_is_found_and_names_its_row(code: str) -> None:
    violate(PLANTS[code])

    found = [violation for violation in audit.violations(grace_s=0) if violation.code == code]

    assert found
    assert all(violation.row.split()[1] and violation.detail for violation in found)
    assert found[0].invariant in ("I1", "I2", "I3", "I4", "I5", "I6")


def test_an_old_order_that_somebody_holds_is_no_violation_and_one_let_go_is() -> None:
    held = """UPDATE "order" SET state = 'SUBMITTED', created_at = now() - interval '1 hour',
        claimed_at = now() - interval '1 hour', leased_at = now() - interval '{held_s} s' WHERE side = 'SELL'"""

    violate(held.format(held_s=60))
    assert "ORDER_UNSETTLED" not in {violation.code for violation in audit.violations(grace_s=audit.GRACE_S)}

    violate(held.format(held_s=audit.GRACE_S + 1))
    assert "ORDER_UNSETTLED" in {violation.code for violation in audit.violations(grace_s=audit.GRACE_S)}


def test_a_difference_at_the_venue_is_none_any_more_when_a_later_look_was_even() -> None:
    violate(PLANTS["VENUE_DIFFERS"])
    violate(PLANTS["VENUE_DIFFERS"].replace("DIFFERENT", "EVEN").replace(BOTH_SIDES, "'[]'"))

    assert audit.violations(grace_s=0) == []


@pytest.mark.parametrize("books", ["ledger_entry", "fill"])
def test_what_names_an_account_that_is_not_its_orders_is_found(books: str) -> None:
    violate(f"UPDATE {books} SET account_id = 'nobody' WHERE fill_id = (SELECT max(fill_id) FROM fill)")

    codes = {violation.code for violation in audit.violations(grace_s=0)}

    assert {"LEDGER_WITHOUT_ITS_FILL"} <= codes
    assert codes & {"CASH_IS_NOT_THE_LEDGER", "FEES_ARE_NOT_THE_FILLS"}


@pytest.mark.parametrize(
    "legs",
    [
        "fees = fees + 0.01, inventory = inventory - 0.01 WHERE kind = 'FEE'",
        "realized = realized + 0.01, inventory = inventory - 0.01 WHERE kind = 'TRADE'",
        "units = units + 0.001 WHERE kind = 'TRADE'",
        "kind = 'WRITE_OFF', realized = realized + amount, amount = 0 WHERE kind = 'TRADE'",
    ],
    ids=["fees", "profit", "units", "a trade told as a write-off"],
)
def test_an_entry_that_balances_and_is_not_its_fills_is_found(legs: str) -> None:
    violate(f"UPDATE ledger_entry SET {legs}")

    assert "FILL_NOT_IN_LEDGER" in {violation.code for violation in audit.violations(grace_s=0)}


def test_what_is_held_at_another_entry_price_is_not_the_ledgers_even_by_a_millionth() -> None:
    violate("UPDATE position SET avg_entry_price = avg_entry_price * 1.000001")

    [found] = audit.violations(grace_s=0)

    assert (found.code, found.row) == ("INVENTORY_IS_NOT_THE_POSITIONS", "position AAAUSDT of paper")


THIN = """UPDATE fill SET price = 60, model = model || '{"depth": "1", "impact_bps": "1000"}' WHERE side = 'SELL'"""
UNKNOWN = """UPDATE fill SET price = 60, model = model || '{"depth": "1", "impact_bps": "1000", "depth_source": null,
    "quote_volume_24h": "0"}' WHERE side = 'SELL'"""
WALKED = """UPDATE fill SET price = 60, model = model || '{"kind": "WALK", "quote_volume_24h": null}'
    WHERE side = 'SELL'"""
ELSEWHERE = """UPDATE fill SET model = model || '{"bid": "60", "ask": "60.01"}' WHERE side = 'SELL'"""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (candle("99.99", "100"), 0),
        (candle("100.01", "100.01"), 0),
        (candle("110", "120", volume="0"), 0),
        (f"{THIN}; {candle('99.99', '100')}", 0),
        (f"{UNKNOWN}; {candle('99.99', '100')}", 1),
        (f"{WALKED}; {candle('99.99', '100')}", 0),
        (f"{WALKED}; {ELSEWHERE}; {candle('99.99', '100')}", 1),
    ],
    ids=[
        "inside",
        "outside by the spread",
        "of no deals",
        "by the impact of a known depth",
        "of an unknown depth",
        "by its way over the levels",
        "over levels of a book that was elsewhere",
    ],
)
def test_a_fill_may_lie_outside_its_minute_by_spread_and_stated_impact(statement: str, found: int) -> None:
    violate(statement)

    codes = [violation.code for violation in audit.violations(grace_s=0)]

    assert codes.count("FILL_OUTSIDE_ITS_MINUTE") == found


def test_a_fill_booked_twice_is_found() -> None:
    columns = "account_id, symbol, side, price, quantity, fee, fee_asset, realized_pnl, executed_at, model"
    violate(
        f"INSERT INTO fill (order_id, trade_id, {columns})"
        f" SELECT order_id, trade_id || 'x', {columns} FROM fill ORDER BY fill_id LIMIT 1"
    )

    codes = {violation.code for violation in audit.violations(grace_s=0)}

    assert {"FILL_NOT_IN_LEDGER", "POSITION_IS_NOT_THE_FILLS", "ORDER_IS_NOT_ITS_FILLS"} <= codes


def test_what_may_still_be_under_way_is_left_alone() -> None:
    plant_signal()

    assert audit.violations(grace_s=60) == []
    assert [violation.code for violation in audit.violations(grace_s=0)] == ["SIGNAL_UNDECIDED"]


def test_an_exit_that_waits_for_a_quote_is_no_violation() -> None:
    order = plant_order(side="SELL", symbol="BBBUSDT")

    codes = {v.code for v in audit.violations(grace_s=0) if order.order_id in v.row}

    assert codes == {"ORDER_WITHOUT_APPROVAL"}


def test_a_violation_halts_trading_raises_an_alert_and_ends_with_an_error() -> None:
    violate(PLANTS["FEES_ARE_NOT_THE_FILLS"])
    said = StringIO()

    with pytest.raises(CommandError, match="1 violations; trading is halted"):
        call_command("audit_books", stdout=said)

    assert said.getvalue().startswith("I2 FEES_ARE_NOT_THE_FILLS: account paper fees ")
    assert queries.trading_state(PAPER) == "HALTED"
    assert set(Alert.objects.values_list("code", flat=True)) >= {"BOOKS_DIFFER", "TRADING_HALTED"}
    assert AuditRun.objects.get().violations == 1


def test_a_clean_run_says_so_and_changes_nothing() -> None:
    said = StringIO()

    call_command("audit_books", "--grace", "0", stdout=said)

    assert said.getvalue() == f"ok: {len(audit.CODES)} checks, no violation\n"
    assert (queries.trading_state(PAPER), AuditRun.objects.get().violations) == ("ACTIVE", 0)


def test_once_mended_the_alert_is_closed_and_trading_stays_halted() -> None:
    violate(PLANTS["FEES_ARE_NOT_THE_FILLS"])
    audit.run_and_store(PAPER)
    violate("UPDATE account SET fees = fees - 0.01")

    assert audit.run_and_store(PAPER).violations == []
    assert Alert.objects.get(code="BOOKS_DIFFER").state == "CLOSED"
    assert queries.trading_state(PAPER) == "HALTED"
    assert not execution.gate.halt(PAPER, owner="AUDIT", by="test", reason="again")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE round_trip SET gross = gross + 0.01, net = net + 0.01",
        "UPDATE round_trip SET first_fill_id = first_fill_id - 1",
        "UPDATE fill SET fee = fee + 0.01 WHERE side = 'BUY'",
        "UPDATE fill SET quantity = quantity / 2 WHERE side = 'SELL'",
    ],
    ids=["profit", "beginning", "fee of a fill", "not flat at its end"],
)
def test_a_trip_that_is_not_its_fills_is_found(statement: str) -> None:
    violate(statement)

    assert "TRIP_IS_NOT_ITS_FILLS" in {violation.code for violation in audit.violations(grace_s=0)}


def test_a_trip_that_was_left_out_is_found_by_the_next_one_and_by_the_profit(tmp_path: Path) -> None:
    held = Position.objects.get().quantity
    trade(make_desk(folder=tmp_path), f"sell {held} @ 101; buy 1 @ 100; sell 1 @ 99")
    assert round_trips.catch_up(PAPER) == 2
    violate("DELETE FROM round_trip WHERE gross > 0")

    codes = {violation.code for violation in audit.violations(grace_s=0)}

    assert {"TRIP_IS_NOT_ITS_FILLS", "TRIPS_ARE_NOT_THE_PROFIT"} <= codes


def test_trips_that_are_not_written_yet_are_no_violation() -> None:
    violate("DELETE FROM round_trip; DELETE FROM round_trip_mark")

    assert audit.violations(grace_s=0) == []

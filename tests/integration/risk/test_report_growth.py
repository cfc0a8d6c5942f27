"""With 100,000 orders behind it a day's report reads that day, by the same few queries as on the first day."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cdb_site import db
from risk.loss_baselines import midnight_of
from risk.reports import day, period, writing
from risk.reports.queries import DECISIONS, FILLED, ORDERS, POINTS, SLIPPED
from tests.builders import PAPER
from tests.integration.risk.report_house import FIRST, SECOND, ReportHouse, first_day, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
ORDERS_BEHIND, DAYS = 100_000, 100
TABLES = ("order", "fill", "decision", "ledger_entry", "round_trip", "equity_snapshot", "signal")
# One day of the planted, and what lies beside it on the pages that are read with it.
A_DAY = 4 * ORDERS_BEHIND // DAYS
BEGUN = f"'{midnight_of(FIRST) - timedelta(days=DAYS):%Y-%m-%d}'::timestamptz"
AT = f"{BEGUN} + n * interval '{DAYS} days' / {ORDERS_BEHIND}"
NAME = "(lpad(to_hex(n), 8, '0') || '-0001-4000-8000-000000000000')::uuid"
FROM = f"FROM generate_series(1, {ORDERS_BEHIND}) n"
PLANTED = (
    "SET session_replication_role = replica",
    f"""INSERT INTO decision (decision_id, kind, outcome, reason_code, params, account, symbol, side, signal_id,
          attempt, order_id, wanted_quantity, quantity, price, price_age_ms, trading_state, limits_version,
          max_price_age_ms, layers, inputs, occurred_at)
        SELECT {NAME}, 'SIGNAL', 'APPROVED', 'SIGNAL_APPROVED', '{{}}', 'paper', 'AAAUSDT', 'BUY', {NAME}, 1, {NAME}, 1,
          1, 100, 1, 'ACTIVE', 1, 10000, '[]', '{{}}', {AT} {FROM}""",
    f"""INSERT INTO "order" (order_id, client_order_id, decision_id, account_id, symbol, kind, side, order_type,
          reduce_only, quantity, limit_price, decision_price, reserved_notional, filled_quantity, filled_notional, fee,
          realized_pnl, state, reason_code, venue, venue_order_id, version, occurred_at)
        SELECT {NAME}, replace({NAME}::text, '-', ''), {NAME}, 'paper', 'AAAUSDT', 'SIGNAL', 'BUY', 'LIMIT_IOC', false,
          1, 101, 100, 0, 1, 100, 0, 0, 'FILLED', '', 'PAPER', '', 3, {AT} {FROM}""",
    f"""INSERT INTO fill (order_id, trade_id, account_id, symbol, side, price, quantity, fee, fee_asset, realized_pnl,
          executed_at, model)
        SELECT {NAME}, 'trade ' || n, 'paper', 'AAAUSDT', 'BUY', 100, 1, 0, 'USDT', 0, {AT}, '{{}}' {FROM}""",
    """INSERT INTO ledger_entry (account_id, kind, amount, fill_id, occurred_at)
        SELECT 'paper', 'TRADE', 0, fill_id, executed_at FROM fill ON CONFLICT DO NOTHING""",
    f"""INSERT INTO round_trip (last_fill_id, first_fill_id, account, symbol, opened_at, closed_at, quantity,
          entry_notional, exit_notional, avg_entry_price, avg_exit_price, gross, fees, net, entry_decision_id,
          exit_decision_id, exit_reason)
        SELECT n * 2, n * 2 - 1, 'paper', 'AAAUSDT', {AT}, {AT}, 1, 1, 1, 1, 1, 1, 0, 1, {NAME},
          {NAME}, 'SIGNAL' {FROM}""",
    f"""INSERT INTO equity_snapshot (account, taken_at, equity, cash, exposure, booked)
        SELECT 'paper', {AT}, 10000, 10000, 0, (SELECT max(fill_id) FROM fill) {FROM}""",
    """INSERT INTO round_trip_mark (account, fill_id, trips, gross, fees)
        SELECT 'paper', max(fill_id), 0, 0, 0 FROM fill
        ON CONFLICT (account) DO UPDATE SET fill_id = excluded.fill_id""",
    f"""INSERT INTO daily_report (account, day, opening_equity, closing_equity, paid_in, result, realized_pnl, open_pnl,
          fees, slippage_cost, body)
        SELECT 'paper', ({BEGUN} AT TIME ZONE 'UTC')::date + n, 0, 0, 0, 0, 0, 0, 0, 0, '{{}}'
        FROM generate_series(0, {DAYS} - 1) n""",
    "SET session_replication_role = DEFAULT",
)


@pytest.fixture
def grown(tmp_path: Path) -> ReportHouse:
    house = opened(tmp_path)
    with connection.cursor() as cursor:
        for statement in PLANTED:
            cursor.execute(statement)
        # What autovacuum does every few seconds: the new pages are taken into the indexes of days.
        for table in TABLES:
            cursor.execute(f'VACUUM ANALYZE "{table}"')
    # Plans that a session made while the tables were empty are not what is judged here.
    connection.close()
    first_day(house)
    return house


def rows_read(how: str) -> dict[str, int]:
    db.select("SELECT pg_stat_force_next_flush()")
    statement = f"SELECT relname, {how} FROM pg_stat_user_tables WHERE relname = ANY(%s)"
    return dict(db.select(statement, (list(TABLES),)))


def read_by(act: object) -> dict[str, int]:
    """Rows that were read from each table, from its beginning on or by an index."""
    both = "seq_tup_read + coalesce(idx_tup_fetch, 0)"
    before = rows_read(both)
    act()  # type: ignore[operator]
    after = rows_read(both)
    return {table: after[table] - before[table] for table in TABLES if after[table] - before[table] > A_DAY}


def test_a_day_reads_what_lies_on_it_and_nothing_is_scanned(grown: ReportHouse) -> None:
    now = grown.clock.market_now()
    acts = {
        "today": lambda: day.report(PAPER, SECOND, now),
        "yesterday": lambda: day.report(PAPER, FIRST, now),
        "the page of two days": lambda: period.period(PAPER, FIRST, SECOND, now),
        "the timed job with a day to write": lambda: writing.write_due(PAPER, now),
        "the timed job without": lambda: writing.write_due(PAPER, now),
    }

    assert {name: read for name, act in acts.items() if (read := read_by(act))} == {}

    for statement in (FILLED, SLIPPED, ORDERS, DECISIONS, POINTS):
        for since in (midnight_of(FIRST), midnight_of(FIRST) - timedelta(days=50)):
            plan = "\n".join(row[0] for row in db.select(f"EXPLAIN {statement}", asked(since)))
            assert "Seq Scan" not in plan, plan


def asked(since: datetime) -> tuple[str, datetime, datetime]:
    return PAPER, since, since + timedelta(days=1)


def test_a_day_takes_as_many_queries_with_all_that_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house, statements = opened(tmp_path), list[str]()
    first_day(house)
    run = db._run
    monkeypatch.setattr(db, "_run", lambda statement, values: statements.append(statement) or run(statement, values))

    def counted() -> int:
        statements.clear()
        with CaptureQueriesContext(connection) as by_models:
            day.report(PAPER, SECOND, house.clock.market_now())
        return len(statements) + len(by_models)

    counted()  # writes the round trips
    young = counted()
    with connection.cursor() as cursor:
        for statement in PLANTED:
            cursor.execute(statement)

    assert 5 < young <= 30
    assert counted() <= young

"""With many rows behind it a request reads a bounded number of them, also where nothing is what it asks for."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from api import paging
from api.urls import urlpatterns
from cdb_site import db
from cdb_site.clock import iso
from execution.models import Fill
from tests.integration.api.api_house import Program, account, fields, problem, program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
ROWS, SCAN = 12_000, 400
# The edge is looked for, the rows up to it are read, and once more for whether there may be others.
MOST = 3 * (SCAN + 101)
AT = f"now() - interval '20 days' + n * (interval '20 days' / {ROWS})"
ID, OTHER = (f"(lpad(to_hex(n), 8, '0') || '-{word}-4000-8000-000000000000')::uuid" for word in ("0001", "0002"))
SERIES = f"FROM generate_series(1, {ROWS}) n"
PLANTED = (
    "SET session_replication_role = replica",
    f"""INSERT INTO signal (signal_id, strategy, symbol, "interval", open_time, side, momentum, strength, rank,
          universe_size, close, base_close, quote_volume, expires_at, context, created_at)
        SELECT {ID}, 'planted', 'AUSDT', '1m', {AT}, 'BUY', 0.01, 1, 1, 3, 100, 99, 1000, {AT}, '{{}}', {AT}
        {SERIES}""",
    f"""INSERT INTO decision (decision_id, kind, outcome, reason_code, params, account, symbol, side, signal_id,
          attempt, order_id, wanted_quantity, quantity, price, price_age_ms, trading_state, limits_version,
          max_price_age_ms, layers, inputs, occurred_at, decided_at)
        SELECT {OTHER}, 'SIGNAL', 'APPROVED', 'SIGNAL_APPROVED', '{{}}', 'paper', 'AUSDT', 'BUY',
          {ID}, 1, {OTHER}, 1, 1, 100, 1, 'ACTIVE', 1, 10000, '[]', '{{}}', {AT}, {AT} {SERIES}""",
    f"""INSERT INTO "order" (order_id, client_order_id, decision_id, signal_id, account_id, symbol, kind, side,
          order_type, reduce_only, quantity, limit_price, decision_price, reserved_notional, filled_quantity,
          filled_notional, fee, realized_pnl, state, reason_code, venue, venue_order_id, version, occurred_at,
          claimed_at, closed_at, created_at)
        SELECT {OTHER}, replace({OTHER}::text, '-', ''), {OTHER}, {ID}, 'paper', 'AUSDT', 'SIGNAL', 'BUY',
          'LIMIT_IOC', false, 1, 101, 100, 0, 1, 100, 0, 0, 'FILLED', '', 'PAPER', '', 3, {AT}, {AT}, {AT}, {AT}
        {SERIES}""",
    f"""INSERT INTO fill (order_id, trade_id, account_id, symbol, side, price, quantity, fee, fee_asset, realized_pnl,
          executed_at, recorded_at, model)
        SELECT {OTHER}, 'trade ' || n, 'paper', 'AUSDT', 'BUY', 100, 1, 0, 'USDT', 0, {AT}, {AT}, '{{}}' {SERIES}""",
    """INSERT INTO ledger_entry (account_id, kind, amount, fill_id, occurred_at, recorded_at)
        SELECT 'paper', 'TRADE', 0, fill_id, executed_at, recorded_at FROM fill ORDER BY fill_id""",
    """INSERT INTO round_trip (last_fill_id, first_fill_id, account, symbol, opened_at, closed_at, quantity,
          entry_notional, exit_notional, avg_entry_price, avg_exit_price, gross, fees, net, entry_decision_id,
          exit_decision_id, exit_reason, recorded_at)
        SELECT fill_id, fill_id - 1, 'paper', 'AUSDT', executed_at, executed_at, 1, 1, 1, 1, 1, 0, 0, 0,
          order_id, order_id, 'SIGNAL', recorded_at FROM fill WHERE fill_id > 1""",
    f"""INSERT INTO event (event_id, topic, schema_version, occurred_at, recorded_at, producer, correlation_id, payload)
        SELECT {ID}, 'signals', '1.0', {AT}, {AT}, 'tests', {ID}, '{{}}' {SERIES}""",
    f"""INSERT INTO alert (alert_id, code, level, state, source, key, params, count, version, raised_at, changed_at,
          acknowledged_by, closed_at)
        SELECT {ID}, 'SERVICE_DOWN', 'CRITICAL', 'CLOSED', 'tests', 'k' || n, '{{}}', 1, 1, {AT}, {AT}, '', {AT}
        {SERIES}""",
    "SET session_replication_role = DEFAULT",
)
GROWING = ("signal", "decision", "order", "fill", "ledger_entry", "round_trip", "event", "alert")
NOBODY = "00000000-0000-4000-8000-000000000000"
# List → filters of which no row, or only the oldest, is one.
NOTHING: dict[str, list[dict[str, str]]] = {
    "signals/": [{"symbol": "NOUSDT"}, {"side": "SELL"}, {"until": "2020-01-01T00:00:00Z"}],
    "decisions/": [
        {"symbol": "NOUSDT"}, {"reason_code": "NO_SUCH"}, {"outcome": "REJECTED"}, {"kind": "HALT"}, {"side": "SELL"},
        {"symbol": "AUSDT", "outcome": "EXPIRED"}, {"until": "2020-01-01T00:00:00Z"},
    ],
    "orders/": [
        {"symbol": "NOUSDT"}, {"state": "REJECTED"}, {"state": "NEW"}, {"side": "SELL"},
        {"symbol": "NOUSDT", "state": "FILLED"}, {"until": "2020-01-01T00:00:00Z"}, {"since": "2199-01-01T00:00:00Z"},
    ],
    "fills/": [
        {"symbol": "NOUSDT"}, {"side": "SELL"}, {"order_id": NOBODY}, {"until": "2020-01-01T00:00:00Z"},
        {"since": "2199-01-01T00:00:00Z"}, {"symbol": "AUSDT", "side": "SELL"},
    ],
    "round-trips/": [
        {"symbol": "NOUSDT"}, {"exit_reason": "STOP"}, {"until": "2020-01-01T00:00:00Z"},
        {"since": "2199-01-01T00:00:00Z"},
    ],
    "ledger/": [{"kind": "FEE"}, {"until": "2020-01-01T00:00:00Z"}, {"since": "2199-01-01T00:00:00Z"}],
    "events/": [{"topic": "orders"}, {"correlation_id": NOBODY}, {"until": "2020-01-01T00:00:00Z"}],
    "alerts/": [{"level": "INFO"}, {"state": "RAISED"}, {"code": "NO_SUCH"}],
}  # fmt: skip


def planted(monkeypatch: pytest.MonkeyPatch, tables: tuple[str, ...] = GROWING) -> Program:
    """Somebody who may read, and the rows of these tables."""
    monkeypatch.setattr(paging, "SCAN_MOST", SCAN)
    account()
    rows = [text for text in PLANTED if text[:3] == "SET" or text.split()[2].strip('"') in tables]
    with connection.cursor() as cursor:
        for statement in (*rows, *(f'VACUUM ANALYZE "{table}"' for table in tables)):
            cursor.execute(statement)
    return program("viewer")


def rows_read() -> int:
    """Rows of the growing tables that were read by everybody so far, one way or another."""
    db.select("SELECT pg_stat_force_next_flush()")
    statement = "SELECT sum(seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_user_tables WHERE relname = ANY(%s)"
    return int(db.select(statement, (list(GROWING),))[0][0])


def test_no_request_reads_more_than_its_look_wherever_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = planted(monkeypatch)
    read, wrong = {}, {}
    for path, filters in NOTHING.items():
        for asked in filters:
            before = rows_read()
            answer = reader.get(path, **asked)
            read[path, *asked.items()] = rows_read() - before
            if answer.status_code != 200 or answer.json()["results"]:
                wrong[path, *asked.items()] = answer.content[:200]

    assert wrong == {}
    assert {what: rows for what, rows in read.items() if rows > MOST} == {}


def test_every_filter_of_a_list_that_grows_is_tried() -> None:
    known = {
        str(row.pattern): set(row.callback.cls.filterset_class.base_filters)
        for row in urlpatterns
        if str(row.pattern) in NOTHING
    }

    tried = {path: {name for asked in filters for name in asked} for path, filters in NOTHING.items()}

    assert {path: names - tried[path] - {"since", "until"} for path, names in known.items()} == {
        path: set() for path in NOTHING
    }


def test_a_look_that_ends_early_goes_on_with_next_to_the_end_and_finds_all(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, wanted = planted(monkeypatch, ("order",)), {4, 777, 778, ROWS - 3}
    names = [f"{n:08x}-0002-4000-8000-000000000000" for n in wanted]
    db.execute("UPDATE \"order\" SET state = 'EXPIRED' WHERE order_id = ANY(%s)", (names,))

    answer = reader.get("orders/", limit=2, state="EXPIRED")
    rows, pages = answer.json()["results"], 1
    while following := answer.json()["next"]:
        answer = reader.get(following)
        rows, pages = rows + answer.json()["results"], pages + 1

    assert sorted(row["order_id"] for row in rows) == sorted(names)
    assert pages >= ROWS / (SCAN + 1)


def test_since_ends_the_look_once_everything_is_older_and_until_finds_what_lies_deep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = planted(monkeypatch, ("fill",))
    newest = reader.get("fills/", limit=3).json()["results"]

    answer = reader.get("fills/", since=newest[-1]["executed_at"])

    assert [row["fill_id"] for row in answer.json()["results"]] == [row["fill_id"] for row in newest]
    while following := answer.json()["next"]:
        answer = reader.get(following)
        assert answer.json() == {"next": None, "results": []}
    oldest = Fill.objects.order_by("fill_id")[2].executed_at
    assert len(reader.all_pages("fills/", until=iso(oldest))) == 2


def test_a_wrong_value_is_refused_by_its_name_before_anything_is_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = planted(monkeypatch, ("ledger_entry", "fill"))
    before = rows_read()

    for asked in ({"since": "yesterday"}, {"kind": "GIFT"}, {"kind": "FEE", "until": "2026-13-01"}):
        refused: Any = problem(reader.get("ledger/", **asked), 400, "bad-value")
        assert fields(refused) <= set(asked)

    assert rows_read() == before

"""With 300,000 orders behind it nothing done for a fill, or on a timer, reads a growing table from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

import execution.queries
from cdb_site import db
from cdb_site.bus import lane
from cdb_site.clock import iso
from execution.models import Order
from risk import account_reading, queries, round_trips
from risk.loss_baselines import LevelBoard, midnight_of
from risk.mark_to_market import EquityCurve
from risk.models import RoundTrip
from risk.undecided import UndecidedSignals
from tests.builders import PAPER
from tests.integration.signals_app.engine_market import SYMBOLS, market
from tests.integration.signals_app.lane_house import FALLS, RISES, Lane

__all__ = ["market"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
ORDERS = 300_000
GROWING = ("order", "decision", "signal", "fill", "ledger_entry")
# By an index a few rows may be read, whatever is stored.
FEW = 1000
AT = f"now() - interval '91 days' + n * (interval '90 days' / {ORDERS})"
PASSED = f"'2026-03-02'::timestamptz - ({ORDERS} - n) * interval '20 s' - interval '1 day'"  # market time
SIGNAL, ORDER = (f"(lpad(to_hex(n), 8, '0') || '-{word}-4000-8000-000000000000')::uuid" for word in ("0001", "0002"))
# Keys in order and no look at foreign keys: the planting is not what is tested.
PLANTED = (
    "SET session_replication_role = replica",
    f"""INSERT INTO signal (signal_id, strategy, symbol, "interval", open_time, side, momentum, strength, rank,
          universe_size, close, base_close, quote_volume, expires_at, context, created_at)
        SELECT {SIGNAL}, 'planted', 'AUSDT', '1m', {AT}, 'BUY', 0.01, 1, 1, 3, 100, 99, 1000, {AT},
          '{{}}', {AT} FROM generate_series(1, {ORDERS}) n""",
    f"""INSERT INTO decision (decision_id, kind, outcome, reason_code, params, account, symbol, side, signal_id,
          attempt, order_id, wanted_quantity, quantity, price, price_age_ms, trading_state, limits_version,
          max_price_age_ms, layers, inputs, occurred_at, decided_at)
        SELECT {ORDER}, 'SIGNAL', 'APPROVED', 'SIGNAL_APPROVED', '{{}}', 'paper', 'AUSDT', 'BUY',
          {SIGNAL}, 1, {ORDER}, 1, 1, 100, 1, 'ACTIVE', 1, 10000, '[]', '{{}}',
          {AT}, {AT}
        FROM generate_series(1, {ORDERS}) n""",
    f"""INSERT INTO "order" (order_id, client_order_id, decision_id, signal_id, account_id, symbol, kind, side,
          order_type, reduce_only, quantity, limit_price, decision_price, reserved_notional, filled_quantity,
          filled_notional, fee, realized_pnl, state, reason_code, venue, venue_order_id, version, occurred_at,
          claimed_at, closed_at, created_at)
        SELECT {ORDER}, replace({ORDER}::text, '-', ''), {ORDER}, {SIGNAL}, 'paper',
          'AUSDT', 'SIGNAL', 'BUY', 'LIMIT_IOC', false, 1, 101, 100, 0, 1, 100, 0, 0, 'FILLED', '', 'PAPER', '', 3,
          {AT}, {AT}, {AT}, {AT} FROM generate_series(1, {ORDERS}) n""",
    f"""INSERT INTO fill (order_id, trade_id, account_id, symbol, side, price, quantity, fee, fee_asset, realized_pnl,
          executed_at, recorded_at, model)
        SELECT {ORDER}, 'trade ' || n, 'paper', 'PASTUSDT', 'BUY', 100, 1, 0, 'USDT', 0,
          {PASSED}, {AT}, '{{}}' FROM generate_series(1, {ORDERS}) n""",
    """INSERT INTO ledger_entry (account_id, kind, amount, fill_id, occurred_at, recorded_at)
        SELECT 'paper', kind, 0, fill_id, executed_at, recorded_at
        FROM (SELECT * FROM fill ORDER BY fill_id) AS fill, (VALUES ('TRADE'), ('FEE')) AS of_both (kind)""",
    """INSERT INTO position (account_id, symbol, quantity, avg_entry_price, realized_pnl, version)
        VALUES ('paper', 'PASTUSDT', 0, 0, 0, 1)""",
    """INSERT INTO equity_snapshot (account, taken_at, equity, cash, exposure, booked)
        SELECT 'paper', '2026-03-01 23:50+00', 10000, 10000, 0, max(fill_id) FROM fill""",
    "SET session_replication_role = DEFAULT",
)


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lane]:
    with lane.hosting("signal", "risk", "execution"):
        house = Lane(tmp_path, monkeypatch)
        with connection.cursor() as cursor:
            for statement in (
                *PLANTED,
                # What autovacuum does after a while, which reads the new rows once for the indexes of days.
                *(f'VACUUM ANALYZE "{table}"' for table in GROWING),
            ):
                cursor.execute(statement)
        house.quote(*SYMBOLS)
        yield house


def rows_read(how: str) -> dict[str, int]:
    """How many rows of each growing table were read, by everybody, since the server began: `seq_tup_read` from its
    beginning on, `idx_tup_fetch` by an index."""
    db.select("SELECT pg_stat_force_next_flush()")
    statement = f"SELECT relname, {how} FROM pg_stat_user_tables WHERE relname = ANY(%s)"  # noqa: S608
    return dict(db.select(statement, (list(GROWING),)))


def read_by(act: Callable[[], object]) -> dict[str, int]:
    """The rows of growing tables that an act reads: of a whole table any, by an index more than FEW."""
    whole, fetched = rows_read("seq_tup_read"), rows_read("idx_tup_fetch")
    act()
    whole_then, fetched_then = rows_read("seq_tup_read"), rows_read("idx_tup_fetch")
    scanned = {table: whole_then[table] - whole[table] for table in GROWING}
    by_index = {f"{table} by an index": fetched_then[table] - fetched[table] for table in GROWING}
    return {table: rows for table, rows in scanned.items() if rows > 0} | {
        table: rows for table, rows in by_index.items() if rows > FEW
    }


def test_a_fill_and_every_timer_read_only_what_is_new(grown: Lane) -> None:
    undecided, levels = UndecidedSignals(), LevelBoard(PAPER, grown.clock)
    undecided.look(10)  # once, at the start of a process, everything
    round_trips.catch_up(PAPER, portions=ORDERS)  # once, what was never looked through
    day = grown.clock.market_now()
    acts: dict[str, Callable[[], object]] = {
        "the first look of a day": lambda: levels.at(day),
        "its opening": lambda: queries.opening_at(PAPER, midnight_of(day.date()), "1m"),
        "a buy": lambda: grown.close(3, RISES),
        "its sale": lambda: grown.close(4, FALLS),
        "its round trip": lambda: round_trips.catch_up(PAPER),
        "orders without an answer": grown.desk.recover,
        "orders that wait": lambda: execution.queries.new_orders_older_than(1.0),
        "signals without a decision": lambda: undecided.look(10),
        "the reading of a mark": lambda: account_reading.reading(PAPER, grown.marks, grown.clock.market_now()),
        "the loss's baselines": lambda: levels.at(grown.clock.market_now()),
        "a point of the equity curve": lambda: EquityCurve(PAPER).store(
            {"marked_at": iso(day), "equity": "1", "cash": "1", "exposure": "0"}
        ),
        "the last orders' ends": lambda: execution.queries.rejections(PAPER, 60),
        "the last orders' slippage": lambda: execution.queries.slippages(PAPER, 60),
        "entries to cancel": lambda: execution.queries.has_entries_to_cancel(PAPER),
        "attempts to leave a position": lambda: queries.attempts(PAPER, [uuid4()]),
    }
    read = {name: read_by(act) for name, act in acts.items()}
    assert {name: tables for name, tables in read.items() if tables} == {}
    assert RoundTrip.objects.count() == 1
    assert list(Order.objects.order_by("-created_at").values_list("side", "state")[:2]) == [
        ("SELL", "FILLED"), ("BUY", "FILLED"),
    ]  # fmt: skip

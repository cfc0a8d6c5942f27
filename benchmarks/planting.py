"""A house that has traded for three months: every row that one order leaves behind, 300,000 times.

Each planted row is a copy of one that the lane has written itself, under a key and a time of its own, so that rows are
as wide as real ones and every index as deep; one unit is bought at 100 and sold at 100, so that the books are their
sums. Keys are spread over their whole range and come in order: new keys, which are random, meet every page of an index.
Events are planted as long as they are kept (`cdb_site/retention.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from cdb_site.retention import EVENT_DAYS
from proofs.rig.waiting import expect, say

ORDERS = 300_000
DAYS = 90
SYMBOLS = 400
FIRST_FILL = 1_000_000
AT = f"now() - interval '1 day' - ({ORDERS} - n) * (interval '{DAYS} days' / {ORDERS})"
SYMBOL = f"'B' || lpad((n / 2 % {SYMBOLS})::text, 4, '0') || 'USDT'"
SIDE = "(ARRAY['SELL', 'BUY'])[n % 2 + 1]"


def key(kind: str) -> str:
    """The id of the n-th row of a kind: four hex digits that tell ids of one order apart."""
    return (
        f"(lpad(to_hex(n * {2**32 // (ORDERS + 1)}), 8, '0') || '-{kind}-5000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
    )


# An order has the id of its decision.
SIGNAL, DECISION = key("0001"), key("0002")
TIMES = ("open_time", "expires_at", "created_at", "decided_at", "occurred_at", "claimed_at", "leased_at", "closed_at",
         "executed_at", "recorded_at", "begun_at", "next_at", "ended_at")  # fmt: skip
KEYS = {
    "signal_id": SIGNAL,
    "decision_id": DECISION,
    "order_id": DECISION,
    "client_order_id": f"replace(({DECISION})::text, '-', '')",
    "symbol": SYMBOL,
    "trade_id": "'planted ' || n",
    "episode_id": key("0003"),
    "fill_id": f"{FIRST_FILL} + n",
}
# Of each table: which rows are copied, one of each kind; how many of what; what else a copy has of its own.
BOTH_SIDES = "SELECT DISTINCT ON (side) * FROM {table} WHERE {filled} ORDER BY side"
FILLED = """order_id IN (SELECT order_id FROM "order" WHERE state = 'FILLED')"""
COPIED: tuple[tuple[str, str, Mapping[str, str], str], ...] = (
    ("signal", "SELECT DISTINCT ON (side) * FROM signal ORDER BY side", {}, f"row.side = {SIDE}"),
    ("decision", BOTH_SIDES.format(table="decision", filled=FILLED), {"quantity": "1"}, f"row.side = {SIDE}"),
    ("order", BOTH_SIDES.format(table='"order"', filled="state = 'FILLED'"),
     {"quantity": "1", "filled_quantity": "1", "filled_notional": "100", "fee": "0.05", "realized_pnl": "0"},
     f"row.side = {SIDE}"),
    ("fill", BOTH_SIDES.format(table="fill", filled="true"),
     {"quantity": "1", "price": "100", "fee": "0.05", "realized_pnl": "0"}, f"row.side = {SIDE}"),
    ("ledger_entry", "SELECT DISTINCT ON (kind) * FROM ledger_entry WHERE fill_id IS NOT NULL ORDER BY kind",
     {"amount": f"CASE WHEN row.kind = 'FEE' THEN -0.05 WHEN {SIDE} = 'BUY' THEN -100 ELSE 100 END",
      "inventory": f"CASE WHEN row.kind = 'FEE' THEN 0 WHEN {SIDE} = 'BUY' THEN 100 ELSE -100 END",
      "fees": "CASE WHEN row.kind = 'FEE' THEN 0.05 ELSE 0 END", "realized": "0",
      "units": f"CASE WHEN row.kind = 'FEE' THEN 0 WHEN {SIDE} = 'BUY' THEN 1 ELSE -1 END"}, "true"),
    ("exit_intent", "SELECT * FROM exit_intent LIMIT 1", {"ended_at": AT, "ending": "'FLAT'"}, "n % 2 = 0"),
    ("event", "SELECT DISTINCT ON (topic) *, dense_rank() OVER (ORDER BY topic) AS kind FROM event"
              " WHERE topic IN ('signals', 'decisions', 'orders', 'order_results') ORDER BY topic",
     {"event_id": f"overlay(({key('0010')})::text placing '001' || row.kind from 10 for 4)::uuid",
      "correlation_id": key("0020")},
     f"n > {ORDERS * (DAYS - EVENT_DAYS) // DAYS}"),
)  # fmt: skip
COLUMNS = """SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s
    AND (is_identity = 'NO' OR column_name = 'fill_id') AND is_generated = 'NEVER'
    AND coalesce(column_default, '') NOT ILIKE 'nextval%%' ORDER BY ordinal_position"""
SUMS = f"""UPDATE account SET cash = cash - {ORDERS} * 0.05, fees = fees + {ORDERS} * 0.05 WHERE account = 'paper'"""  # noqa: S608
POINTS = f"""INSERT INTO equity_snapshot (account, taken_at, equity, cash, exposure, booked)
    SELECT 'paper', now() - n * interval '5 s', 10000 - n / 100.0, 10000, 0, {FIRST_FILL + ORDERS}
    FROM generate_series(1, 17280) AS n ON CONFLICT DO NOTHING"""  # noqa: S608
COUNTED_ON = f"SELECT setval(pg_get_serial_sequence('fill', 'fill_id'), {FIRST_FILL + ORDERS})"


def plant(owner: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Plant into a database that the lane has traded in before; rows by table."""
    owner.execute("SET session_replication_role = replica")
    planted: dict[str, int] = {}
    for table, rows, changed, which in COPIED:
        columns = [str(row[0]) for row in owner.execute(COLUMNS, (table,))]
        own = KEYS | dict.fromkeys(TIMES, AT)
        values = [_value(column, own, changed) for column in columns]
        names = ", ".join(f'"{column}"' for column in columns)
        done = owner.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)}'  # noqa: S608
            f" FROM generate_series(1::bigint, {ORDERS}) AS n CROSS JOIN LATERAL (SELECT * FROM ({rows}) AS one"
            f" WHERE {which.replace('row.', 'one.')}) AS row"
        )
        planted[table] = done.rowcount
    owner.execute("SET session_replication_role = DEFAULT")
    owner.execute(COUNTED_ON)
    owner.execute(SUMS)
    owner.execute(POINTS)
    owner.execute("VACUUM ANALYZE")
    owner.execute("CHECKPOINT")
    say(f"planted: {planted}")
    expect(planted["order"] == planted["fill"] == planted["decision"] == ORDERS, f"planted {planted}")
    return planted


def _value(column: str, own: Mapping[str, str], changed: Mapping[str, str]) -> str:
    """What is null in the row that is copied stays null, but for what is changed."""
    if column in changed:
        return changed[column]
    if column not in own:
        return f'row."{column}"'
    return f'CASE WHEN row."{column}" IS NULL THEN NULL ELSE {own[column]} END'

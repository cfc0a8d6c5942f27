"""Reading what a fault run left: the stored rows, the venue's file, and how fast each killed service worked again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import orjson
import psycopg

from cdb_site.clock import from_seconds
from cdb_site.local.system import System
from proofs.faults.journal import Journals, StoredRows
from proofs.faults.kills import Kill, service_of
from proofs.faults.load import read_expected
from proofs.rig.connections import TRADING_STATE

FIRST_AFTER = {
    "signal": "SELECT min(created_at) FROM signal WHERE created_at > %s",
    "risk": "SELECT min(decided_at) FROM decision WHERE decided_at > %s",
    "execution": "SELECT min(recorded_at) FROM fill WHERE recorded_at > %s",
    "lane": "SELECT min(recorded_at) FROM fill WHERE recorded_at > %s",
}
DECIDED = """
    SELECT d.signal_id::text, d.outcome, d.reason_code, coalesce(o.client_order_id, '')
    FROM decision d LEFT JOIN "order" o USING (order_id) WHERE d.signal_id IS NOT NULL"""
# A later attempt has no signal of its own: it is caused by the SELL that wanted its symbol flat last.
ATTEMPTS = """
    SELECT o.client_order_id, first.signal_id::text
    FROM decision d JOIN "order" o USING (order_id) CROSS JOIN LATERAL (
      SELECT signal_id FROM decision WHERE symbol = d.symbol AND side = 'SELL' AND signal_id IS NOT NULL
        AND outcome = 'APPROVED' AND decided_at <= d.decided_at ORDER BY decided_at DESC LIMIT 1) AS first
    WHERE d.kind = 'SIGNAL' AND d.attempt > 1"""
LONGEST_WAITS = """
    SELECT (SELECT max(extract(epoch FROM decided_at - created_at)) FROM signal JOIN decision USING (signal_id)),
           (SELECT max(extract(epoch FROM f.recorded_at - o.created_at)) FROM fill f JOIN "order" o USING (order_id))"""


class StoredReading:
    """Looks at one system with a connection of its own."""

    def __init__(self, system: System, expected: Path) -> None:
        self.env = system.env
        self.expected = expected
        self.venue = system.folder.path / "paper_venue.jsonl"

    def journals(self) -> Journals:
        lines = self.venue.read_bytes().splitlines() if self.venue.exists() else []
        return Journals(expected=read_expected(self.expected), answers=tuple(orjson.loads(line) for line in lines))

    def stored(self) -> StoredRows:
        with self._connect() as connection:
            decided = connection.execute(DECIDED)
            orders = connection.execute('SELECT client_order_id, state FROM "order"')
            fills = connection.execute('SELECT client_order_id, trade_id FROM fill JOIN "order" USING (order_id)')
            attempts = connection.execute(ATTEMPTS)
            cash = connection.execute("SELECT cash FROM account").fetchone()
            return StoredRows(
                decided=tuple(decided.fetchall()),  # type: ignore[arg-type]
                orders=tuple(orders.fetchall()),  # type: ignore[arg-type]
                fills=tuple(fills.fetchall()),  # type: ignore[arg-type]
                cash=Decimal(str(cash[0])) if cash else Decimal(0),
                starting_cash=Decimal(self.env["STARTING_CASH"]),
                attempts=tuple(attempts.fetchall()),  # type: ignore[arg-type]
            )

    def count(self, table: str) -> int:
        with self._connect() as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(str(row[0])) if row else 0

    def trading_state(self) -> str:
        """ACTIVE, or what somebody made of it: a run under a halt proves nothing."""
        with self._connect() as connection:
            row = connection.execute(TRADING_STATE).fetchone()
        return str(row[0]) if row else "HALTED"

    def longest_waits(self) -> tuple[float, float]:
        """Longest seconds from a signal to its decision, and from an order to its first fill."""
        with self._connect() as connection:
            row = connection.execute(LONGEST_WAITS).fetchone()
        return (float(str(row[0] or 0)), float(str(row[1] or 0))) if row else (0.0, 0.0)

    def recoveries(self, kills: Sequence[Kill]) -> list[tuple[float, Kill]]:
        """Per kill of a service of the chain: seconds until that service stored something new again; slowest first."""
        return sorted(self._recoveries(kills), key=lambda pair: -pair[0])

    def _recoveries(self, kills: Sequence[Kill]) -> Iterator[tuple[float, Kill]]:
        with self._connect() as connection:
            for kill in kills:
                statement = FIRST_AFTER.get(service_of(kill.service))
                if statement:
                    row = connection.execute(statement, (from_seconds(kill.at_s),)).fetchone()
                    found = row[0] if row else None
                    yield found.timestamp() - kill.at_s if found else math.inf, kill  # type: ignore[attr-defined]

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        env = self.env
        return psycopg.connect(
            host=env["POSTGRES_HOST"],
            port=env["POSTGRES_PORT"],
            dbname=env["POSTGRES_DB"],
            user=env["POSTGRES_USER"],
            password=env["POSTGRES_PASSWORD"],
            autocommit=True,
        )


def p95(seconds: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed; 0 for none."""
    ordered = sorted(seconds)
    return round(ordered[math.ceil(len(ordered) * 0.95) - 1], 2) if ordered else 0.0

"""The end of rows whose use has ended: one table of rules, worked off in small portions. `docs/retention.md` says why.

Fills, ledger, orders, signals, decisions and what bound them are in no rule: they prove the books and stay.
A rule names its table as text, because it serves tables of rooms above this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from prometheus_client import Counter, Gauge

from cdb_site import db

RETIRED = Counter("cdb_rows_retired_total", "Rows deleted because their time was over", ["table"])
BYTES = Gauge("cdb_table_bytes", "Size of a table that is kept short, indexes included", ["table"])
PORTION = 2_000
PORTIONS_MAX = 100


@dataclass(frozen=True, kw_only=True)
class RetentionRule:
    """Rows of `table`, called `this` in it, may go when `column` is `days` older than `than` and `only` holds."""

    table: str
    column: str
    days: int
    only: str = "true"
    than: str = "now()"
    one_a: str = ""
    """What is older is thinned to one row of each of these, instead of going altogether."""

    @property
    def statement(self) -> str:
        """Deletes one portion; the number of rows it touched tells whether more are left."""
        old = f"this.{self.column} < {self.than} - make_interval(days => %(days)s)"
        return (
            f'DELETE FROM "{self.table}" WHERE ctid = ANY(ARRAY('  # noqa: S608 - from the rules below, no input
            f'SELECT this.ctid FROM "{self.table}" this WHERE {old} AND {self.only} LIMIT %(portion)s))'
        )


LATER_IN_ITS = """EXISTS (
    SELECT 1 FROM equity_snapshot later WHERE later.account = this.account AND later.taken_at > this.taken_at
    AND later.taken_at < date_trunc('{unit}', this.taken_at, 'UTC') + interval '1 {unit}')"""
LATER_CLEAN_AUDIT = """this.violations = 0 AND EXISTS (
    SELECT 1 FROM audit_run later WHERE later.violations = 0 AND later.ran_at > this.ran_at
    AND later.ran_at < date_trunc('day', this.ran_at, 'UTC') + interval '1 day')"""
LATER_EVEN_LOOK = """this.result = 'EVEN' AND EXISTS (
    SELECT 1 FROM reconciliation later WHERE later.result = 'EVEN' AND later.ran_at > this.ran_at
    AND later.account_id = this.account_id AND later.venue = this.venue
    AND later.ran_at < date_trunc('day', this.ran_at, 'UTC') + interval '1 day')"""
FOUND_NOTHING = """this.signals = 0 AND this.open_time < (
    SELECT max(newest.open_time) FROM evaluation newest WHERE newest."interval" = this."interval")"""
NEWEST_SNAPSHOT = "(SELECT max(taken_at) FROM equity_snapshot)"
RULES = (
    RetentionRule(table="delivery_attempt", column="last_at", days=14),
    RetentionRule(table="consumption", column="consumed_at", days=14),
    RetentionRule(table="dead_letter", column="created_at", days=90, only="this.state = 'RETRIED'"),
    RetentionRule(table="alert", column="closed_at", days=90, only="this.state = 'CLOSED'"),
    RetentionRule(table="knox_authtoken", column="expiry", days=7),
    RetentionRule(table="notification_delivery", column="settled_at", days=30),
    RetentionRule(table="audit_run", column="ran_at", days=7, only=LATER_CLEAN_AUDIT),
    RetentionRule(table="reconciliation", column="ran_at", days=7, only=LATER_EVEN_LOOK),
    RetentionRule(table="evaluation", column="evaluated_at", days=30, only=FOUND_NOTHING),
    RetentionRule(table="axes_accessfailurelog", column="attempt_time", days=90),
    RetentionRule(table="axes_accesslog", column="attempt_time", days=400),
    RetentionRule(table="django_session", column="expire_date", days=1),
    *(
        RetentionRule(
            table="equity_snapshot",
            column="taken_at",
            days=days,
            one_a=unit,
            only=LATER_IN_ITS.format(unit=unit),
            than=NEWEST_SNAPSHOT,
        )
        for days, unit in ((2, "minute"), (30, "hour"))
    ),
)
# Append-only: the services may not delete, a function of the database does it for them (migration `0004_retire_event`).
EVENT_DAYS = 14
RETIRE_EVENTS = "SELECT retire_event(now() - make_interval(days => %(days)s), %(portion)s)"


def retire_rows(pause: Callable[[], object]) -> int:
    """Delete what may go; a great many are left to the next time. `pause` is called between portions."""
    gone = _in_portions("event", _retire_events, pause)
    for rule in RULES:
        gone += _in_portions(rule.table, partial(_delete, rule), pause)
    for table in sorted({"event", *(rule.table for rule in RULES)}):
        BYTES.labels(table).set(db.select("SELECT pg_total_relation_size(%s::text::regclass)", (table,))[0][0])
    return gone


def _retire_events() -> int:
    return int(db.select(RETIRE_EVENTS, {"days": EVENT_DAYS, "portion": PORTION})[0][0])


def _delete(rule: RetentionRule) -> int:
    return db.execute(rule.statement, {"days": rule.days, "portion": PORTION})


def _in_portions(table: str, delete: Callable[[], int], pause: Callable[[], object]) -> int:
    gone = 0
    for _ in range(PORTIONS_MAX):
        count = delete()
        gone += count
        RETIRED.labels(table).inc(count)
        if count < PORTION:
            break
        pause()
    return gone

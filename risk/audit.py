"""The audit of the books: the invariants, each as a query that returns the rows which break it.

    I1  every signal has one decision, every approval an order, every order an end
    I2  every fill takes effect once: cash, fees, positions and orders are the sums of ledger and fills
    I3  the exposure recorded in an approval is within the limit version it used
    I4  no entry without an approval on a fresh price; no exit refused by the layers 1 to 4; no fill at a price its
        market did not have
    I5  the newest decisions come out the same when decided again from their recorded inputs
    I6  no entry is claimed between a halt and its release

A row younger than the grace may still be under way: the grace is longer than the restart of a service or a server and
the sweep after it take. What is found names its rows, and halts trading.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from prometheus_client import Gauge

import execution.gate
import execution.operations
from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.clock import SYSTEM
from marketdata.intervals import SECONDS
from risk.decision.redecide import decisions, redecide
from risk.models import AuditRun

VIOLATIONS = Gauge("cdb_audit_violations", "Rows that break an invariant, at the last audit")
GRACE_S = 120.0
REDECIDED = 200
LENGTHS = ", ".join(f"('{name}', interval '{seconds} s')" for name, seconds in SECONDS.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One row that breaks an invariant."""

    invariant: str
    code: str
    row: str
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.code}: {self.row} {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`query` returns (row, detail) of violations; %(grace)s is the age in s below which rows are left alone."""

    invariant: str
    code: str
    query: str


# A fill against the candles from its quote's one to its own, and the one before, whose close a quiet book still shows:
# outside their range by more than the spread and the impact of a known depth, which both stand with the fill. Of the
# lengths that are stored the shortest counts; a candle in which nothing was traded tells no range.
FILL_OUTSIDE_ITS_MINUTE = f"""
    SELECT 'fill ' || f.fill_id, f.side || ' ' || f.symbol || ' at ' || f.price || ', traded from ' || seen.low
           || ' to ' || seen.high || ' then'
    FROM fill f
    JOIN marketdata_instrument i ON i.symbol = f.symbol
    CROSS JOIN LATERAL (SELECT
        (f.model->>'quoted_at')::timestamptz AS quoted_at, (f.model->>'ask')::numeric - (f.model->>'bid')::numeric
          AS spread,
        CASE WHEN (f.model->>'quote_volume_24h')::numeric > 0 OR f.model->>'depth_source' = 'CHOICE' THEN
          least((f.model->>'impact_bps')::numeric / 10000 * f.price * f.quantity / (f.model->>'depth')::numeric, 0.5)
        ELSE 0 END AS impact) AS stated
    CROSS JOIN LATERAL (
        SELECT min(c.low) AS low, max(c.high) AS high
        FROM marketdata_candle c JOIN (VALUES {LENGTHS}) AS length (name, span) ON length.name = c."interval"
        WHERE c.instrument_id = f.symbol AND c.volume > 0 AND c.open_time <= f.executed_at
          AND c.open_time > stated.quoted_at - 2 * length.span
        GROUP BY length.span HAVING bool_or(c.open_time > f.executed_at - length.span) ORDER BY length.span LIMIT 1
    ) AS seen
    WHERE f.price < (seen.low - stated.spread) * (1 - stated.impact) - i.price_tick
       OR f.price > (seen.high + stated.spread) * (1 + stated.impact) + i.price_tick"""  # noqa: S608
CHECKS: tuple[Check, ...] = (
    Check(
        invariant="I1",
        code="SIGNAL_UNDECIDED",
        query="""
        SELECT 'signal ' || signal_id, 'has no decision' FROM signal s
        WHERE created_at < now() - make_interval(secs => %(grace)s)
          AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.signal_id)""",
    ),
    Check(
        invariant="I1",
        code="DECISION_WITHOUT_SIGNAL",
        query="""
        SELECT 'decision ' || decision_id, 'names signal ' || signal_id || ', which is not stored' FROM decision d
        WHERE kind = 'SIGNAL' AND NOT EXISTS (SELECT 1 FROM signal s WHERE s.signal_id = d.signal_id)""",
    ),
    Check(
        invariant="I1",
        code="APPROVAL_WITHOUT_ORDER",
        query="""
        SELECT 'decision ' || decision_id, 'was approved and has no order' FROM decision d
        WHERE order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "order" o WHERE o.order_id = d.order_id)""",
    ),
    Check(
        invariant="I1",
        code="ORDER_WITHOUT_APPROVAL",
        query="""
        SELECT 'order ' || order_id, 'has no approving decision' FROM "order" o
        WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE d.order_id = o.order_id AND d.decision_id = o.decision_id)""",
    ),
    Check(
        invariant="I1",
        code="ORDER_UNSETTLED",
        query="""
        SELECT 'order ' || order_id, 'is still ' || state || ' after ' || (now() - created_at) FROM "order"
        WHERE created_at < now() - make_interval(secs => %(grace)s)
          AND (state IN ('SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN') OR (state = 'NEW' AND NOT reduce_only))
          AND order_id NOT IN (SELECT order_id FROM quarantined_answer WHERE state = 'OPEN')""",
    ),
    Check(
        invariant="I2",
        code="CASH_IS_NOT_THE_LEDGER",
        query="""
        SELECT 'account ' || a.account, 'cash ' || a.cash || ', ledger ' || coalesce(l.total, 0) FROM account a
        LEFT JOIN (SELECT account_id, sum(amount) AS total FROM ledger_entry GROUP BY account_id) l
          ON l.account_id = a.account WHERE a.cash <> coalesce(l.total, 0)""",
    ),
    Check(
        invariant="I2",
        code="FEES_ARE_NOT_THE_FILLS",
        query="""
        SELECT 'account ' || a.account, 'fees ' || a.fees || ', fills ' || coalesce(f.total, 0) FROM account a
        LEFT JOIN (SELECT account_id, sum(fee) AS total FROM fill GROUP BY account_id) f
          ON f.account_id = a.account WHERE a.fees <> coalesce(f.total, 0)""",
    ),
    Check(
        invariant="I2",
        code="PROFIT_IS_NOT_THE_FILLS",
        query="""
        SELECT 'account ' || a.account, 'realized ' || a.realized_pnl || ', fills ' || coalesce(f.total, 0)
        FROM account a LEFT JOIN (SELECT account_id, sum(realized_pnl) AS total FROM fill GROUP BY account_id) f
          ON f.account_id = a.account WHERE a.realized_pnl <> coalesce(f.total, 0)""",
    ),
    Check(
        invariant="I2",
        code="FILL_NOT_IN_LEDGER",
        query="""
        SELECT 'fill ' || f.fill_id, 'ledger says trade ' || coalesce(t.amount::text, 'nothing') || ', fee '
               || coalesce(e.amount::text, 'nothing') FROM fill f
        LEFT JOIN ledger_entry t ON t.fill_id = f.fill_id AND t.kind = 'TRADE'
        LEFT JOIN ledger_entry e ON e.fill_id = f.fill_id AND e.kind = 'FEE'
        WHERE t.amount IS NULL OR e.amount IS NULL OR e.amount <> -f.fee
          OR abs(t.amount - (CASE f.side WHEN 'BUY' THEN -1 ELSE 1 END) * f.price * f.quantity) > 0.000000000001""",
    ),
    Check(
        invariant="I2",
        code="POSITION_IS_NOT_THE_FILLS",
        query="""
        SELECT 'position ' || coalesce(p.symbol, f.symbol), 'holds ' || coalesce(p.quantity, 0) || ', fills '
               || coalesce(f.total, 0)
        FROM position p FULL JOIN (SELECT account_id, symbol, sum(CASE side WHEN 'BUY' THEN quantity ELSE -quantity END)
             AS total FROM fill GROUP BY account_id, symbol) f ON f.account_id = p.account_id AND f.symbol = p.symbol
        WHERE coalesce(p.quantity, 0) <> coalesce(f.total, 0)""",
    ),
    Check(
        invariant="I2",
        code="ORDER_IS_NOT_ITS_FILLS",
        query="""
        SELECT 'order ' || o.order_id, 'filled ' || o.filled_quantity || ', fills ' || coalesce(f.total, 0)
        FROM "order" o LEFT JOIN
          (SELECT order_id, sum(quantity) AS total, sum(fee) AS fee FROM fill GROUP BY order_id) f USING (order_id)
        WHERE o.filled_quantity <> coalesce(f.total, 0) OR o.fee <> coalesce(f.fee, 0)""",
    ),
    Check(
        invariant="I3",
        code="EXPOSURE_PAST_LIMIT",
        query="""
        SELECT 'decision ' || d.decision_id, 'exposure ' || d.exposure_after || ' of equity ' || d.equity
               || ' past ' || l.max_exposure_pct
        FROM decision d JOIN limit_version l ON l.version = d.limits_version
        WHERE d.side = 'BUY' AND d.order_id IS NOT NULL AND d.exposure_after > l.max_exposure_pct * d.equity""",
    ),
    Check(
        invariant="I3",
        code="ORDER_EXCEEDS_DECISION",
        query="""
        SELECT 'order ' || o.order_id, 'quantity ' || o.quantity || ', decided ' || d.quantity
        FROM "order" o JOIN decision d ON d.decision_id = o.decision_id WHERE o.quantity <> d.quantity""",
    ),
    Check(
        invariant="I4",
        code="ENTRY_ON_STALE_PRICE",
        query="""
        SELECT 'order ' || o.order_id, 'entry decided on a price ' || coalesce(d.price_age_ms::text, 'unknown')
               || ' ms old, ' || l.max_price_age_s || ' s are allowed'
        FROM "order" o JOIN decision d ON d.decision_id = o.decision_id
        JOIN limit_version l ON l.version = d.limits_version
        WHERE o.side = 'BUY' AND (d.outcome NOT IN ('APPROVED', 'TRIMMED') OR d.price IS NULL
          OR d.price_age_ms IS NULL OR d.price_age_ms > l.max_price_age_s * 1000)""",
    ),
    Check(
        invariant="I4",
        code="EXIT_BLOCKED",
        query="""
        SELECT 'decision ' || decision_id, 'exit refused: ' || reason_code FROM decision
        WHERE side = 'SELL' AND outcome IN ('REJECTED', 'EXPIRED') AND reason_code NOT IN
          ('POSITION_NONE', 'STOP_LOSS_NOT_REACHED', 'INSTRUMENT_UNKNOWN', 'SYSTEM_DEAD_LETTER')""",
    ),
    Check(
        invariant="I4",
        code="FILL_OUTSIDE_ITS_MINUTE",
        query=FILL_OUTSIDE_ITS_MINUTE,
    ),
    Check(
        invariant="I6",
        code="ENTRY_WHILE_NOT_ACTIVE",
        query="""
        SELECT 'order ' || o.order_id, 'entry claimed at ' || o.claimed_at || ', ' || s.state || ' since '
               || s.changed_at
        FROM "order" o JOIN LATERAL (SELECT state, changed_at FROM trading_state_change c
          WHERE c.account_id = o.account_id AND c.changed_at < o.claimed_at ORDER BY c.id DESC LIMIT 1) s ON true
        WHERE o.side = 'BUY' AND o.state <> 'CANCELED' AND s.state <> 'ACTIVE'""",
    ),
    Check(
        invariant="I6",
        code="BREAKER_WHILE_ACTIVE",
        query="""
        SELECT 'breaker ' || b.id, b.kind || ' is open since ' || b.opened_at || ' and trading is ACTIVE'
        FROM breaker b WHERE b.released_at IS NULL AND b.symbol = ''
          AND b.opened_at < now() - make_interval(secs => %(grace)s)
          AND (SELECT state FROM trading_state_change c WHERE c.account_id = b.account ORDER BY c.id DESC LIMIT 1)
              = 'ACTIVE'""",
    ),
    Check(
        invariant="I6",
        code="HALT_NEVER_FLAT",
        query="""
        SELECT 'close-out ' || id, 'began at ' || started_at || ' and is not flat' FROM close_out
        WHERE flat_at IS NULL AND given_up_at IS NULL AND started_at < now() - 10 * make_interval(secs => %(grace)s)""",
    ),
)

CODES = (*(check.code for check in CHECKS), "DECISION_DIFFERS")


def violations(*, grace_s: float = GRACE_S) -> list[Violation]:
    """All rows that break an invariant, in one consistent reading of the database."""
    found = []
    with db.snapshot():
        for check in CHECKS:
            for row, detail in db.select(check.query, {"grace": grace_s}):
                found.append(Violation(invariant=check.invariant, code=check.code, row=row, detail=detail))
        found += _redecided()
    return found


def _redecided() -> list[Violation]:
    """The newest decisions that come out otherwise when decided again."""
    differences = [difference for row in islice(decisions(), REDECIDED) for difference in redecide(row)]
    return [
        Violation(invariant="I5", code="DECISION_DIFFERS", row=f"decision {item.decision_id}", detail=str(item))
        for item in differences
    ]


def run_and_store(account: str, *, grace_s: float = GRACE_S) -> list[Violation]:
    """Audit, remember the run, and halt trading with an alert if anything was found."""
    started = SYSTEM.monotonic_s()
    found = violations(grace_s=grace_s)
    AuditRun.objects.create(
        violations=len(found),
        checked=dict.fromkeys(CODES, 0) | _counts(found),
        first=str(found[0]) if found else "",
        duration_ms=int((SYSTEM.monotonic_s() - started) * 1000),
    )
    VIOLATIONS.set(len(found))
    if found:
        reason = f"the audit found {len(found)} violations; first: {found[0]}"
        execution.gate.halt(account, by="audit_books", reason=reason)
        alerts.raise_alert(
            "BOOKS_DIFFER", source="risk", key=account, params={"count": len(found), "first": str(found[0])}
        )
    else:
        alerts.close_alert("BOOKS_DIFFER", source="risk", key=account)
    return found


def _counts(found: list[Violation]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for violation in found:
        counts[violation.code] = counts.get(violation.code, 0) + 1
    return counts

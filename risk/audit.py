"""The audit of the books: the invariants, each as a query that returns the rows which break it.

    I1  every signal has one decision, every approval an order, every order an end
    I2  every fill takes effect once: cash, fees, positions, orders and round trips are the sums of ledger and fills
    I3  the exposure recorded in an approval is within the limit version it used
    I4  no entry without an approval on a fresh price; no exit refused by the layers 1 to 4; no fill at a price its
        market did not have
    I5  the newest decisions come out the same when decided again from their recorded inputs
    I6  no entry is claimed between a halt and its release

A row younger than the grace may still be under way: the grace is longer than the restart of a service or a server and
the sweep after it take. An order has its end as long as somebody holds it: what rests at a venue, or is sent again
because the venue says that it never came, is looked after, however old it is. What is found names its rows, and halts
trading, unless somebody has acknowledged just that. Every minute what is new is looked at (`risk/audit_marks.py`), once
a day and with `manage.py audit_books` everything.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from prometheus_client import Gauge

import execution.gate
from cdb_site.alerts import operations as alerts
from cdb_site.clock import SYSTEM
from execution.gate import Owner
from marketdata.intervals import SECONDS
from risk import acknowledgements, audit_marks
from risk.audit_ledger import LATELY, LEDGER_CHECKS
from risk.audit_marks import Check, Findings, SumCheck, Violation
from risk.audit_trips import TRIP_CHECKS
from risk.audit_venue import VENUE_CHECKS
from risk.decision.redecide import decisions, redecide
from risk.models import AuditRun

VIOLATIONS = Gauge("cdb_audit_violations", "Rows that break an invariant, at the last audit")
GRACE_S = 120.0
REDECIDED = 200
CHECK_S, FULL_CHECK_S = 5.0, 60.0
FULL_EVERY = timedelta(days=1)
# An audit runs each minute, and may take its time.
LATELY_CLEAN = timedelta(seconds=90)
LENGTHS = ", ".join(f"('{name}', interval '{seconds} s')" for name, seconds in SECONDS.items())
# A fill against the candles from its quote's one to its own, and the one before, whose close a quiet book still shows:
# outside their range by more than the spread and the impact of a known depth, or the way over levels of the book, which
# all stand with the fill. Of the lengths that are stored the shortest counts; a candle without a deal tells no range.
FILL_OUTSIDE_ITS_MINUTE = f"""
    SELECT 'fill ' || f.fill_id, f.side || ' ' || f.symbol || ' at ' || f.price || ', traded from ' || seen.low
           || ' to ' || seen.high || ' then'
    FROM fill f
    JOIN marketdata_instrument i ON i.symbol = f.symbol
    CROSS JOIN LATERAL (SELECT
        (f.model->>'quoted_at')::timestamptz AS quoted_at, (f.model->>'ask')::numeric - (f.model->>'bid')::numeric
          AS spread,
        CASE WHEN f.model->>'kind' IN ('WALK', 'REST') THEN
          abs(f.price / (f.model->>(CASE f.side WHEN 'BUY' THEN 'ask' ELSE 'bid' END))::numeric - 1)
        WHEN (f.model->>'quote_volume_24h')::numeric > 0 OR f.model->>'depth_source' = 'CHOICE' THEN
          least((f.model->>'impact_bps')::numeric / 10000 * f.price * f.quantity / (f.model->>'depth')::numeric, 0.5)
        ELSE 0 END AS impact) AS stated
    CROSS JOIN LATERAL (
        SELECT min(c.low) AS low, max(c.high) AS high
        FROM marketdata_candle c JOIN (VALUES {LENGTHS}) AS length (name, span) ON length.name = c."interval"
        WHERE c.instrument_id = f.symbol AND c.volume > 0 AND c.open_time <= f.executed_at
          AND c.open_time > stated.quoted_at - 2 * length.span
        GROUP BY length.span HAVING bool_or(c.open_time > f.executed_at - length.span) ORDER BY length.span LIMIT 1
    ) AS seen
    WHERE {{recent}} AND f.price > 0 AND (f.price < (seen.low - stated.spread) * (1 - stated.impact) - i.price_tick
       OR f.price > (seen.high + stated.spread) * (1 + stated.impact) + i.price_tick)"""  # noqa: S608
CHECKS: tuple[Check | SumCheck, ...] = (
    Check(
        invariant="I1",
        code="SIGNAL_UNDECIDED",
        recent="created_at >= %(since)s - make_interval(secs => %(grace)s)",
        query="""
        SELECT 'signal ' || signal_id, 'has no decision' FROM signal s
        WHERE created_at < now() - make_interval(secs => %(grace)s) AND {recent}
          AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.signal_id)""",
    ),
    Check(
        invariant="I1",
        code="DECISION_WITHOUT_SIGNAL",
        recent="decided_at >= %(since)s",
        query="""
        SELECT 'decision ' || decision_id, 'names signal ' || signal_id || ', which is not stored' FROM decision d
        WHERE signal_id IS NOT NULL AND {recent}
          AND NOT EXISTS (SELECT 1 FROM signal s WHERE s.signal_id = d.signal_id)""",
    ),
    Check(
        invariant="I1",
        code="APPROVAL_WITHOUT_ORDER",
        recent="decided_at >= %(since)s",
        query="""
        SELECT 'decision ' || decision_id, 'was approved and has no order' FROM decision d
        WHERE order_id IS NOT NULL AND {recent}
          AND NOT EXISTS (SELECT 1 FROM "order" o WHERE o.order_id = d.order_id)""",
    ),
    Check(
        invariant="I1",
        code="ORDER_WITHOUT_APPROVAL",
        recent="created_at >= %(since)s",
        query="""
        SELECT 'order ' || order_id, 'has no approving decision' FROM "order" o
        WHERE {recent}
          AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.order_id = o.order_id AND d.decision_id = o.decision_id)""",
    ),
    Check(
        invariant="I1",
        code="ORDER_UNSETTLED",
        query="""
        SELECT 'order ' || order_id, 'is still ' || state || ' after ' || (now() - created_at) || ', looked after by'
               || ' nobody for ' || (now() - greatest(created_at, claimed_at, leased_at)) FROM "order"
        WHERE greatest(created_at, claimed_at, leased_at) < now() - make_interval(secs => %(grace)s)
          AND state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN') AND NOT (state = 'NEW' AND reduce_only)
          AND order_id NOT IN (SELECT order_id FROM quarantined_answer WHERE state = 'OPEN')""",
    ),
    *LEDGER_CHECKS,
    Check(
        invariant="I2",
        code="ORDER_IS_NOT_ITS_FILLS",
        recent=f"o.order_id {LATELY}",
        query="""
        SELECT 'order ' || o.order_id, 'filled ' || o.filled_quantity || ', fills ' || coalesce(f.total, 0)
        FROM "order" o LEFT JOIN LATERAL
          (SELECT sum(quantity) AS total, sum(fee) AS fee FROM fill WHERE fill.order_id = o.order_id) f ON true
        WHERE {recent} AND (o.filled_quantity <> coalesce(f.total, 0) OR o.fee <> coalesce(f.fee, 0))""",
    ),
    *TRIP_CHECKS,
    *VENUE_CHECKS,
    Check(
        invariant="I3",
        code="EXPOSURE_PAST_LIMIT",
        recent="d.decided_at >= %(since)s",
        query="""
        SELECT 'decision ' || d.decision_id, 'exposure ' || d.exposure_after || ' of equity ' || d.equity
               || ' past ' || l.max_exposure_pct
        FROM decision d JOIN limit_version l ON l.version = d.limits_version
        WHERE {recent} AND d.side = 'BUY' AND d.order_id IS NOT NULL
          AND d.exposure_after > l.max_exposure_pct * d.equity""",
    ),
    Check(
        invariant="I3",
        code="ORDER_EXCEEDS_DECISION",
        recent="o.created_at >= %(since)s",
        query="""
        SELECT 'order ' || o.order_id, 'quantity ' || o.quantity || ', decided ' || d.quantity
        FROM "order" o JOIN decision d ON d.decision_id = o.decision_id WHERE {recent} AND o.quantity <> d.quantity""",
    ),
    Check(
        invariant="I4",
        code="ENTRY_ON_STALE_PRICE",
        recent="o.created_at >= %(since)s",
        query="""
        SELECT 'order ' || o.order_id, 'entry decided on a price ' || coalesce(d.price_age_ms::text, 'unknown')
               || ' ms old, ' || l.max_price_age_s || ' s are allowed'
        FROM "order" o JOIN decision d ON d.decision_id = o.decision_id
        JOIN limit_version l ON l.version = d.limits_version
        WHERE {recent} AND o.side = 'BUY' AND (d.outcome NOT IN ('APPROVED', 'TRIMMED') OR d.price IS NULL
          OR d.price_age_ms IS NULL OR d.price_age_ms > l.max_price_age_s * 1000)""",
    ),
    Check(
        invariant="I4",
        code="EXIT_BLOCKED",
        recent="decided_at >= %(since)s",
        query="""
        SELECT 'decision ' || decision_id, 'exit refused: ' || reason_code FROM decision
        WHERE {recent} AND side = 'SELL' AND outcome IN ('REJECTED', 'EXPIRED') AND reason_code NOT IN
          ('POSITION_NONE', 'POSITION_NOT_YET', 'POSITION_DUST',
           'STOP_LOSS_NOT_REACHED', 'INSTRUMENT_UNKNOWN', 'SYSTEM_DEAD_LETTER')""",
    ),
    Check(
        invariant="I4",
        code="FILL_OUTSIDE_ITS_MINUTE",
        recent=f"f.order_id {LATELY}",
        query=FILL_OUTSIDE_ITS_MINUTE,
    ),
    Check(
        invariant="I6",
        code="ENTRY_WHILE_NOT_ACTIVE",
        recent="o.claimed_at >= %(since)s",
        query="""
        SELECT DISTINCT ON (o.order_id) 'order ' || o.order_id, 'entry claimed as number ' || o.gate_number || ', '
               || known.owner || ' ' || held.state || ' since number ' || held.id
        FROM "order" o CROSS JOIN (VALUES ('OPERATOR'), ('LOSS'), ('BREAKERS'), ('AUDIT')) AS known (owner),
        LATERAL (SELECT state, id FROM trading_state_change c WHERE c.account_id = o.account_id
          AND c.owner = known.owner AND c.id < o.gate_number ORDER BY c.id DESC LIMIT 1) AS held
        WHERE {recent} AND o.side = 'BUY' AND o.state <> 'CANCELED' AND held.state <> 'ACTIVE'
        ORDER BY o.order_id, held.id""",
    ),
    Check(
        invariant="I6",
        code="BREAKER_WHILE_ACTIVE",
        query="""
        SELECT 'breaker ' || b.id, b.kind || ' is open since ' || b.opened_at || ' and holds nothing'
        FROM breaker b WHERE b.released_at IS NULL AND b.symbol = ''
          AND b.opened_at < now() - make_interval(secs => %(grace)s)
          AND coalesce((SELECT state FROM trading_state_change c WHERE c.account_id = b.account
              AND c.owner = 'BREAKERS' ORDER BY c.id DESC LIMIT 1), 'ACTIVE') = 'ACTIVE'""",
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
    """All rows that break an invariant."""
    return look(grace_s=grace_s, full=True).violations


def look(*, grace_s: float, full: bool) -> Findings:
    """Every check, each in one consistent reading of the database; not `full`: on what is new since it last held."""
    found = Findings()
    marks = {} if full else audit_marks.known()
    limit_s = FULL_CHECK_S if full else CHECK_S
    for check in CHECKS:
        with found.timed(check.code):
            rows, mark = audit_marks.run(check, marks.get(check.code), grace_s=grace_s, limit_s=limit_s)
            new, _ = acknowledgements.split(found.add(check.invariant, check.code, rows))
            if not new:
                audit_marks.advance(check.code, mark)
    with found.timed("DECISION_DIFFERS"):
        found.violations += _redecided()
    return found


def _redecided() -> list[Violation]:
    """The newest decisions that come out otherwise when decided again."""
    differences = [difference for row in islice(decisions(), REDECIDED) for difference in redecide(row)]
    return [
        Violation(invariant="I5", code="DECISION_DIFFERS", row=f"decision {item.decision_id}", detail=str(item))
        for item in differences
    ]


def run_due(account: str) -> Findings:
    """The minute's run: of everything when that was last done a day ago, else of what is new."""
    lately = SYSTEM.wall_now() - FULL_EVERY
    return run_and_store(account, full=not AuditRun.objects.filter(full=True, ran_at__gt=lately).exists())


def clean_lately() -> bool:
    """Whether the last audit found nothing, and is no older than one is from the next."""
    last = AuditRun.objects.first()
    return last is not None and not last.violations and SYSTEM.wall_now() - last.ran_at < LATELY_CLEAN


def run_and_store(account: str, *, grace_s: float = GRACE_S, full: bool = True) -> Findings:
    """Audit, remember the run, and halt trading with an alert if anything was found that nobody has acknowledged."""
    started = SYSTEM.monotonic_s()
    checked = look(grace_s=grace_s, full=full)
    new, acknowledged = acknowledgements.split(checked.violations)
    AuditRun.objects.create(
        violations=len(new),
        acknowledged=len(acknowledged),
        checked=checked.told,
        first=str(new[0]) if new else "",
        full=full and not checked.missed,
        duration_ms=int((SYSTEM.monotonic_s() - started) * 1000),
    )
    VIOLATIONS.set(len(new))
    _tell_missed(account, checked)
    if new:
        reason = f"the audit found {len(new)} violations; first: {new[0]}"
        execution.gate.halt(account, by="audit_books", reason=reason, owner=Owner.AUDIT)
        alerts.raise_alert("BOOKS_DIFFER", source="risk", key=account, params={"count": len(new), "first": str(new[0])})
    elif not checked.missed:
        alerts.close_alert("BOOKS_DIFFER", source="risk", key=account)
    return checked


def _tell_missed(account: str, checked: Findings) -> None:
    if checked.missed:
        params = {"checks": ", ".join(checked.missed)}
        alerts.raise_alert("AUDIT_INCOMPLETE", source="risk", key=account, params=params)
    else:
        alerts.close_alert("AUDIT_INCOMPLETE", source="risk", key=account)

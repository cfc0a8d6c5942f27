"""What the audit asks of the books beside the venue: the last look that was answered found no difference, and an order
written down as nobody's is none of ours.

The looks themselves are execution's (`execution/reconcile.py`); the audit keeps a difference from being forgotten.
"""

from __future__ import annotations

from risk.audit_marks import Check, SumCheck

VENUE_CHECKS: tuple[Check | SumCheck, ...] = (
    Check(
        invariant="I2",
        code="VENUE_DIFFERS",
        query="""
        SELECT 'look ' || look.id || ' at ' || look.venue, one->>'what' || ': venue ' || (one->>'venue') || ', books '
          || (one->>'books')
        FROM (SELECT DISTINCT ON (account_id, venue) * FROM reconciliation
          WHERE result IN ('EVEN', 'DIFFERENT') ORDER BY account_id, venue, id DESC) AS look
        CROSS JOIN LATERAL jsonb_array_elements(look.differences) AS one""",
    ),
    Check(
        invariant="I2",
        code="EXTERNAL_IS_OURS",
        query="""
        SELECT 'external ' || e.id, e.venue_order_id || ' at ' || e.venue || ' is order ' || o.order_id
        FROM external_order e JOIN "order" o ON o.order_id = CASE WHEN e.client_order_id ~ '^[0-9a-f]{32}$'
          THEN e.client_order_id::uuid END""",
    ),
)

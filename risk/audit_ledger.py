"""What the audit asks of the ledger: each fill stands in it with all its legs, and what is kept are the sums of both.

That the legs of an entry are 0 together is the database's to check. Fees, profit and quantities are told by the fills,
and the ledger's columns of them are looked at fill by fill, so that one fault is told once. The entry value of what is
held, quantity × average entry, is what inventory adds up to, but for the rounding of amounts (1e-12 a fill) and of
averages (1e-18 a unit).
"""

from __future__ import annotations

from execution.queries import UNITS
from risk.audit_marks import Check, SumCheck

# Of an order, everything that may have changed it: it is open, or it was claimed or closed lately.
LATELY = """IN (SELECT order_id FROM "order" WHERE claimed_at >= %(since)s
    UNION SELECT order_id FROM "order" WHERE closed_at >= %(since)s
    UNION SELECT order_id FROM "order" WHERE state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN'))"""
FILL_NOT_IN_LEDGER = f"""
    SELECT 'fill ' || f.fill_id, 'ledger says trade ' || coalesce(told.traded::text, 'nothing') || ', fee '
      || coalesce(told.paid::text, 'nothing') || ', fees ' || coalesce(told.fees, 0) || ', realised '
      || coalesce(told.realized, 0) || ', units ' || coalesce(told.units, 0)
    FROM fill f CROSS JOIN LATERAL (SELECT -sum(realized) AS realized, sum(fees) AS fees, sum(units) AS units,
        max(amount) FILTER (WHERE kind IN ('TRADE', 'WRITE_OFF')) AS traded, max(amount) FILTER (WHERE kind = 'FEE')
        AS paid, bool_or(kind = 'WRITE_OFF') AS written_off,
        coalesce(-sum(units) FILTER (WHERE kind = 'DUST'), 0) AS dust
      FROM ledger_entry WHERE fill_id = f.fill_id) AS told
    WHERE {{recent}} AND (told.traded IS NULL OR told.written_off <> (f.price = 0)
      OR (told.paid IS NULL AND NOT told.written_off)
      OR told.paid <> CASE WHEN f.fee_quantity IS NULL THEN -f.fee ELSE 0 END OR told.fees <> f.fee
      OR told.realized <> f.realized_pnl OR told.units <> {UNITS.format(fill="f")}
      OR told.dust <> coalesce(f.dust_quantity, 0)
      OR abs(told.traded - (CASE f.side WHEN 'BUY' THEN -1 ELSE 1 END) * f.price * f.quantity) > 0.000000000001)"""  # noqa: S608
LEDGER_WITHOUT_ITS_FILL = """
    SELECT 'ledger entry ' || l.id, l.kind || ' ' || l.amount || ' of ' || l.account_id || ' names fill '
           || l.fill_id || ', which is ' || coalesce('of ' || o.account_id, 'not stored')
    FROM ledger_entry l LEFT JOIN fill f ON f.fill_id = l.fill_id LEFT JOIN "order" o ON o.order_id = f.order_id
    WHERE {recent} AND l.fill_id IS NOT NULL
      AND (o.account_id IS NULL OR l.account_id <> o.account_id OR f.account_id <> o.account_id)"""
BY_ACCOUNT = "SELECT id AS number, recorded_at, account_id AS key, {value} AS value FROM ledger_entry"
BY_SYMBOL = (
    "SELECT l.id AS number, l.recorded_at, f.symbol || ' of ' || l.account_id AS key, {value} AS value"
    " FROM ledger_entry l JOIN fill f ON f.fill_id = l.fill_id"
)
OF_FILLS = "SELECT fill_id AS number, recorded_at, account_id AS key, {value} AS value FROM fill"
CHANGES = f"""SELECT fill_id AS number, recorded_at, symbol || ' of ' || account_id AS key,
    {UNITS.format(fill="fill")} AS value FROM fill"""  # noqa: S608
HELD = "SELECT symbol || ' of ' || account_id AS key, {value} AS value FROM position"
# So much is never a missing entry; the fills are counted where it is more.
ROUNDED = """CASE WHEN abs(kept_value - summed) <= 1e-9 THEN 1e-9
    ELSE (SELECT 1e-12 * count(*) + 1e-18 * coalesce(sum(quantity), 0) FROM fill
      WHERE account_id = split_part(key, ' of ', 2) AND symbol = split_part(key, ' of ', 1)) END"""


def _of_account(code: str, column: str, entries: str, words: tuple[str, str]) -> SumCheck:
    """A column of the account is the sum of these entries."""
    kept = f"SELECT account AS key, {column} AS value FROM account"  # noqa: S608 - our own columns
    return SumCheck(code=code, kept=kept, entries=entries, words=("account", *words))


LEDGER_CHECKS: tuple[Check | SumCheck, ...] = (
    _of_account("CASH_IS_NOT_THE_LEDGER", "cash", BY_ACCOUNT.format(value="amount"), ("cash", "ledger")),
    _of_account("PAID_IN_IS_NOT_THE_LEDGER", "paid_in", BY_ACCOUNT.format(value="-capital"), ("paid in", "ledger")),
    _of_account("FEES_ARE_NOT_THE_FILLS", "fees", OF_FILLS.format(value="fee"), ("fees", "fills")),
    _of_account(
        "PROFIT_IS_NOT_THE_FILLS", "realized_pnl", OF_FILLS.format(value="realized_pnl"), ("realized", "fills")
    ),
    Check(invariant="I2", code="FILL_NOT_IN_LEDGER", recent=f"f.order_id {LATELY}", query=FILL_NOT_IN_LEDGER),
    Check(
        invariant="I2",
        code="LEDGER_WITHOUT_ITS_FILL",
        recent=f"l.fill_id >= (SELECT min(fill_id) FROM fill WHERE order_id {LATELY})",  # noqa: S608
        query=LEDGER_WITHOUT_ITS_FILL,
    ),
    SumCheck(
        code="POSITION_IS_NOT_THE_FILLS",
        kept=HELD.format(value="quantity"),
        entries=CHANGES,
        words=("position", "holds", "fills"),
    ),
    SumCheck(
        code="INVENTORY_IS_NOT_THE_POSITIONS",
        kept=HELD.format(value="quantity * avg_entry_price"),
        entries=BY_SYMBOL.format(value="l.inventory"),
        words=("position", "entered at", "ledger"),
        apart=ROUNDED,
    ),
)

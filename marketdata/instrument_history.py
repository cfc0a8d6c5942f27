"""What the rules of instruments were: a row whenever tick, step, minimums, fee, status or sides are found to be others.

What was decided on them can then be looked at again with those of its time. Before an instrument's first row nothing is
known of it.
"""

from __future__ import annotations

from datetime import datetime

from cdb_site import db
from marketdata.models import InstrumentRules

COLUMNS = ("price_tick", "quantity_step", "min_quantity", "min_notional", "taker_fee", "status", "sides")
THEIRS, OURS = (", ".join(f"{row}.{name}" for name in COLUMNS) for row in ("last", "now"))
RECORD = f"""INSERT INTO instrument_rules (instrument_id, {", ".join(COLUMNS)}, market_at)
    SELECT now.symbol, {OURS}, %s FROM marketdata_instrument AS now
    LEFT JOIN LATERAL (SELECT * FROM instrument_rules WHERE instrument_id = now.symbol
      ORDER BY market_at DESC, id DESC LIMIT 1) AS last ON true
    WHERE last.id IS NULL OR ({THEIRS}) IS DISTINCT FROM ({OURS})"""  # noqa: S608 - of nothing but constants


def record(market_now: datetime) -> int:
    """Write a row of each instrument whose rules are not those of its newest one. Returns how many."""
    return db.execute(RECORD, [market_now])


def rules_at(symbol: str, moment: datetime) -> InstrumentRules | None:
    """The rules that were in force at a market time; None where nobody has recorded any."""
    rows = InstrumentRules.objects.filter(instrument_id=symbol, market_at__lte=moment)
    return rows.order_by("-market_at", "-pk").first()

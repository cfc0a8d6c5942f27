"""What the rules of instruments were: a row whenever tick, step, minimums, fee, status or sides are found to be others.

What was decided on them can then be looked at again with those of its time. Before an instrument's first row nothing is
known of it.
"""

from __future__ import annotations

from collections.abc import Sequence
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


# The newest row at or before the one time, and all up to the other; where there is none so early, the oldest of later.
BETWEEN = """SELECT kept.* FROM unnest(%s::text[]) AS asked (symbol)
    CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT max(market_at) FROM instrument_rules WHERE instrument_id = symbol AND market_at <= %s),
        (SELECT min(market_at) FROM instrument_rules WHERE instrument_id = symbol)) AS since) AS first
    JOIN instrument_rules AS kept ON kept.instrument_id = symbol AND kept.market_at >= first.since
    WHERE kept.market_at < %s OR kept.market_at = first.since ORDER BY symbol, kept.market_at, kept.id"""


def record(market_now: datetime) -> int:
    """Write a row of each instrument whose rules are not those of its newest one. Returns how many."""
    return db.execute(RECORD, [market_now])


def rules_at(symbol: str, moment: datetime) -> InstrumentRules | None:
    """The rules that were in force at a market time; None where nobody has recorded any."""
    rows = InstrumentRules.objects.filter(instrument_id=symbol, market_at__lte=moment)
    return rows.order_by("-market_at", "-pk").first()


def histories(symbols: Sequence[str], since: datetime, until: datetime) -> dict[str, list[InstrumentRules]]:
    """By symbol what its rules were from one market time to before another, oldest first: those in force at the
    beginning, then each change. What was recorded later only, is there by its oldest row; a symbol without any is not.
    """
    found: dict[str, list[InstrumentRules]] = {}
    for row in InstrumentRules.objects.raw(BETWEEN, [list(symbols), since, until]):
        found.setdefault(row.instrument_id, []).append(row)
    return {symbol: _in_force(rows, since) for symbol, rows in found.items()}


def _in_force(rows: list[InstrumentRules], since: datetime) -> list[InstrumentRules]:
    """Without those of the same first moment that another one has replaced at once."""
    before = sum(row.market_at <= since for row in rows)
    return rows[max(before - 1, 0) :]

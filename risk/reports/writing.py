"""Writes the report of each day that is over, once: by a timed job, whoever runs it and however often.

A day is written when the equity it closed with is settled, which is the next day's opening (`docs/days.md`). After a
standstill over one or several midnights the days of it follow one after the other, each closing with what the next
opens with. Two that write at once write one: the day and the account are unique, and what is there is never changed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cdb_site import db
from risk.models import DailyReport
from risk.reports import day, trips
from risk.reports.queries import flows

DAYS_MAX = 40
LAST_DAY = "SELECT day FROM daily_report WHERE account = %s ORDER BY day DESC LIMIT 1"


def write_due(account: str, now: datetime) -> list[date]:
    """Write the reports of the days before the market time `now` that have none; at most 40, the next look goes on.
    Returns the days that were new. Without an account there is none."""
    due = due_days(account, now)
    if due:
        trips.catch_up(account)
    written = []
    for one in due:
        with db.snapshot():
            figures, body = day.put_together(account, one, now)
        if figures.closing is None or not figures.closing.settled:
            break
        if db.bulk_insert(DailyReport, [row(account, figures, body)], on_conflict="DO NOTHING", returning="day"):
            written.append(one)
    return written


def due_days(account: str, now: datetime) -> list[date]:
    """The days that are over and have no report, oldest first."""
    stored = db.select(LAST_DAY, (account,))
    if stored:
        first = stored[0][0] + timedelta(days=1)
    else:
        paid = flows(account)
        if not paid:
            return []
        first = paid[0][0].date()
    count = min((now.date() - first).days, DAYS_MAX)
    return [first + timedelta(days=number) for number in range(count)]


def row(account: str, figures: day.DayFigures, body: dict[str, Any]) -> dict[str, Any]:
    """The columns of a day that is over."""
    closing = figures.closing
    if closing is None:
        raise ValueError(f"{figures.day} is not over")
    amounts: dict[str, Decimal | None] = {
        "opening_equity": figures.opening.equity,
        "closing_equity": closing.equity,
        "paid_in": figures.paid_in,
        "result": figures.result,
        "realized_pnl": figures.realized,
        "open_pnl": figures.open,
        "fees": figures.fees,
        "slippage_cost": figures.slippage_cost,
    }
    return {"account": account, "day": figures.day, "body": body, **amounts}

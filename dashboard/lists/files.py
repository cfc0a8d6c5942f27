"""Decisions, signals without one, and alerts as files for spreadsheets: the rows that the page's filters leave, newest
first, found page by page by their key. More than MOST rows are not written; the last line then says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.alerts.catalog import sentence as alert_sentence
from cdb_site.alerts.models import Alert
from dashboard import spreadsheets
from dashboard.lists.alert_list import OPEN, AlertFilters
from dashboard.lists.decision_filters import UNDECIDED, DecisionFilters, layer_of
from dashboard.lists.decision_list import undecided
from dashboard.lists.keyset import keyset_page
from dashboard.spreadsheets import Cells, Sheet
from risk.models import Decision
from risk.rules.reasons import sentence
from signals_app.models import Signal

MOST = 200_000
Columns = dict[Any, Callable[[Any], Any]]
DECISIONS: Columns = {
    gettext_lazy("Time"): lambda row: row.occurred_at,
    gettext_lazy("Symbol"): lambda row: row.symbol,
    gettext_lazy("Side"): lambda row: row.side,
    gettext_lazy("Kind"): lambda row: row.kind,
    gettext_lazy("Outcome"): lambda row: row.outcome,
    gettext_lazy("Stopped by"): lambda row: layer_of(row.outcome, row.reason_code),
    gettext_lazy("Wanted"): lambda row: row.wanted_quantity,
    gettext_lazy("Allowed"): lambda row: row.quantity,
    gettext_lazy("Price"): lambda row: row.price,
    gettext_lazy("Price age, ms"): lambda row: row.price_age_ms,
    gettext_lazy("Equity"): lambda row: row.equity,
    gettext_lazy("Exposure with it"): lambda row: row.exposure_after,
    gettext_lazy("Limits"): lambda row: row.limits_version,
    gettext_lazy("Trading"): lambda row: row.trading_state,
    gettext_lazy("Code"): lambda row: row.reason_code,
    gettext_lazy("Reason"): lambda row: sentence(row.reason_code, row.params),
    gettext_lazy("Decision"): lambda row: row.decision_id,
    gettext_lazy("Signal"): lambda row: row.signal_id,
    gettext_lazy("Order"): lambda row: row.order_id,
}
SIGNALS: Columns = {
    gettext_lazy("Candle"): lambda row: row.open_time,
    gettext_lazy("Symbol"): lambda row: row.symbol,
    gettext_lazy("Side"): lambda row: row.side,
    gettext_lazy("Momentum"): lambda row: row.momentum,
    gettext_lazy("Good until"): lambda row: row.expires_at,
    gettext_lazy("Signal"): lambda row: row.signal_id,
}
ALERTS: Columns = {
    gettext_lazy("Raised"): lambda row: row.raised_at,
    gettext_lazy("Level"): lambda row: row.level,
    gettext_lazy("Code"): lambda row: row.code,
    gettext_lazy("Symbol"): lambda row: row.params.get("symbol"),
    gettext_lazy("What"): lambda row: alert_sentence(row.code, row.params),
    gettext_lazy("State"): lambda row: row.state,
    gettext_lazy("Times"): lambda row: row.count,
    gettext_lazy("Closed"): lambda row: row.closed_at,
    gettext_lazy("Seen by"): lambda row: row.acknowledged_by,
    gettext_lazy("Seen"): lambda row: row.acknowledged_at,
    gettext_lazy("Alert"): lambda row: row.alert_id,
}


def decisions_file(filters: DecisionFilters, day: date | None, sheet: Sheet) -> AsyncIterator[str]:
    if filters.outcome == UNDECIDED:
        signals = undecided(filters, day)
        return _file(sheet, SIGNALS, _portions(signals, SIGNALS, at="open_time", name="signal_id"))
    rows = filters.query(day, Decision.objects.defer("inputs", "layers"))
    return _file(sheet, DECISIONS, _portions(rows, DECISIONS, at="occurred_at", name="decision_id"))


def alerts_file(filters: AlertFilters, now: datetime, sheet: Sheet) -> AsyncIterator[str]:
    rows = Alert.objects.filter(OPEN) if filters.view == "open" else Alert.objects.all()
    asked = filters.query(rows, now.astimezone(UTC).date())
    return _file(sheet, ALERTS, _portions(asked, ALERTS, at="raised_at", name="alert_id"))


def _file(sheet: Sheet, columns: Columns, portions: Iterator[list[Cells]]) -> AsyncIterator[str]:
    return spreadsheets.stream(sheet, list(columns), portions)


def _portions(
    rows: QuerySet[Decision] | QuerySet[Signal] | QuerySet[Alert], columns: Columns, *, at: str, name: str
) -> Iterator[list[Cells]]:
    older, count = "", 0
    while count == 0 or older:
        if count >= MOST:
            yield [[_("There are more than %(most)s rows; narrow the list for the rest.") % {"most": MOST}]]
            return
        page = keyset_page(rows, {"before": older}, at=at, name=name, size=min(spreadsheets.PORTION, MOST - count))
        yield [[cell(row) for cell in columns.values()] for row in page.rows]
        older, count = page.older, count + max(1, len(page.rows))

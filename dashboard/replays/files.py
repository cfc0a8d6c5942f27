"""The rows of a run as a file for spreadsheets, all that are asked for, exact; the curve as its picture has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dashboard import spreadsheets
from dashboard.spreadsheets import Cells, Sheet
from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip

TRIP_COLUMNS: dict[str, Any] = {
    "closed_at": _("Closed"),
    "symbol": _("Symbol"),
    "opened_at": _("Opened"),
    "quantity": _("Quantity"),
    "entry_notional": _("Entry value"),
    "exit_notional": _("Exit value"),
    "gross": _("Before fees"),
    "fees": _("Fees"),
    "net": _("Net result"),
    "exit_reason": _("Closed because"),
    "entry": _("Entry decision"),
    "exit": _("Exit decision"),
}
DECISION_COLUMNS: dict[str, Any] = {
    "at": _("Decided"),
    "number": _("Number"),
    "kind": _("Because"),
    "side": _("Side"),
    "symbol": _("Symbol"),
    "outcome": _("Outcome"),
    "reason_code": _("Reason"),
    "wanted_quantity": _("Wanted"),
    "quantity": _("Allowed"),
    "exposure_after": _("Exposure"),
}
CURVE_COLUMNS: dict[str, Any] = {
    "at": _("Time"),
    "equity": _("Equity"),
    "exposure": _("Exposure"),
    "benchmark": _("Universe held"),
}
ROWS = ("trips", "decisions")
COLUMNS = {"trips": TRIP_COLUMNS, "decisions": DECISION_COLUMNS, "curve": CURVE_COLUMNS}


def listed(run: ReplayRun, what: str, asked: Mapping[str, str]) -> QuerySet[Any]:
    """The rows that are asked for, oldest first; decisions perhaps of one reason."""
    if what == "trips":
        return ReplayRunTrip.objects.filter(run=run).order_by("number")
    found = ReplayRunDecision.objects.filter(run=run).order_by("number")
    reason = asked.get("reason", "").replace("\x00", "")
    return found.filter(reason_code=reason) if reason else found


def file_of(run: ReplayRun, what: str, asked: Mapping[str, str], sheet: Sheet) -> AsyncIterator[str]:
    columns = COLUMNS[what]
    portions = iter([_curve(run)]) if what == "curve" else _portions(listed(run, what, asked), list(columns))
    return spreadsheets.stream(sheet, list(columns.values()), portions)


def _portions(rows: QuerySet[Any], names: list[str]) -> Iterator[Iterable[Cells]]:
    last = 0
    while portion := list(rows.filter(number__gt=last).values_list("number", *names)[: spreadsheets.PORTION]):
        yield [cells[1:] for cells in portion]
        last = portion[-1][0]


def _curve(run: ReplayRun) -> list[Cells]:
    told = (run.result or {}).get("curve") or {}
    times = [datetime.fromtimestamp(at, UTC) for at in told.get("at") or []]
    columns = [[None if value is None else Decimal(repr(value)) for value in told[name]] for name in
               list(CURVE_COLUMNS)[1:] if name in told]  # fmt: skip
    return list(zip(times, *columns, strict=True))

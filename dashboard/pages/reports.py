"""Reports: results by day, symbol, exit, limits, hour and weekday of a period that stands in the address; one day's
report; both as files for programs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from dashboard.pages import report_tables
from dashboard.pages.shell import page
from dashboard.spreadsheets import sheet_of
from dashboard.trades.words import ORDER_STATES
from execution.queries import PAPER
from risk.reports import day, period
from risk.rules.reasons import sentence

PRESETS = (1, 7, 30, 90)
DEFAULT_DAYS = 30
EVER = date(2000, 1, 1)


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    now = SYSTEM.market_now()
    first, last, preset = asked_period(request, now.date())
    shared: dict[str, Any] = {"preset": preset, "presets": PRESETS, "yesterday": now.date() - timedelta(days=1)}
    try:
        told = period.period(PAPER, first, last, now)
    except LookupError as problem:
        return page(request, "reports", shared | {"problem": str(problem)}, status=200)
    if request.GET.get("file") == "csv":
        return as_csv(request, report_tables.day_rows(told), f"reports_{told.first}_{told.last}")
    if request.GET.get("file") == "json":
        return JsonResponse(report_tables.as_json(told))
    return page(request, "reports", shared | report_tables.context(told, now.date()))


@require_safe
def day_report(request: HttpRequest, wanted: str) -> HttpResponse:
    """One day; `today` and `yesterday` are days, too."""
    now = SYSTEM.market_now()
    one = parsed(wanted) or {"today": now.date(), "yesterday": now.date() - timedelta(days=1)}.get(wanted)
    try:
        if one is None:
            raise day.NoSuchDay(_("%(wanted)s is no day") % {"wanted": wanted[:40]})
        body = day.report(PAPER, one, now)
    except LookupError as problem:
        return page(request, "day-report", {"problem": str(problem)}, status=404)
    if request.GET.get("file") == "json":
        return JsonResponse(body)
    if request.GET.get("file") == "csv":
        return as_csv(request, report_tables.day_cells(body), f"report_{one}")
    reasons = [row | {"words": sentence(row["code"], row["params"])} for row in body["decisions"]["reasons"]]
    shared = {
        "body": report_tables.numbers(body),
        "day": one,
        "before": one - timedelta(days=1),
        "after": one + timedelta(days=1) if one < now.date() else None,
        "reasons": reasons,
        "order_states": report_tables.in_words(body["orders"]["by_state"], ORDER_STATES),
        "outcomes": report_tables.in_words(body["decisions"]["by_outcome"], report_tables.DECIDED),
        "tables": report_tables.tables_of(body["trips"]),
        "steps": report_tables.steps(body["slippage"]),
        "page_title": _("Report of %(day)s") % {"day": one.isoformat()},
    }
    return page(request, "day-report", shared)


def asked_period(request: HttpRequest, today: date) -> tuple[date, date, str]:
    """(first, last, which preset) of the address; what is no day there is not heard."""
    first, last = parsed(request.GET.get("first", "")), parsed(request.GET.get("last", ""))
    if first or last:
        return first or EVER, last or today, ""
    days = request.GET.get("days", str(DEFAULT_DAYS))
    if days == "all":
        return EVER, today, "all"
    count = int(days) if days.isascii() and days.isdigit() and int(days) in PRESETS else DEFAULT_DAYS
    return today - timedelta(days=count - 1), today, str(count)


def parsed(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def as_csv(request: HttpRequest, rows: list[list[Any]], name: str) -> HttpResponse:
    content = sheet_of(request).lines(rows)
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer

"""Decisions: what was decided on every signal, and by which layer; and what would be decided now."""

from __future__ import annotations

from datetime import UTC

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from dashboard.lists import days, decision_filters
from dashboard.lists.decision_list import context
from dashboard.lists.files import decisions_file
from dashboard.pages.shell import page
from dashboard.spreadsheets import download, sheet_of


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    return page(request, "decisions", context(request.GET.dict(), SYSTEM))


@require_safe
def decisions_as_file(request: HttpRequest) -> StreamingHttpResponse:
    """What the list shows, all of it, as a file for a spreadsheet of the reader's language."""
    given = request.GET.dict()
    day = days.chosen(given.get("day", ""), SYSTEM.market_now().astimezone(UTC).date())
    return download(decisions_file(decision_filters.asked(given), day, sheet_of(request)), "decisions")

"""Alerts: what is open, what was, who has seen it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from dashboard.lists.alert_list import asked, context
from dashboard.lists.files import alerts_file
from dashboard.pages.shell import page
from dashboard.spreadsheets import download, sheet_of


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    return page(request, "alerts", context(request.GET.dict(), SYSTEM))


@require_safe
def alerts_as_file(request: HttpRequest) -> StreamingHttpResponse:
    """What the list shows, all of it, as a file for a spreadsheet of the reader's language."""
    content = alerts_file(asked(request.GET.dict()), SYSTEM.wall_now(), sheet_of(request))
    return download(content, "alerts")

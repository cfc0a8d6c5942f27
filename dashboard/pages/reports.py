"""Reports: results by day, symbol, exit and hour."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    return page(request, "reports")

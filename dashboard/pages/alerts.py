"""Alerts: what is open, what was, who has seen it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from dashboard.lists.alert_list import context
from dashboard.pages.shell import page


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    return page(request, "alerts", context(request.GET.dict(), SYSTEM))

"""Trades: round trips, orders and fills."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def trades(request: HttpRequest) -> HttpResponse:
    return page(request, "trades")

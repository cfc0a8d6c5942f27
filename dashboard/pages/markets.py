"""Markets: every symbol that is watched, its momentum and rank, and why one is out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def markets(request: HttpRequest) -> HttpResponse:
    return page(request, "markets")


@require_safe
def market(request: HttpRequest, symbol: str) -> HttpResponse:
    return page(request, "markets")

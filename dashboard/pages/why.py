"""Why: one chain from candle to people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def why(request: HttpRequest, wanted: str) -> HttpResponse:
    return page(request, "why")

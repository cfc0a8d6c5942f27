"""Break it: faults of the simulated market, what should happen, and what does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def break_it(request: HttpRequest) -> HttpResponse:
    return page(request, "break-it")

"""Risk: the limits, how far the account is from each, and who may change them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def risk(request: HttpRequest) -> HttpResponse:
    return page(request, "risk")

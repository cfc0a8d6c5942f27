"""Decisions: what was decided on every signal, and by which layer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    return page(request, "decisions")

"""Decisions: what was decided on every signal, and by which layer; and what would be decided now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from dashboard.lists.decision_list import context
from dashboard.pages.shell import page


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    return page(request, "decisions", context(request.GET.dict(), SYSTEM))

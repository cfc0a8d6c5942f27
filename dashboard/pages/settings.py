"""Settings: language, theme, time zone, keys and sound of the person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.pages.shell import page


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    return page(request, "settings")

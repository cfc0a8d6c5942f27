"""Health: services, the way of the signals, topics, feed, books, servers. Heartbeats come over the socket; the rest is
read by the page every few seconds from one address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from dashboard import system_facts
from dashboard.pages.shell import page


@require_safe
def system_health(request: HttpRequest) -> HttpResponse:
    return page(request, "system-health", {"facts": system_facts.read()})


@require_safe
def facts(request: HttpRequest) -> JsonResponse:
    """What the page reads again while it is open."""
    return JsonResponse(system_facts.read())

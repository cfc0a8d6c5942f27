"""The overview page's shell, and what machines ask of the process: health and metrics."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from cdb_site.clock import SYSTEM
from cdb_site.health.server import report
from cdb_site.services import SERVICES
from dashboard.live import process


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/overview.html", {"boot": boot_data(), "market": market()})


def boot_data() -> dict[str, Any]:
    """What the page's modules must know before the first message arrives."""
    environment = settings.ENVIRONMENT
    return {
        "time_zone": environment.TZ,
        "quote_asset": environment.QUOTE_ASSET,
        "interval": environment.INTERVAL,
        "interval_s": environment.interval_s,
        "services": [{"name": row.name, "title": row.title, "expected": row.kind != "exchange"} for row in SERVICES],
    }


def market() -> dict[str, Any]:
    """Which market is shown; the live clock repeats it to the page."""
    anchor = SYSTEM.anchor
    simulated = anchor.simulated or settings.ENVIRONMENT.MARKET == "SIMULATED"
    return {"simulated": simulated, "label": anchor.label, "rate": f"{anchor.rate:g}"}


@login_not_required
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 while the reader's loop turns; tells of progress and nothing of the account."""
    live = process.running()
    if live is None:
        return JsonResponse({"service": "dashboard", "status": "FAILING", "reason": "no reader runs here"}, status=503)
    healthy, body = report(live.runtime)
    return JsonResponse(body, status=200 if healthy else 503)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    response: HttpResponse = ExportToDjangoView(request)
    return response

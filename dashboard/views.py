"""What machines ask of the process: health and metrics. The pages for people are in `dashboard/pages`."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from cdb_site.health.server import report
from dashboard.live import process


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

"""Why: one chain from candle to people, from any id of it: signal, decision, order, fill or alert."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from dashboard.chains.layers import marks
from dashboard.chains.page import context
from dashboard.pages.shell import page
from risk.models import Decision
from risk.operator import trace
from risk.operator.trace_text import as_json
from risk.rules.reasons import sentence

SHOWN_MOST = 80


@require_safe
def why(request: HttpRequest, wanted: str) -> HttpResponse:
    as_data = request.GET.get("format") == "json"
    try:
        chain = trace.find(wanted)
    except trace.NotFound as unknown:
        if as_data:
            return JsonResponse({"error": str(unknown)}, status=404)
        return page(request, "why", _unknown(wanted, unknown), status=404)
    if as_data:
        return JsonResponse(as_json(chain))
    return page(request, "why", {"wanted": wanted} | context(chain, SYSTEM))


def _unknown(wanted: str, unknown: trace.NotFound) -> dict[str, Any]:
    """What ids look like, and which are near."""
    shown = wanted if len(wanted) <= SHOWN_MOST else f"{wanted[:SHOWN_MOST]}…"
    nearest = unknown.nearest or list(Decision.objects.order_by("-decided_at").defer("inputs")[:3])
    return {
        "unknown": shown,
        "question": _("Why what?"),
        "several": unknown.several,
        "nearest": [(row, marks(row), sentence(row.reason_code, row.params)) for row in nearest],
    }

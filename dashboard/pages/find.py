"""Find: orders and decisions by the beginning of their id, and symbols by a part of their name, as JSON for the dialog.

An id is looked up as a range of its primary key, so that it costs the same whatever the number of rows. Only reads.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from execution.models import Order
from marketdata.models import Instrument, UniverseMember
from risk.models import Decision

HEX = re.compile(r"[0-9a-f]{4,32}")
SHOWN = 5
WANTED_MAX = 60


@require_safe
def find(request: HttpRequest) -> JsonResponse:
    wanted = request.GET.get("q", "").strip()[:WANTED_MAX]
    return JsonResponse({"orders": by_id(wanted), "symbols": by_symbol(wanted)})


def by_id(wanted: str) -> list[dict[str, Any]]:
    """Orders first; of decisions those without an order, which has the same id."""
    prefix = wanted.lower().replace("-", "")
    if not HEX.fullmatch(prefix):
        return []
    bounds = (UUID(prefix.ljust(32, "0")), UUID(prefix.ljust(32, "f")))
    found = _told("order", Order.objects.filter(pk__range=bounds))
    return [*found, *_told("decision", Decision.objects.filter(pk__range=bounds, order_id=None))][:SHOWN]


def _told(kind: str, rows: QuerySet[Any]) -> list[dict[str, Any]]:
    columns = rows.order_by("pk").values_list("pk", "symbol", "side", "kind")[:SHOWN]
    return [
        {"kind": kind, "id": str(pk), "symbol": symbol, "side": side, "cause": cause}
        for pk, symbol, side, cause in columns
    ]


def by_symbol(wanted: str) -> list[dict[str, Any]]:
    """Watched ones first: most pages know no symbols of their own."""
    if not wanted:
        return []
    watched = Exists(UniverseMember.objects.filter(pk=OuterRef("pk")))
    found = Instrument.objects.filter(symbol__icontains=wanted).annotate(watched=watched)
    rows = found.order_by("-watched", "symbol").values_list("symbol", "watched")[:SHOWN]
    return [{"symbol": symbol, "watched": watched} for symbol, watched in rows]

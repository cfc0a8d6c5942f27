"""The REST API's first address: how the system stands, for programs. Everything else of the API has its place here."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cdb_site.clock import SYSTEM, iso
from dashboard.live import facts
from execution.queries import PAPER


class StatusView(APIView):
    """GET: trading state, market and its clock, and the last audit of the books. For every logged-in user."""

    def get(self, request: Request) -> Response:
        anchor = SYSTEM.anchor
        body: dict[str, Any] = {
            "account": PAPER,
            "mode": "PAPER",
            "market": {"simulated": anchor.simulated, "label": anchor.label, "rate": anchor.rate},
            "market_now": iso(SYSTEM.market_now()),
            "wall_now": iso(SYSTEM.wall_now()),
            **facts.books(),
        }
        return Response(body)

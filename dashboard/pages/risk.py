"""Risk: the limits, how far the account is from each, who holds trading back, and who may change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from cdb_site.languages import twin
from dashboard.limits.change import change
from dashboard.limits.distances import distances, floors
from dashboard.limits.history import history
from dashboard.pages.shell import page
from execution.queries import PAPER
from risk import queries
from risk.models import Breaker, Proposal
from risk.operator.proposals import second_person_required
from risk.operator.status_report import fresh_source, report
from risk.rules.circuit_breakers import KINDS

# More than that are named by their number alone.
MOST = 50


@require_safe
def risk(request: HttpRequest) -> HttpResponse:
    try:
        status, limits = report(fresh_source(PAPER, SYSTEM)), queries.limits(PAPER)
    except LookupError:
        return page(request, "risk", {"status": None})
    trading = status["trading"]
    return page(
        request,
        "risk",
        {
            "status": status,
            "limits": limits,
            "rows": distances(status, limits),
            "floors": floors(status, limits),
            "trading": trading | {"at": _moment(trading["since"])},
            "holders": [hold | {"at": _moment(hold["since"])} for hold in trading["holders"]],
            "breakers": breakers(),
            "proposals": open_proposals(request.user.get_username()),
            "two_persons": second_person_required(),
            "change": change(request.GET.dict(), limits),
            "history": history(request.GET.dict()),
        },
    )


def breakers() -> dict[str, Any]:
    rows = Breaker.objects.filter(account=PAPER, released_at=None)
    return {
        "count": rows.count(),
        "rows": [
            {
                "row": row,
                "unit": KINDS[row.kind].unit,
                "meaning": twin(KINDS[row.kind], "meaning"),
                "next": str(twin(KINDS[row.kind], "next_step")).replace("`", ""),
                "latched": KINDS[row.kind].latched,
            }
            for row in rows[:MOST]
        ],
    }


def open_proposals(me: str) -> list[dict[str, Any]]:
    """What waits for a second person; one's own can only be taken back."""
    rows = Proposal.objects.filter(account=PAPER, state="PROPOSED", expires_at__gt=timezone.now())
    return [{"row": row, "mine": row.proposed_by == me} for row in rows[:MOST]]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

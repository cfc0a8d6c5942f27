"""Risk: the limits, how far the account is from each, who holds trading back, and who may change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from cdb_site.languages import twin
from dashboard.limits.change import change
from dashboard.limits.distances import distances, floors, worst_today
from dashboard.limits.history import history
from dashboard.limits.proposal_words import proposal_words
from dashboard.live.day import DaySoFar
from dashboard.pages.shell import may, page
from execution.queries import PAPER
from risk import queries
from risk.models import Breaker, Proposal
from risk.operator.proposals import second_person_required
from risk.operator.status_report import fresh_source, report
from risk.rules.circuit_breakers import KINDS

# More than that are named by their number alone.
MOST = 50


DAY = DaySoFar()


@require_safe
def risk(request: HttpRequest) -> HttpResponse:
    standing = now(request)
    if standing["status"] is None:
        return page(request, "risk", standing)
    given, limits = request.GET.dict(), standing["limits"]
    return page(request, "risk", standing | {"change": change(given, limits), "history": history(given)})


@require_safe
def risk_now(request: HttpRequest) -> HttpResponse:
    """The panels that move, alone: the open page reads them again and again."""
    return render(request, "dashboard/risk/now.html", now(request) | {"may": may(request)})


def now(request: HttpRequest) -> dict[str, Any]:
    """How it stands at this moment; `status` is None without an account."""
    try:
        status, limits = report(fresh_source(PAPER, SYSTEM)), queries.limits(PAPER)
    except LookupError:
        return {"status": None}
    trading = status["trading"]
    return {
        "back": reverse("risk"),
        "status": status,
        "limits": limits,
        "rows": distances(status, limits, worst_today(status, DAY.worst())),
        "floors": floors(status, limits),
        "trading": trading | {"at": _moment(trading["since"])},
        "holders": [hold | {"at": _moment(hold["since"])} for hold in trading["holders"]],
        "breakers": breakers(),
        "proposals": open_proposals(request.user.get_username()),
        "two_persons": second_person_required(),
    }


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
    return [{"row": row, "words": proposal_words(row), "mine": row.proposed_by == me} for row in rows[:MOST]]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

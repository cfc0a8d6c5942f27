"""Break it: faults of the simulated market, what should happen, and what does. On a real feed there is no such page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from dashboard import breaking, service_faults
from dashboard.pages.shell import OPERATE, market, page
from dashboard.service_faults import SERVICE_KINDS
from mexc_sim.faults.catalog import FaultProblem
from mexc_sim.faults.client import ControlProblem

CATEGORIES = {
    "data": _lazy("Data"),
    "connection": _lazy("Connection"),
    "rest": _lazy("REST"),
    "prices": _lazy("Prices"),
    "trading": _lazy("Trading"),
    "services": _lazy("Services"),
}


@require_safe
def break_it(request: HttpRequest) -> HttpResponse:
    _only_simulated()
    named = request.GET.get("category", "")
    kinds: list[Any] = [*breaking.offered(), *(SERVICE_KINDS.values() if service_faults.offered() else ())]
    context = {
        "kinds": [kind for kind in kinds if named not in CATEGORIES or kind.category == named],
        "categories": CATEGORIES.items(),
        "category": named if named in CATEGORIES else "",
        "supervised": service_faults.offered(),
    }
    return page(request, "break-it", context)


@require_safe
def standing(request: HttpRequest) -> JsonResponse:
    """What holds and what came of it, asked every second by the open page."""
    _only_simulated()
    return JsonResponse(breaking.standing(request.GET.get("run", "")))


@require_POST
def begin(request: HttpRequest, kind: str) -> HttpResponse:
    _only_operators(request)
    form: Any = request.POST.dict()
    try:
        messages.success(request, breaking.begin(kind, form, by=request.user.get_username()))
    except (FaultProblem, ControlProblem) as problem:
        messages.error(request, str(problem))
    return _back(request)


@require_POST
def end(request: HttpRequest, number: int) -> HttpResponse:
    _only_operators(request)
    try:
        breaking.end(number, by=request.user.get_username())
        messages.success(request, _("Fault %(number)s is ended.") % {"number": number})
    except ControlProblem as problem:
        messages.error(request, str(problem))
    return _back(request)


@require_POST
def prove(request: HttpRequest) -> JsonResponse:
    """The whole audit, really run; a difference halts trading as ever."""
    _only_operators(request)
    return JsonResponse(breaking.prove())


def _back(request: HttpRequest) -> HttpResponse:
    """To the page as it was looked at."""
    named = request.POST.get("category", "")
    return redirect(reverse("break-it") + (f"?category={named}" if named in CATEGORIES else ""))


def _only_simulated() -> None:
    if not market()["simulated"]:
        raise Http404


def _only_operators(request: HttpRequest) -> None:
    _only_simulated()
    if not request.user.has_perm(OPERATE):
        raise PermissionDenied

"""Replays: the runs that people asked for, a new one, one of them with its rows and files, and two side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cdb_site.clock import SYSTEM
from dashboard.pages.shell import page
from dashboard.replays import beside, decided, figures, files, form, standing, words
from dashboard.replays import found as search_found
from dashboard.spreadsheets import download, sheet_of
from replay import operations, queries
from replay.models import ReplayRun, ReplayRunDecision
from replay.operations import RunRefused
from replay.wishes import UnfitRun, offered, read_run
from risk.roles import OPERATE

RUNS_SHOWN = 30
ROWS_SHOWN = 100
FIELD_MOST = 2_000


@require_safe
def replays(request: HttpRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    kind = kind if kind in words.KINDS else ""
    before = _moment(request.GET.get("before", ""))
    found = queries.runs(kind).filter(asked_at__lt=before) if before else queries.runs(kind)
    rows = list(found[: RUNS_SHOWN + 1])
    shown = rows[:RUNS_SHOWN]
    context = {
        "kind": kind,
        "kinds": words.KINDS.items(),
        "about": words.ABOUT[kind],
        "command": words.COMMANDS.get(kind, ""),
        "rows": [standing.listed(run) for run in shown],
        "older": shown[-1].asked_at.isoformat() if len(rows) > RUNS_SHOWN else "",
        "paged": bool(before),
        "offered": offered(),
        "new": words.NEW.get(kind, words.NEW["REPLAY"])[2],
    }
    return page(request, "replays", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form; posted, a run that waits. What was typed stays in the form when it cannot be played."""
    if not request.user.has_perm(OPERATE):
        raise PermissionDenied
    if request.method != "POST":
        return _asked(request, *_given(request), {})
    typed = {name: value[:FIELD_MOST] for name, value in request.POST.dict().items() if value.strip()}
    key, kind = typed.pop("key", ""), typed.pop("kind", "REPLAY")
    typed.pop("csrfmiddlewaretoken", "")
    try:
        wish = read_run(kind, typed, SYSTEM.market_now())
        run = operations.ask(UUID(key), wish.kind, wish.parameters, by=request.user.get_username())
    except UnfitRun as problem:
        return _asked(request, kind, typed, problem.errors)
    except ValueError:
        return _asked(request, kind, typed, {"key": _("an id of 32 hex digits, a new one for each wish")})
    except RunRefused as problem:
        return _asked(request, kind, typed, {"kind": str(problem)})
    return redirect("replay-run", run.run_id)


def _given(request: HttpRequest) -> tuple[str, dict[str, str]]:
    """The kind, and what stands in the form at first: as an earlier run was asked, or the last days."""
    wanted = _uuid(request.GET.get("earlier", ""))
    earlier = ReplayRun.objects.filter(run_id=wanted).first() if wanted else None
    usual = form.usual(SYSTEM.market_now().date())
    if earlier is None:
        return request.GET.get("kind", "REPLAY"), usual
    if found := form.found_set(earlier, request.GET.get("set", "")):
        return ReplayRun.Kind.REPLAY, usual | form.of_run(earlier) | found
    return earlier.kind, usual | form.of_run(earlier)


def _asked(request: HttpRequest, kind: str, given: dict[str, str], errors: dict[str, str]) -> HttpResponse:
    kinds = [name for name in offered() if name in form.FORMS]
    kind = kind if kind in kinds else next(iter(kinds), "")
    title, button, _link = words.NEW.get(kind, words.NEW["REPLAY"])
    context = form.context(kind, given, errors) | {
        "key": uuid4(),
        "kind": kind,
        "page_title": title,
        "button": button,
        "kinds": [(name, words.KINDS[name]) for name in kinds],
        "errors": errors,
        "interval": settings.ENVIRONMENT.INTERVAL,
    }
    return page(request, "replay-new", context, status=422 if errors else 200)


@require_safe
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = _run(run_id)
    context = standing.context(found) | {
        "played": figures.played(found.parameters),
        "manifest": figures.manifest(found.manifest),
    }
    if found.state == ReplayRun.State.DONE:
        context |= _brought(found)
    title = _("%(kind)s, %(period)s") % {"kind": words.KINDS[found.kind], "period": figures.period(found.parameters)}
    return page(request, "replay-run", context | {"page_title": title})


def _brought(found: ReplayRun) -> dict[str, Any]:
    result, trips = found.result or {}, found.trips.order_by("-number")
    context = figures.context(found) | {"trips": trips[: figures.TRIPS_SHOWN], "trip_count": trips.count()}
    for name, told in (("search", search_found.search), ("what_if", search_found.what_if)):
        if result.get(name):
            context[name] = told(result[name])
    if walked := context.get("search", {}).get("walked"):
        context["chart"] = walked["chart"]
    return context


@require_safe
def run_standing(request: HttpRequest, run_id: UUID) -> JsonResponse:
    """How far it is, asked every second by the open page of a run that is not over."""
    return JsonResponse(standing.as_json(_run(run_id)))


@require_safe
def rows(request: HttpRequest, run_id: UUID, what: str) -> HttpResponse:
    """All decisions or round trips of a run, oldest first."""
    if what not in files.ROWS:
        raise Http404
    found, after = _run(run_id), request.GET.get("after", "")
    listed = files.listed(found, what, request.GET.dict())
    if after.isdecimal() and len(after) < 10:
        listed = listed.filter(number__gt=int(after))
    some = list(listed[: ROWS_SHOWN + 1])
    shown = some[:ROWS_SHOWN]
    context = {
        "run": found,
        "what": what,
        "period": figures.period(found.parameters),
        "rows": decided.listed(shown) if what == "decisions" else shown,
        "reason": request.GET.get("reason", "")[:80],
        "next": shown[-1].number if len(some) > ROWS_SHOWN else None,
        "paged": bool(after),
        "counts": (found.result or {}).get("counts") or {},
    }
    return page(request, "replay-rows", context)


@require_safe
def decision(request: HttpRequest, run_id: UUID, number: int) -> HttpResponse:
    """Why a replayed decision came out so, with the live panel."""
    found = _run(run_id)
    row = ReplayRunDecision.objects.filter(run=found, number=number).first()
    if row is None:
        raise Http404
    return page(request, "replay-decision", decided.context(found, row))


@require_safe
def file(request: HttpRequest, run_id: UUID, what: str) -> StreamingHttpResponse:
    if what not in files.COLUMNS:
        raise Http404
    found = _run(run_id)
    return download(files.file_of(found, what, request.GET.dict(), sheet_of(request)), f"replay-{what}")


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two finished runs side by side; which ones stands in the address."""
    wanted = [_uuid(name) for name in request.GET.getlist("run")]
    found = {one.run_id: one for one in ReplayRun.objects.filter(run_id__in=[name for name in wanted if name])}
    pair = [found[name] for name in dict.fromkeys(wanted) if name in found]
    whole = (ReplayRun.State.DONE, ReplayRun.Kind.REPLAY)
    if len(pair) != 2 or any((one.state, one.kind) != whole for one in pair):
        problem = _("Two finished replays can be compared: mark two of them in the list.")
        return page(request, "replay-compare", {"problem": problem}, status=422)
    first, second = sorted(pair, key=lambda one: one.asked_at)
    return page(request, "replay-compare", beside.context(first, second))


def _run(run_id: UUID) -> ReplayRun:
    found = ReplayRun.objects.filter(run_id=run_id).first()
    if found is None:
        raise Http404
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None

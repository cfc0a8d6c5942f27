"""Canceling and deleting a run: the question as a page or as a dialog, and the act itself, asked as acts of trading.

A script gets JSON: `state` DONE or REFUSED with its words, and where to go on, where the page is gone. These are no
acts of trading, so they are no rows of its acts: a line of the log says who did what.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cdb_site.clock import SYSTEM
from dashboard.pages.shell import page
from dashboard.replays import figures, words
from replay import operations
from replay.models import ReplayRun
from replay.operations import RunRefused
from risk.roles import OPERATE

ASKED: dict[str, dict[str, Any]] = {
    "cancel": {
        "title": gettext_lazy("Cancel the run?"),
        "words": gettext_lazy("It ends within seconds, and what it has played so far is not kept."),
        "button": gettext_lazy("Cancel the run"),
        "busy": gettext_lazy("Canceling…"),
    },
    "delete": {
        "title": gettext_lazy("Delete the run?"),
        "words": gettext_lazy("Its result, decisions and round trips are gone for good. It can be asked for again."),
        "button": gettext_lazy("Delete the run"),
        "busy": gettext_lazy("Deleting…"),
    },
}
OF_SEARCH = {
    "words": gettext_lazy("It ends within seconds; what it has tried is kept. Asked again, it goes on with the rest."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, run_id: UUID, name: str) -> HttpResponse:
    if not request.user.has_perm(OPERATE):
        raise PermissionDenied
    if request.method != "POST":
        return page(request, "replay-act", _question(run_id, name))
    try:
        said, following = _do(request.user.get_username(), run_id, name)
    except RunRefused as problem:
        return _answer(request, str(problem), reverse("replay-run", args=[run_id]), done=False)
    return _answer(request, said, following, done=True)


@require_safe
def dialog(request: HttpRequest, run_id: UUID, name: str) -> HttpResponse:
    """The question alone, for a dialog on the page that is open."""
    if not request.user.has_perm(OPERATE):
        raise PermissionDenied
    return render(request, "dashboard/replays/act_form.html", _question(run_id, name))


def _question(run_id: UUID, name: str) -> dict[str, Any]:
    run = ReplayRun.objects.defer("result").filter(run_id=run_id).first()
    if run is None or name not in ASKED:
        raise Http404
    about = f"{words.KINDS[run.kind]}, {figures.period(run.parameters)}"
    question = ASKED[name] | (OF_SEARCH if (run.kind, name) == (ReplayRun.Kind.SEARCH, "cancel") else {})
    return {"run": run, "name": name, "question": question, "about": about, "key": uuid4()}


def _do(by: str, run_id: UUID, name: str) -> tuple[str, str]:
    """(what was done, in words; where to go on)."""
    if name == "delete":
        operations.delete(run_id, by=by)
        return _("The run is deleted."), reverse("replays")
    if name != "cancel":
        raise Http404
    operations.cancel(run_id, by=by, now=SYSTEM.wall_now())
    return _("The run is canceled."), reverse("replay-run", args=[run_id])


def _answer(request: HttpRequest, said: str, following: str, *, done: bool) -> HttpResponse:
    if "application/json" in request.META.get("HTTP_ACCEPT", ""):
        return JsonResponse({"state": "DONE" if done else "REFUSED", "words": said, "next": following if done else ""})
    messages.add_message(request, messages.SUCCESS if done else messages.ERROR, said)
    return redirect(following if done else reverse("replays"))

"""The address of every act: its question as a page or as a dialog, and the wish itself.

A script asks for JSON: 200 with the act's state, DONE or REFUSED, 202 under way, 400 a value is wrong, 403 not yours.
A plain form is led back to where it came from, with the answer as a message.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.acts.questions import question
from dashboard.pages.shell import page
from risk.acts import door
from risk.acts.door import REASON_MAX, ActWish, KeyUsed
from risk.acts.parameters import BadParameters
from risk.acts.table import ACTS, Act
from risk.models import OperatorAct

STATUS = {"DONE": 200, "UNDER_WAY": 202, "REFUSED": 200}
BEYOND_THE_VALUES = ("csrfmiddlewaretoken", "key", "reason", "next", "again")


def known(name: str) -> Act:
    if name not in ACTS:
        raise Http404
    return ACTS[name]


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, name: str) -> HttpResponse:
    """The question on a page of its own; posted, the act."""
    row = known(name)
    if not request.user.has_perm(row.permission):
        return _answer(request, 403, _("This is not yours to do: it needs the role %(role)s.") % {"role": _role(row)})
    if request.method != "POST":
        return page(request, "act", asked(request, row, request.GET))
    return _done(request, row)


@require_safe
def dialog(request: HttpRequest, name: str) -> HttpResponse:
    """The question alone, for a dialog on the page that is open."""
    row = known(name)
    allowed = request.user.has_perm(row.permission)
    return render(request, "dashboard/acts/form.html", asked(request, row, request.GET), status=200 if allowed else 403)


@require_safe
def answer(request: HttpRequest, key: UUID) -> JsonResponse:
    """How an act stands, for who waits for one that is under way."""
    row = OperatorAct.objects.filter(key=key).first()
    if row is None:
        raise Http404
    return JsonResponse({"state": row.state, "words": door.sentence(row)})


def asked(request: HttpRequest, row: Act, typed: Any) -> dict[str, Any]:
    """What the question's template needs; values that were not brought along are asked for."""
    brought = {item.name: typed.get(item.name, "") for item in row.parameters}
    inquiry = question(row, brought)
    back = typed.get("next", "")
    return {
        "act": row,
        "question": inquiry,
        "may_act": request.user.has_perm(row.permission),
        "given": {name: value for name, value in brought.items() if value and name != "how"},
        "wanted": [] if inquiry.choices else [item for item in row.parameters if not brought[item.name]],
        "key": uuid4(),
        "next": back if _is_ours(request, back) else reverse("overview"),
    }


def _done(request: HttpRequest, row: Act) -> HttpResponse:
    typed = {name: value for name, value in request.POST.items() if name not in BEYOND_THE_VALUES}
    try:
        key = UUID(request.POST.get("key", ""))
        wish = ActWish(
            name=row.name,
            key=key,
            by=request.user.get_username(),
            reason=request.POST.get("reason", ""),
            typed=typed,
        )
        done = door.perform(wish)
    except ValueError:
        return _answer(request, 400, _("key: an id of 32 hex digits, a new one for each wish"))
    except BadParameters as problem:
        fields = {name: str(words) for name, words in problem.problems.items()}
        words = "; ".join(f"{_title(row, name)}: {said}" for name, said in fields.items())
        return _answer(request, 400, words, fields=fields)
    except KeyUsed:
        return _answer(request, 409, _("This key belongs to another wish; nothing was done."))
    return _answer(request, STATUS[done.state], door.sentence(done), state=done.state, key=str(done.key))


def _answer(request: HttpRequest, status: int, words: str, **more: Any) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"words": words, **more}, status=status)
    if status == 403:
        return page(request, "act", {"refusal": words}, status=403)
    taken = more.get("state") in ("DONE", "UNDER_WAY")
    messages.add_message(request, messages.SUCCESS if taken else messages.ERROR, words)
    back = request.POST.get("next", "")
    if not taken and request.POST.get("again"):
        # Where the form still holds what was typed into it.
        back = f"{request.POST['again']}&{urlencode({'reason': request.POST.get('reason', '')[:REASON_MAX]})}"
    return redirect(back if _is_ours(request, back) else reverse("overview"))


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())


def _title(row: Act, name: str) -> str:
    titles = {item.name: str(item.title) for item in row.parameters} | {"reason": _("Reason")}
    return titles[name]


def _role(row: Act) -> str:
    return "admin" if row.permission.endswith("administer") else "operator"

"""Live trading on the page of the settings: which mode is in force, what the next one takes, and the second step.

The first step and the withdrawal are acts like others. The second is taken here alone: by an admin who proves to be
there with a code of the second factor, or with the password where the demo lets admins be without one. With
REQUIRE_SECOND_APPROVER on it is another admin than the one who asked.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from cdb_site import mode_told
from dashboard.pages.shell import page
from execution import live_trading
from execution.models import LiveTrading
from execution.operations import Refused
from execution.queries import PAPER
from people.factor import operations as factor
from risk.models import LimitVersion
from risk.operator.mode_words import missing_words
from risk.operator.proposals import second_person_required
from risk.operator.standing import mode
from risk.roles import ADMINISTER

STEPS = 5


def shown(request: HttpRequest) -> dict[str, Any]:
    """What the panel of the mode shows; with what an admin may do now."""
    steps = list(LiveTrading.objects.filter(account_id=PAPER).order_by("-id")[:STEPS])
    last = steps[0].step if steps else ""
    limits = LimitVersion.objects.filter(account=PAPER).first()
    return {
        **mode(),
        "lacks": [(name, missing_words(keys)) for name, keys in mode_told.lacks().items()],
        "steps": steps,
        "asked": steps[0] if last == LiveTrading.Step.ASKED else None,
        "enabled": last == LiveTrading.Step.ENABLED,
        "limits_version": limits.version if limits else None,
        "with_code": factor.enrolled(_person(request)) is not None,
    }


@never_cache
@transaction.non_atomic_requests
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The second step. Each transaction of it is its own: the table refuses what the first one's brought along."""
    if not request.user.has_perm(ADMINISTER):
        return page(request, "act", {"refusal": _("Only an admin confirms live trading.")}, status=403)
    try:
        if _proven(request):
            asked, by = int(request.POST.get("request", "")), request.user.get_username()
            live_trading.confirm(PAPER, asked, by=by, alone=not second_person_required())
            messages.success(request, _("Live trading is enabled. Orders are real once every other key is there."))
        else:
            messages.error(request, _("Nothing is enabled: the code or the password is not right."))
    except factor.TooSoon as soon:
        messages.error(request, _("Nothing is enabled: no code is taken for %(wait)s s.") % {"wait": soon.wait_s})
    except (Refused, ValueError) as problem:
        words = str(problem) if isinstance(problem, Refused) else _("There is nothing to confirm.")
        messages.error(request, _("Nothing is enabled: %(why)s") % {"why": words})
    return redirect("settings")


def _proven(request: HttpRequest) -> bool:
    """Whether whoever sits there is still the one who logged in. Raises Refused, TooSoon."""
    user = _person(request)
    if factor.enrolled(user) is not None:
        return factor.checked(user, request.POST.get("code", "")) is not None
    if settings.EFFECTS.second_factor_in_admin:
        raise Refused(_("set up a second factor first"))
    typed = request.POST.get("password", "")
    return authenticate(request, username=user.get_username(), password=typed) is not None


def _person(request: HttpRequest) -> User:
    user: Any = request.user
    return user

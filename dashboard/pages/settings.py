"""Settings: language, theme, time zone, keys, sound, motion and CSV style of the person, kept in a row of theirs; and
below them the mode that orders are in, with live trading (`dashboard.pages.live_trading`).

The page is an ordinary form; the header's menu changes language and theme alone and leads back to where it was used.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.pages.live_trading import shown
from dashboard.pages.shell import page
from dashboard.preferences.forms import ChoiceForm, PreferenceForm
from dashboard.preferences.operations import keep
from dashboard.preferences.queries import preference_of


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    mine = preference_of(request)
    if request.method != "POST":
        return page(request, "settings", {"form": PreferenceForm(instance=mine), "mode": shown(request)})
    form = PreferenceForm(request.POST)
    if not form.is_valid():
        return page(request, "settings", {"form": form, "mode": shown(request)}, status=422)
    user: Any = request.user
    keep(user, **form.cleaned_data)
    with translation.override(form.cleaned_data["language"] or translation.get_language_from_request(request)):
        messages.success(request, _("Kept. It holds in every browser in which you log in."))
    return redirect("settings")


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Language or theme from the header's menu, then back to the page it was opened on."""
    form = ChoiceForm(request.POST)
    if not form.is_valid() or not form.chosen():
        return HttpResponseBadRequest(_("There is no such choice."))
    user: Any = request.user
    keep(user, **form.chosen())
    return HttpResponseRedirect(_way_back(request))


def _way_back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if here else reverse("settings")

"""The door of the Django admin: for people who may enter it, outside the demo only with a second factor.

The admin's own answer to somebody who is logged in and may not enter is its login page, which would lead them back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from people.factor.operations import enrolled
from people.factor.views import must_be_set_up

PREFIX = "/admin/"


def admin_door_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIX) and request.user.is_authenticated:
            turned_away = _turned_away(request)
            if turned_away is not None:
                return turned_away
        response = get_response(request)
        if request.path_info.startswith(PREFIX):
            # The admin's scripts put text into its pages themselves; all else of the policy holds there as well.
            response._csp_replace = {"require-trusted-types-for": None}  # type: ignore[attr-defined]
        return response

    return middleware


def _turned_away(request: HttpRequest) -> HttpResponse | None:
    user: Any = request.user
    if not user.is_staff:
        raise PermissionDenied
    if not settings.EFFECTS.second_factor_in_admin or user.is_verified():
        return None
    if enrolled(user) is None:
        return must_be_set_up(request)
    # Logged in before the factor was set up elsewhere.
    logout(request)
    return redirect("login")

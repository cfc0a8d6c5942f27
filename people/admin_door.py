"""The door of the Django admin: for people who may enter it, with the second factor where that is required.

The admin's own answer to somebody who is logged in and may not enter is its login page, which would lead them back.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

PREFIX = "/admin/"


def admin_door_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIX) and request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return get_response(request)

    return middleware

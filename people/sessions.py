"""How long a login lasts: until nobody has asked for a page for SESSION_IDLE_MINUTES, and never past SESSION_MAX_HOURS.

A session keeps when it was begun and when it was last written down. Its end lies in the database, so that open sockets
are closed by it too (`dashboard.sessions`). It is renewed by requests at most once a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse

from cdb_site.clock import SYSTEM

BEGUN, RENEWED = "begun_s", "renewed_s"
RENEW_S = 60
# An open page asks them by itself: that is no sign that somebody sits before it.
ASKED_BY_PAGES = frozenset({"/risk/now/", "/system/health/facts/", "/break-it/standing/"})


def listen() -> None:
    user_logged_in.connect(begin, dispatch_uid="people.sessions")


def begin(request: HttpRequest, user: Any, **_: Any) -> None:
    """A login is the only thing that begins the count of hours. A program's has no session, and begins nobody's."""
    if request.session.get(SESSION_KEY) != str(user.pk):
        return
    now_s = int(SYSTEM.wall_s())
    request.session[BEGUN] = now_s
    _renew(request, now_s)


def session_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """After the authentication's: ends what is over, renews what is used."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            keep_or_end(request, int(SYSTEM.wall_s()), used=request.path_info not in ASKED_BY_PAGES)
        return get_response(request)

    return middleware


def keep_or_end(request: HttpRequest, now_s: int, *, used: bool = True) -> None:
    begun_s = request.session.get(BEGUN)
    if begun_s is None:
        # From before sessions had an end.
        request.session[BEGUN] = begun_s = now_s
    renewed_s = request.session.get(RENEWED, 0)
    idle_s = settings.ENVIRONMENT.SESSION_IDLE_MINUTES * 60
    if now_s >= begun_s + _lifetime_s() or (renewed_s and now_s >= renewed_s + idle_s + RENEW_S):
        logout(request)
    elif used and not renewed_s <= now_s < renewed_s + RENEW_S:
        _renew(request, now_s)


def end_others(user: Any, session: str | None) -> None:
    """All sessions of a person but this one."""
    for row in Session.objects.filter(expire_date__gt=SYSTEM.wall_now()).exclude(session_key=session):
        if row.get_decoded().get(SESSION_KEY) == str(user.pk):
            row.delete()


def _renew(request: HttpRequest, now_s: int) -> None:
    left_s = request.session[BEGUN] + _lifetime_s() - now_s
    request.session[RENEWED] = now_s
    request.session.set_expiry(max(1, min(left_s, settings.ENVIRONMENT.SESSION_IDLE_MINUTES * 60)))


def _lifetime_s() -> int:
    hours: int = settings.ENVIRONMENT.SESSION_MAX_HOURS
    return hours * 3600

"""Between the right password and the right code: somebody who is not logged in, for five minutes.

Only who it may become is kept in the session; no page, socket or token takes that for a login. A wrong code is a failed
login like any other: it is counted, kept, and locks.
"""

from __future__ import annotations

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from cdb_site.clock import SYSTEM

KEY = "factor_waits_for"
WAITS_S = 300


def wait_for(request: HttpRequest, user: User, where_to: str) -> None:
    request.session.cycle_key()
    request.session[KEY] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "backend": user.backend,
        "since_s": int(SYSTEM.wall_s()),
        "next": where_to,
    }


def awaited(request: HttpRequest) -> User | None:
    """Whose code is waited for: gone after five minutes, or when password or account have changed meanwhile."""
    kept = request.session.get(KEY)
    if not kept or not 0 <= SYSTEM.wall_s() - kept["since_s"] < WAITS_S:
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(kept["password"], user.get_session_auth_hash()):
        return None
    user.backend = kept["backend"]
    return user


def where_to(request: HttpRequest) -> str:
    return str((request.session.get(KEY) or {}).get("next", ""))


def over(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def is_locked(request: HttpRequest, user: User) -> bool:
    return not AxesProxyHandler.is_allowed(request, {"username": user.get_username()})


def failed(request: HttpRequest, user: User) -> None:
    user_login_failed.send(__name__, credentials={"username": user.get_username()}, request=request)

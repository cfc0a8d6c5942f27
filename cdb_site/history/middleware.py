"""Tells the history's triggers who acts: a writing request of a logged-in user is one transaction that names both.

pghistory's own middleware prefixes statements, which a server-side prepared statement cannot be; the two settings that
its triggers read are set once for the request's transaction instead.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
ATTACH = "SELECT set_config('pghistory.context_id', %s, true), set_config('pghistory.context_metadata', %s, true)"


def history_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in READING or not request.user.is_authenticated or _commits_by_itself(request):
            return get_response(request)
        with transaction.atomic():
            attach(by=request.user.get_username(), where=request.path)
            return get_response(request)

    return middleware


def _commits_by_itself(request: HttpRequest) -> bool:
    """A view marked `transaction.non_atomic_requests` names who acts in each of its own transactions."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return connection.alias in getattr(view, "_non_atomic_requests", ())


def attach(*, by: str, where: str) -> None:
    """Name who acts and where in what the triggers write until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(ATTACH, [str(uuid.uuid4()), json.dumps({"by": by, "where": where})])

"""Who is behind a socket that was opened with a token of the API, asked again and again as of a session.

    Authorization: Bearer 1f0c…                             what a program sends
    Sec-WebSocket-Protocol: cdb.v1, bearer.1f0c…            what a page of another site can send

A token is no cookie: no browser sends it by itself, so its socket may come from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django.utils import timezone
from knox.crypto import hash_token
from knox.models import get_token_model

from dashboard.sessions import Person, rights_of

SPOKEN = "cdb.v1"
PREFIX = "token:"
TOKEN = re.compile(r"[0-9a-f]{64}")


def token_of(scope: dict[str, Any]) -> str | None:
    """The token that a socket comes with; empty for what is none, None where none is offered."""
    for name, value in scope.get("headers", []):
        scheme, _, text = value.decode("latin-1").partition(" ")
        if name == b"authorization" and scheme.lower() == "bearer":
            return _token(text.strip())
    for offered in scope.get("subprotocols", []):
        if offered.startswith("bearer."):
            return _token(offered.removeprefix("bearer."))
    return None


def _token(text: str) -> str:
    return text if TOKEN.fullmatch(text) else ""


def key_of(token: str) -> str:
    """What a socket is known by: never the token itself."""
    return PREFIX + hash_token(token) if token else PREFIX


def standings(keys: Collection[str]) -> dict[str, Person]:
    """Key → who that is: only tokens that exist, are not over and whose user is active."""
    digests = [key.removeprefix(PREFIX) for key in keys]
    rows = get_token_model().objects.filter(digest__in=digests, user__is_active=True, expiry__gt=timezone.now())
    return {PREFIX + row.digest: Person(row.user_id, rights_of(row.user)) for row in rows.select_related("user")}

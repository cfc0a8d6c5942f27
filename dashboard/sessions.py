"""Who is behind an open socket, and what they may do now: asked of the database again and again.

Of all sockets at once, so that two hundred open pages cost the questions of one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

RIGHTS = ("risk.operate", "risk.administer")


@dataclass(frozen=True, slots=True)
class Person:
    """A person who is logged in, and which of RIGHTS they have."""

    user_id: int
    rights: frozenset[str]


def standings(session_keys: Collection[str]) -> dict[str, Person]:
    """Session key → who that is: only sessions that exist, whose password hash fits and whose user is active."""
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    kept = {row.session_key: row.get_decoded() for row in rows}
    people = {
        str(user.pk): user for user in get_user_model().objects.filter(pk__in=_ids(kept.values()), is_active=True)
    }
    known = {pk: Person(user.pk, rights_of(user)) for pk, user in people.items()}
    return {
        key: known[data[SESSION_KEY]]
        for key, data in kept.items()
        if data.get(SESSION_KEY) in people and _fits(data, people[data[SESSION_KEY]])
    }


def _ids(sessions: Collection[dict[str, Any]]) -> set[int]:
    return {int(data[SESSION_KEY]) for data in sessions if str(data.get(SESSION_KEY, "")).isdigit()}


def _fits(data: dict[str, Any], user: Any) -> bool:
    """The session was begun with the password that is stored now; a change of it ends every session."""
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    held = data.get(HASH_SESSION_KEY) or ""
    return bool(data.get(BACKEND_SESSION_KEY)) and any(constant_time_compare(held, one) for one in hashes)


def rights_of(user: Any) -> frozenset[str]:
    return frozenset(right for right in RIGHTS if user.has_perm(right))

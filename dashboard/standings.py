"""Who is behind the open sockets now, whether they came with a page's session or with a token of the API."""

from __future__ import annotations

from collections.abc import Collection

from channels.db import database_sync_to_async

from dashboard import sessions, tokens
from dashboard.sessions import Person


def standings(keys: Collection[str]) -> dict[str, Person]:
    """Key of a session or of a token → who that is; whoever may not look any more is left out."""
    of_tokens = [key for key in keys if key.startswith(tokens.PREFIX)]
    of_sessions = [key for key in keys if not key.startswith(tokens.PREFIX)]
    found = sessions.standings(of_sessions) if of_sessions else {}
    return found | (tokens.standings(of_tokens) if of_tokens else {})


async def standing(key: str | None) -> Person | None:
    """Of one socket; None when nobody is logged in by its key (any more)."""
    if not key:
        return None
    found: dict[str, Person] = await database_sync_to_async(standings)([key])
    return found.get(key)

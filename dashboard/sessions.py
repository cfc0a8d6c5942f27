"""Whether the person behind an open socket is still logged in: asked of the database again and again."""

from __future__ import annotations

from typing import Any

from channels.auth import get_user
from django.contrib.sessions.backends.db import SessionStore


async def still_allowed(session_key: str | None) -> bool:
    """The session exists, its password hash still fits, and its user is active."""
    if not session_key:
        return False
    user: Any = await get_user({"session": SessionStore(session_key)})
    return bool(user.is_authenticated and user.is_active)

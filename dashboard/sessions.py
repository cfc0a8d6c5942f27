"""Whether the person behind an open socket is still logged in: asked of the database again and again."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from channels.auth import get_user
from django.conf import settings


async def still_allowed(session_key: str | None) -> bool:
    """The session exists, its password hash still fits, and its user is active."""
    if not session_key:
        return False
    store = import_module(settings.SESSION_ENGINE).SessionStore
    user: Any = await get_user({"session": store(session_key)})
    return bool(user.is_authenticated and user.is_active)

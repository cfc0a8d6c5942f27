"""Keeping what a person prefers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from dashboard.models import Preference


def keep(user: User, **values: Any) -> None:
    """Change these fields of the person's row, which is made when it is missing. Two at once: the later one wins."""
    Preference.objects.update_or_create(user=user, defaults=values)

"""What the person behind a request prefers, read once a request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from dashboard.models import Preference


def preference_of(request: HttpRequest) -> Preference:
    """The person's row, or what holds for one who never chose anything or is not logged in."""
    known: Preference | None = getattr(request, "preference", None)
    if known is None:
        known = request.preference = _read(request)  # type: ignore[attr-defined]
    return known


def _read(request: HttpRequest) -> Preference:
    user: Any = request.user
    row = Preference.objects.filter(user=user).first() if user.is_authenticated else None
    return row or Preference()


def preference(request: HttpRequest) -> dict[str, Any]:
    """For templates, as a context processor: the theme stands in the first byte of a page."""
    return {"preference": preference_of(request)}

"""Where a request came from, as far as it can be believed: the network address that logins are counted by.

Anybody may send an X-Forwarded-For of their own. Each proxy appends the address it heard, so that with TRUSTED_PROXIES
of them in front of the dashboard the one this many places from the right is true, and whatever stands left of it is a
claim. Without proxies the header is not looked at.
"""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """The client's address; None when there is none, as in a test or on a Unix socket."""
    heard: str = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.ENVIRONMENT.TRUSTED_PROXIES
    if proxies:
        said = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        heard = said[-proxies] if len(said) >= proxies else heard
    return heard if _is_address(heard) else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

"""Where a request came from, as far as it can be believed: the network address that logins are counted by.

Anybody may send an X-Forwarded-For of their own. Each proxy appends the address it heard, so that with TRUSTED_PROXIES
of them in front of the dashboard the one this many places from the right is true, and whatever stands left of it is a
claim. Without proxies the header is not looked at.

Of an IPv6 address the network of 64 bits counts: whoever has one address of it has all, and would never wait.
"""

from __future__ import annotations

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """The client's address, as it is counted; None when there is none, as in a test or on a Unix socket."""
    heard = counted_as(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.ENVIRONMENT.TRUSTED_PROXIES
    if proxies:
        said = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        return (counted_as(said[-proxies]) or heard) if len(said) >= proxies else heard
    return heard


def counted_as(text: str) -> str | None:
    """An address without port and zone, an IPv4 one in IPv6 as itself, an IPv6 one as its network; None for none."""
    with_port = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+", text)
    try:
        address = ipaddress.ip_address((with_port[1] or with_port[2]) if with_port else text)
    except ValueError:
        return None
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address) >> 64 << 64))

"""Who failed to log in too often waits: by name and address, and by address alone for whoever tries many names.

LOGIN_FAILURES_MAX failures of one name from one address lock that pair, five times as many from one address lock the
address, both for LOGIN_LOCK_MINUTES after the last counted failure. What is tried meanwhile is not counted and does not
lengthen it, so that the time told on the page is true. A stranger's failures never lock somebody at another address
out: the halt button stays within its owner's reach.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext

from cdb_site.clock import SYSTEM, iso
from people.addresses import address_of, counted_as

# Failures of an address, whatever the names, weigh a fifth of those of one name.
NAMES_SHARE = 5
NAME_MAX = 255


def locked_for() -> timedelta:
    return timedelta(minutes=settings.ENVIRONMENT.LOGIN_LOCK_MINUTES)


class LoginHandler(AxesDatabaseHandler):
    """The library's, which counts the pair of name and address; it counts the address besides."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        pair = int(super().get_failures(request, credentials))
        since = SYSTEM.wall_now() - locked_for()
        rows = AccessAttempt.objects.filter(ip_address=address_of(request), attempt_time__gt=since)
        of_address = rows.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
        return max(pair, of_address // NAMES_SHARE)


def name_of(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The name that was typed, as far as the count's column holds it: anything can be sent."""
    typed = credentials or getattr(request, "data", request.POST)
    return str(typed.get("username") or "")[:NAME_MAX].replace("\0", "")


def locked_until(name: str, address: str | None) -> datetime:
    """When this name may be tried from this address again, at the latest."""
    of_address = AccessAttempt.objects.filter(ip_address=address).order_by("-attempt_time")
    pair = of_address.filter(username=name).aggregate(sum=Sum("failures_since_start"))["sum"] or 0
    counted = of_address.filter(username=name) if pair >= settings.AXES_FAILURE_LIMIT else of_address
    newest = counted.values_list("attempt_time", flat=True).first()
    return (newest or SYSTEM.wall_now()) + locked_for()


def locked_page(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """429 and when to try again, as a page or, for a program, as JSON. It says the same whether the name exists."""
    until = locked_until(name_of(request, credentials), address_of(request))
    left_s = max(1, int((until - SYSTEM.wall_now()).total_seconds()))
    answer: HttpResponse
    if "application/json" in request.headers.get("Accept", ""):
        words = gettext("Too many failed logins. Try again after %(until)s.") % {"until": iso(until)}
        answer = JsonResponse({"words": words, "until": iso(until)}, status=429)
    else:
        shown = {"until": until, "minutes": -(-left_s // 60)}
        answer = render(request, "people/locked.html", shown, status=429)
    answer["Retry-After"] = str(left_s)
    return answer


def unlock(*, name: str = "", address: str = "") -> int:
    """Forget the failures of a name, of an address or of both together; how many rows that were."""
    rows = AccessAttempt.objects.all()
    rows = rows.filter(username=name) if name else rows
    rows = rows.filter(ip_address=counted_as(address) or address) if address else rows
    return rows.delete()[0] if name or address else 0

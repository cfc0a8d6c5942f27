"""What every page has around it: band, header, status bar, footer; and what its modules must know before the first
message arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cdb_site.clock import SYSTEM
from cdb_site.services import SERVICES
from dashboard import words

OPERATE = "risk.operate"
ADMINISTER = "risk.administer"


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of the header: the name of its address, its title, and the key that follows `g`."""

    name: str
    title: str | Promise
    key: str = ""


PAGES = (
    PageLink("overview", _("Overview"), "o"),
    PageLink("markets", _("Markets"), "m"),
    PageLink("trades", _("Trades"), "t"),
    PageLink("decisions", _("Decisions"), "d"),
    PageLink("risk", _("Risk"), "r"),
    PageLink("alerts", _("Alerts"), "a"),
    PageLink("system-health", _("Health"), "h"),
    PageLink("reports", _("Reports"), "p"),
    PageLink("break-it", _("Break it")),
)
OUTSIDE_THE_HEADER = (PageLink("why", _("Why")), PageLink("settings", _("Settings")))


def page(request: HttpRequest, name: str, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    """The page of this name in its shell, from `dashboard/pages/<name>.html`."""
    links = [link for link in PAGES if link.name != "break-it" or market()["simulated"]]
    title = next(link.title for link in (*PAGES, *OUTSIDE_THE_HEADER) if link.name == name)
    shell = {
        "page": name,
        "page_title": title,
        "pages": links,
        "market": market(),
        "may": may(request),
        "words_address": words.address(),
        "boot": boot_data(request) | {"page": name},
    }
    template = f"dashboard/pages/{name.replace('-', '_')}.html"
    return render(request, template, shell | (context or {}), status=status)


def may(request: HttpRequest) -> dict[str, bool]:
    """What the person may do; every act asks again at the server."""
    return {"operate": request.user.has_perm(OPERATE), "administer": request.user.has_perm(ADMINISTER)}


def boot_data(request: HttpRequest) -> dict[str, Any]:
    environment = settings.ENVIRONMENT
    return {
        "time_zone": environment.TZ,
        "language": get_language(),
        "quote_asset": environment.QUOTE_ASSET,
        "interval": environment.INTERVAL,
        "interval_s": environment.interval_s,
        "services": [{"name": row.name, "title": row.title, "expected": row.kind != "exchange"} for row in SERVICES],
        "may": may(request),
        "pages": {link.key: link.name for link in PAGES if link.key},
    }


def market() -> dict[str, Any]:
    """Which market is shown; the live clock repeats it to the page."""
    anchor = SYSTEM.anchor
    simulated = anchor.simulated or settings.ENVIRONMENT.MARKET == "SIMULATED"
    return {"simulated": simulated, "label": anchor.label, "rate": f"{anchor.rate:g}"}

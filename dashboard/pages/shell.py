"""What every page has around it: band, header, status bar, footer; and what its modules must know before the first
message arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cdb_site.clock import SYSTEM
from cdb_site.languages import twin
from cdb_site.services import SERVICES
from dashboard import words
from dashboard.chart import offered
from dashboard.preferences.queries import preference_of
from risk.operator.standing import mode
from risk.roles import ADMINISTER, OPERATE
from risk.rules.circuit_breakers import KINDS
from risk.rules.layers import LAYERS

# What a page shows live besides what every page has: the parts of its socket (docs/live_protocol.md).
WANTS = {
    "overview": ["shell", "market", "trading"],
    "markets": ["shell", "market"],
    "market": ["shell", "market", "trading"],
    "break-it": ["shell", "trading"],
}
# Stands in an address for what the browser puts there.
WHICH = "WHICH"


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
    PageLink("replays", _("Replays"), "y"),
    PageLink("break-it", _("Break it")),
)
# Under the thumb on a phone, each with the path of its sign; all others stand under "More".
TABS = {
    "overview": "M3 11l7-7 7 7M5 9v8h10V9",
    "trades": "M4 6h12M4 10h12M4 14h8",
    "risk": "M10 3l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V5z",
    "alerts": "M10 4a4 4 0 0 1 4 4v4l2 2H4l2-2V8a4 4 0 0 1 4-4M8 16h4",
}
OUTSIDE_THE_HEADER = (
    PageLink("why", _("Why")),
    PageLink("day-report", _("Day report")),
    PageLink("export", _("Export")),
    PageLink("market", _("Market")),
    PageLink("replay-new", _("New replay")),
    PageLink("replay-run", _("Replay")),
    PageLink("replay-rows", _("Rows of a replay")),
    PageLink("replay-decision", _("Why, in a replay")),
    PageLink("replay-compare", _("Two runs side by side")),
    PageLink("replay-act", _("Act")),
    PageLink("act", _("Act")),
    PageLink("settings", _("Settings")),
)


def page(request: HttpRequest, name: str, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    """The page of this name in its shell, from `dashboard/pages/<name>.html`."""
    known = next(link.title for link in (*PAGES, *OUTSIDE_THE_HEADER) if link.name == name)
    title = (context or {}).get("page_title", known)
    shell = {
        "page": name,
        "page_title": title,
        "pages": links(),
        "tabs": [page_link(link) | {"icon": TABS[link.name]} for link in links() if link.name in TABS],
        "other_pages": [page_link(link) for link in (*links(), OUTSIDE_THE_HEADER[-1]) if link.name not in TABS],
        "market": market(),
        "mode": mode(),
        "may": may(request),
        "words_address": words.address(),
        "boot": boot_data(request) | {"page": name, "title": str(title), "want": WANTS.get(name, ["shell"])},
    }
    template = f"dashboard/pages/{name.replace('-', '_')}.html"
    return render(request, template, shell | (context or {}), status=status)


def links() -> list[PageLink]:
    """The pages of the header. Faults can only be put into a simulated market."""
    return [link for link in PAGES if link.name != "break-it" or market()["simulated"]]


def page_link(link: PageLink) -> dict[str, str]:
    return {"name": link.name, "title": str(link.title), "key": link.key, "url": reverse(link.name)}


def may(request: HttpRequest) -> dict[str, bool]:
    """What the person may do; every act asks again at the server."""
    return {"operate": request.user.has_perm(OPERATE), "administer": request.user.has_perm(ADMINISTER)}


def boot_data(request: HttpRequest) -> dict[str, Any]:
    environment, mine = settings.ENVIRONMENT, preference_of(request)
    return {
        "time_zone": mine.zone.key,
        "language": get_language(),
        "theme": mine.theme,
        "keys": mine.keys,
        "sound": mine.sound,
        "csv": mine.csv,
        "quote_asset": environment.QUOTE_ASSET,
        "interval": environment.INTERVAL,
        "interval_s": environment.interval_s,
        "services": [
            {"name": row.name, "title": twin(row, "title"), "expected": row.kind != "exchange"} for row in SERVICES
        ],
        "may": may(request),
        "mode": mode(),
        "pages": [page_link(link) for link in links()],
        "urls": {
            "why": reverse("why", args=[WHICH]),
            "market": reverse("market", args=[WHICH]),
            "find": reverse("find"),
            "settings": reverse("settings"),
        },
        "intervals": offered(),
        "layers": len(LAYERS),
        "latched": [kind.code for kind in KINDS.values() if kind.latched],
        "lookback_minutes": environment.LOOKBACK_MINUTES,
    }


def market() -> dict[str, Any]:
    """Which market is shown; the live clock repeats it to the page."""
    anchor = SYSTEM.anchor
    simulated = anchor.simulated or settings.ENVIRONMENT.MARKET == "SIMULATED"
    return {"simulated": simulated, "label": anchor.label, "rate": f"{anchor.rate:g}"}

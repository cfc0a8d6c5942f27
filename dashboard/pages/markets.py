"""Markets: every symbol that is watched, its momentum and rank, and why one is out. And one symbol with its chart."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from dashboard.markets import listing
from dashboard.markets.orders import newest_orders
from dashboard.pages.shell import page
from marketdata.models import Instrument, Pause

SHOWN_PAUSES = 5
SHOWS = ((listing.WATCHED, _("Watched")), (listing.HELD, _("Held")), (listing.OUT, _("Left out")))
OUT_BECAUSE = {
    "VOLUME": _("too little volume"),
    "SPREAD": _("spread too wide"),
    "STATUS": _("not trading"),
    "PAUSED": _("paused"),
    "RANK": _("ranked too low"),
    "NOT_WANTED": _("not wanted"),
}


@require_safe
def markets(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("show", listing.WATCHED)
    show = wanted if wanted in dict(SHOWS) else listing.WATCHED
    rows, after = _listed(show, request.GET.get("after", ""))
    context = {
        "show": show,
        "shows": [{"name": name, "title": title, "on": name == show} for name, title in SHOWS],
        "rows": [{"row": row, "out": OUT_BECAUSE.get(row.excluded, "")} for row in rows],
        "after": after,
        "choice": listing.choice(),
    }
    return page(request, "markets", context)


def _listed(show: str, after: str) -> tuple[list[listing.MarketRow], int | None]:
    if show == listing.OUT:
        return listing.out_rows(int(after) if after.isdecimal() and len(after) < 9 else None)
    return (listing.held_rows() if show == listing.HELD else listing.watched_rows()), None


@require_safe
def market(request: HttpRequest, symbol: str) -> HttpResponse:
    instrument = Instrument.objects.filter(pk=symbol).first()
    if instrument is None:
        raise Http404(f"no symbol is called {symbol}")
    row = listing.of(symbol)
    context: dict[str, Any] = {
        "instrument": instrument,
        "row": row,
        "out": OUT_BECAUSE.get(row.excluded, ""),
        "orders": newest_orders(symbol),
        "pauses": Pause.objects.filter(instrument=instrument)[:SHOWN_PAUSES],
        "page_title": symbol,
        "page": "markets",
    }
    return page(request, "market", context)

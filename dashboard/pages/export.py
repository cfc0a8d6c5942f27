"""Export: what is wanted, how many rows that is, and the files of it. What is asked for is in the address; the files
come from the API, so that people and programs get the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cdb_site.clock import SYSTEM
from dashboard import formats
from dashboard.exports import words
from dashboard.pages.shell import page
from dashboard.preferences.queries import preference_of
from dashboard.preferences.zones import by_region
from dashboard.trades.filters import DAYS_SHOWN
from execution.queries import PAPER
from risk.exports import reading
from risk.exports.tables import TABLES
from risk.exports.wishes import NUMBERS, UnfitWish, read_wish
from risk.exports.writing import head_lines

LENGTH_MOST = 80
# Kept when another file is chosen; filters besides are of one file.
KEPT = ("from", "to", "zone", "numbers")


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    what, given = asked(request)
    told: dict[str, Any] = {
        "what": what,
        "about": words.ABOUT[what],
        "tabs": [{"what": name, "title": title, "query": _query(name, given)} for name, title in words.TITLES.items()],
        "given": {name: given.get(name, "") for name in ("from", "to", "zone", "symbol")},
        "zones": by_region(),
        "picks": [_pick(name, values, given) for name, values in TABLES[what].filters.items() if values],
        "numbers": [(name, {"dot": "1234.5", "comma": "1234,5"}[name], name == given["numbers"]) for name in NUMBERS],
        "takes_symbol": "symbol" in TABLES[what].filters,
        "everything": urlencode({"what": what, "from": "", "zone": given["zone"]}),
    }
    try:
        wish = read_wish(what, given)
    except UnfitWish as problem:
        errors = [(words.FIELDS.get(name, name), said) for name, said in problem.errors.items()]
        return page(request, "export", told | {"errors": errors}, status=422)
    count = reading.count(wish, PAPER)
    shown = formats.number(count, 0)
    counted = ngettext("%(shown)s row", "%(shown)s rows", count) % {"shown": shown}
    return page(request, "export", told | {"count": count, "counted": counted, "files": _files(what, given)})


def asked(request: HttpRequest) -> tuple[str, dict[str, str]]:
    """(what, its filters): without a first day the last thirty days, in the reader's zone and with the decimal sign of
    the reader's files."""
    given = {name: value.replace("\x00", "").strip()[:LENGTH_MOST] for name, value in request.GET.dict().items()}
    wanted, mine = given.pop("what", ""), preference_of(request)
    today = timezone.localdate(SYSTEM.market_now())
    usual = {
        "from": (today - timedelta(days=DAYS_SHOWN)).isoformat(),
        "zone": mine.zone.key,
        "numbers": "comma" if mine.csv == "comma" else "dot",
    }
    return wanted if wanted in TABLES else next(iter(TABLES)), usual | given


def _pick(name: str, values: tuple[str, ...], given: Mapping[str, str]) -> dict[str, Any]:
    titles = words.VALUES[name]
    options = [(value, titles.get(value, value)) for value in values]
    return {"name": name, "title": words.FIELDS[name], "options": options, "value": given.get(name, "")}


def _query(what: str, given: Mapping[str, str]) -> str:
    symbol = ("symbol",) if "symbol" in TABLES[what].filters else ()
    return urlencode({"what": what} | {name: given[name] for name in (*KEPT, *symbol) if name in given})


def _files(what: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """A file in each format: its address, and how many of its lines are none of a row."""
    place = reverse("api-export", args=[what])
    narrow = {name: value for name, value in given.items() if value}
    return [
        {"title": title, "url": f"{place}?{urlencode(narrow | {'format': form})}", "head": head_lines(what, form)}
        for form, title in words.FORMS.items()
    ]

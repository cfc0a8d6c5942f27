"""What every list of the Trades page has around it: tabs, filters, and the ways to the pages beside this one."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard import formats
from dashboard.trades import words
from dashboard.trades.filters import LISTS, TradeFilter
from dashboard.trades.listing import ListPage

CHOICES = {"exit": words.EXITS, "outcome": words.OUTCOMES, "side": words.SIDES, "state": words.STATES}


def frame(
    asked: TradeFilter,
    listed: ListPage,
    *,
    count: int,
    symbols: list[str],
    limits: list[tuple[int, Any]],
    today: date,
) -> dict[str, Any]:
    """What every list has around it: tabs, filters, the ways to the pages beside this one."""
    bare = TradeFilter(tab=asked.tab, all_days=True)
    return {
        "asked": asked,
        "lists": [{"name": tab, "title": words.TABS[tab], "query": _same_days(asked, tab).query()} for tab in LISTS],
        "picks": [_pick(asked, name, symbols, limits) for name in asked.narrowing],
        "today": today,
        "rows": listed.rows,
        "newer": asked.query(after=listed.newer) if listed.newer else "",
        "older": asked.query(before=listed.older) if listed.older else "",
        "newest": asked.query() if asked.before or asked.after else "",
        "file_query": asked.query(),
        "export_query": _export_query(asked),
        "everything": bare.query(),
        "narrowed_words": _narrowed_words(asked),
        "tab_title": words.TABS[asked.tab],
        "counted": _counted(asked.tab, count),
        "range_words": _range_words(listed, count),
        "nothing": words.NOTHING[asked.tab],
        "comes_next": words.COMES_NEXT[asked.tab],
    }


def _export_query(asked: TradeFilter) -> str:
    """The same days and symbol on the page of exports."""
    what = {"trips": "round-trips"}.get(asked.tab, asked.tab)
    return urlencode({"what": what, "from": asked.first or "", "to": asked.last or "", "symbol": asked.symbol})


def _counted(tab: str, count: int) -> str:
    shown = formats.number(count, 0)
    match tab:
        case "trips":
            return ngettext("%(shown)s round trip", "%(shown)s round trips", count) % {"shown": shown}
        case "orders":
            return ngettext("%(shown)s order", "%(shown)s orders", count) % {"shown": shown}
        case _:
            return ngettext("%(shown)s fill", "%(shown)s fills", count) % {"shown": shown}


def _range_words(listed: ListPage, count: int) -> str:
    """Which of the rows these are: "26–50 of 411"."""
    first, last = listed.above + 1, listed.above + len(listed.rows)
    return _("%(first)s–%(last)s of %(count)s") % {
        "first": formats.number(first, 0),
        "last": formats.number(last, 0),
        "count": formats.number(count, 0),
    }


def _same_days(asked: TradeFilter, tab: str) -> TradeFilter:
    return TradeFilter(tab=tab, first=asked.first, last=asked.last, all_days=asked.all_days, symbol=asked.symbol)


def _pick(asked: TradeFilter, name: str, symbols: list[str], limits: list[tuple[int, Any]]) -> dict[str, Any]:
    """One choice of the filters: its name, title, value, and what may be chosen."""
    titles = {
        "symbol": _("Symbol"),
        "side": _("Side"),
        "exit": _("Exit"),
        "outcome": _("Result"),
        "limits": _("Limits"),
        "state": _("State"),
    }
    value = str(getattr(asked, name) or "")
    options: list[tuple[str, Any]]
    if name in CHOICES:
        options = list(CHOICES[name].items())
    elif name == "symbol":
        options = [(symbol, symbol) for symbol in symbols]
    else:
        options = [(str(version), _("version %(number)s") % {"number": version}) for version, _stop in limits]
    if value and value not in dict(options):
        options.append((value, value))
    return {"name": name, "title": titles[name], "value": value, "options": options}


def _narrowed_words(asked: TradeFilter) -> str:
    """What the list is narrowed by, in words: "DOGEUSDT, Stop loss, from 2026-11-01"."""
    said = []
    for name in asked.narrowed:
        value = getattr(asked, name)
        said.append(
            str(CHOICES[name][value]) if name in CHOICES else _limits_words(value) if name == "limits" else value
        )
    if asked.first:
        said.append(_("from %(day)s") % {"day": asked.first})
    if asked.last:
        said.append(_("to %(day)s") % {"day": asked.last})
    return ", ".join(said)


def _limits_words(version: int) -> str:
    return _("limits version %(number)s") % {"number": version}

"""What somebody wants exported, as words read once for all doors: the command line, the API and the page.

Days are of the zone that was asked for, both are in. What cannot be meant is refused by its name, with what would be
right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

from risk.exports.tables import TABLES, ExportTable

FORMS = ("csv", "json", "jsonl")
NUMBERS = ("dot", "comma")
SYMBOL = re.compile(r"[A-Za-z0-9]{2,30}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
YEARS = range(1970, 2200)
# Of every export; each has filters of its own besides.
SHARED = ("from", "to", "zone", "format", "numbers")


class UnfitWish(Exception):
    """`errors`: name → what is wrong with it and what would be right."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {words}" for name, words in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """`first` and `last`: days of `zone`, None without bound; `narrow`: column → value; `comma`: numbers as a
    spreadsheet of a language with decimal commas wants them."""

    what: str
    first: date | None = None
    last: date | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    narrow: Mapping[str, str] = field(default_factory=dict)
    form: str = "csv"
    comma: bool = False

    @property
    def table(self) -> ExportTable:
        return TABLES[self.what]

    @property
    def begin(self) -> datetime | None:
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC) if self.first else None

    @property
    def end(self) -> datetime | None:
        """The first moment after it."""
        following = self.last + timedelta(days=1) if self.last else None
        return datetime.combine(following, time(), self.zone).astimezone(UTC) if following else None


def read_wish(what: str, given: Mapping[str, str]) -> ExportWish:
    """Empty values say nothing. Raises UnfitWish with everything that is wrong at once."""
    if what not in TABLES:
        raise UnfitWish({"what": _("there is no such export; there are: %(known)s") % {"known": ", ".join(TABLES)}})
    table, errors = TABLES[what], dict[str, str]()

    def read(name: str, reader: Callable[[str], Any], otherwise: Any) -> Any:
        text = given.get(name, "").strip()
        try:
            return reader(text) if text else otherwise
        except ValueError as problem:
            errors[name] = str(problem)
            return otherwise

    unknown = [name for name in given if name not in SHARED and name not in table.filters]
    there = ", ".join((*SHARED, *table.filters))
    errors |= {name[:60]: _("is no filter of this export; there are: %(known)s") % {"known": there} for name in unknown}
    wish = ExportWish(
        what=what,
        first=read("from", _day, None),
        last=read("to", _day, None),
        zone=read("zone", _zone, ZoneInfo("UTC")),
        form=read("format", _one_of(FORMS), "csv"),
        comma=read("numbers", _one_of(NUMBERS), "dot") == "comma",
        narrow={
            name: value
            for name, values in table.filters.items()
            if (value := read(name, _one_of(values) if values else _symbol, ""))
        },
    )
    if wish.first and wish.last and wish.first > wish.last:
        errors["from"] = _("must not be after `to`")
    if errors:
        raise UnfitWish(errors)
    return wish


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise ValueError(_("a day of the calendar, such as 2026-01-31"))
    return day


@cache
def zone_names() -> frozenset[str]:
    """The zones of the IANA database."""
    return frozenset(available_timezones())


def _zone(text: str) -> ZoneInfo:
    if text not in zone_names():
        raise ValueError(_("a time zone, such as UTC or Europe/Berlin"))
    return ZoneInfo(text)


def _symbol(text: str) -> str:
    if not SYMBOL.fullmatch(text):
        raise ValueError(_("a symbol has letters and digits, such as BTCUSDT"))
    return text.upper()


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(_("one of %(known)s") % {"known": ", ".join(known)})
        return text

    return read

"""What the Trades page is asked for, as its address says it: which tab, which days, and what narrows it down.

Whatever an address cannot mean is left out, as if it had not been said. Days are the reader's: a day begins at midnight
in the reader's time zone, the last one is in. Without a first day the list begins thirty days back; an empty one means
all days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import urlencode

LISTS = ("trips", "orders", "fills")
SIDES = ("BUY", "SELL")
OUTCOMES = ("WON", "LOST", "FLAT")
EXITS = ("SIGNAL", "STOP", "HALT", "OPERATOR", "WRITE_OFF")
STATES = ("OPEN", "FILLED", "PARTIAL", "EXPIRED", "REJECTED", "CANCELED")
DAYS_SHOWN = 30
WORD_LENGTH_MAX = 40
# What narrows each list besides its days and its symbol.
NARROWED_BY = {"trips": ("exit", "outcome", "limits"), "orders": ("side", "state"), "fills": ("side",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFilter:
    """Empty text and None: not narrowed. `before` and `after` are places in the list, written by `cursor_of`."""

    tab: str = "trips"
    first: date | None = None
    last: date | None = None
    symbol: str = ""
    side: str = ""
    exit: str = ""
    outcome: str = ""
    limits: int | None = None
    state: str = ""
    before: str = ""
    after: str = ""
    all_days: bool = False

    @property
    def narrowing(self) -> tuple[str, ...]:
        return ("symbol", *NARROWED_BY[self.tab])

    @property
    def narrowed(self) -> list[str]:
        """What it is narrowed by, days excepted."""
        return [name for name in self.narrowing if getattr(self, name)]

    def begin(self, zone: tzinfo) -> datetime | None:
        return datetime.combine(self.first, time(), zone) if self.first else None

    def end(self, zone: tzinfo) -> datetime | None:
        return datetime.combine(self.last + timedelta(days=1), time(), zone) if self.last else None

    def query(self, **changes: str) -> str:
        """The address' query that asks for this, with changes; a change begins at the newest again."""
        said: dict[str, object] = {name: getattr(self, name) for name in ("tab", *self.narrowing)}
        if self.all_days or self.first:
            said["first"] = self.first or ""
        said["last"] = self.last
        words = {name: str(value) for name, value in said.items() if value or (name == "first" and value == "")}
        return urlencode({name: value for name, value in (words | changes).items() if value or name == "first"})


def read_filter(asked: Mapping[str, str], today: date) -> TradeFilter:
    """The filter of an address' query; `today` is the market's day where the reader is."""
    words = {field.name: _word(asked.get(field.name, "")) for field in fields(TradeFilter)}
    first, last = _day(words["first"]), _day(words["last"])
    all_days = "first" in asked and first is None
    if "first" not in asked:
        first = (last or today) - timedelta(days=DAYS_SHOWN)
    tab = _one_of(words["tab"], LISTS) or "trips"
    narrow = {name: words[name] if name in NARROWED_BY[tab] else "" for name in ("side", "exit", "outcome", "state")}
    limits = words["limits"] if tab == "trips" else ""
    return TradeFilter(
        tab=tab,
        first=first,
        last=last,
        symbol=words["symbol"].upper(),
        side=_one_of(narrow["side"], SIDES),
        exit=_one_of(narrow["exit"], EXITS),
        outcome=_one_of(narrow["outcome"], OUTCOMES),
        limits=int(limits) if limits.isdecimal() and len(limits) < 10 else None,
        state=_one_of(narrow["state"], STATES),
        before=words["before"],
        after=words["after"],
        all_days=all_days,
    )


def _word(text: str) -> str:
    """Short, and without what no database takes."""
    return text.replace("\x00", "").strip()[: 2 * WORD_LENGTH_MAX]


def _one_of(word: str, known: tuple[str, ...]) -> str:
    return word if word in known else ""


def _day(text: str) -> date | None:
    """A day of the calendar that also has a midnight everywhere."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None

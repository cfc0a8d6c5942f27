"""The days a list may be narrowed to: UTC days of a clock, as the risk day is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

ALL = "all"
OFFERED = 7


def chosen(text: str, today: date) -> date | None:
    """The day asked for, else today; None for all of them."""
    if text == ALL:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today


def narrowed_words(picks: Sequence[Mapping[str, Any]], offered: Sequence[tuple[str, str]], day: str) -> str:
    """What a list is narrowed by, in words: "Outcome denied, Symbol DOGE, yesterday"."""
    said = [f"{pick['label']} {pick['said']}" for pick in picks if pick["chosen"]]
    return ", ".join([*said, *(words for value, words in offered if value == day)])


def bounds(day: date) -> tuple[datetime, datetime]:
    """From midnight to midnight, UTC."""
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)


def offered(today: date, day: date | None) -> list[tuple[str, str]]:
    """(value, words): today, the days before it, all; and the one that is chosen."""
    days = [today - timedelta(days=back) for back in range(OFFERED)]
    if day and day not in days:
        days.append(day)
    words = {today: _("today"), today - timedelta(days=1): _("yesterday")}
    return [
        (one.isoformat(), words.get(one) or date_format(one, pgettext("format of a date", "d M Y"))) for one in days
    ] + [(ALL, _("all days"))]

"""Figures as the Trades page writes them: whole and rough numbers, moments beside a day, fractions at an axis."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html

from cdb_site.clock import iso
from cdb_site.units import plain
from dashboard import formats
from dashboard.pages.report_tables import EXITS

register = template.Library()


@register.filter
def decimals(value: Any, digits: int) -> str:
    return formats.number(value, digits)


@register.filter
def rough(value: Any) -> str:
    """An amount as short as a tile needs it: cents only below a hundred."""
    return formats.number(value, 0) if value is not None and abs(value) >= 100 else formats.money(value)


@register.filter
def signed_rough(value: Any) -> str:
    return formats.signed(rough(value), value)


@register.filter
def exact_amount(value: Decimal) -> str:
    """To the last digit, as the books have it."""
    return plain(value).replace("-", formats.MINUS)


@register.filter
def percent_whole(value: Any) -> str:
    return formats.percent(value, 0)


@register.filter
def percent_rough(value: Any) -> str:
    return formats.percent(value, 1)


@register.filter
def signed_percent_rough(value: Any) -> str:
    return formats.signed(percent_rough(value), value)


@register.filter
def signed_whole(value: Any) -> str:
    return formats.signed(formats.whole(value), value)


@register.filter
def exit_words(code: str) -> str:
    """Why a position was closed."""
    return str(EXITS.get(code, code))


@register.filter
def percent_axis(value: Decimal) -> str:
    """A fraction at an axis, with its sign: +1 %, −0.25 %."""
    return formats.signed(formats.percent_short(value), value)


@register.filter
def add_up(place: float, more: float) -> float:
    """A place of a drawing moved by so much."""
    return round(place + more, 1)


@register.simple_tag
def when(moment: datetime | None, beside: date | datetime, shown: str = "clock") -> str:
    """The time of day in the reader's zone, with the day where it is not the one it stands beside; `short`: without
    seconds."""
    if moment is None:
        return formats.MISSING
    day = timezone.localdate(beside) if isinstance(beside, datetime) else beside
    words = formats.clock(moment)[:5] if shown == "short" else formats.clock(moment)
    if timezone.localdate(moment) != day:
        words = f"{formats.day(moment)} {words}"
    return format_html('<time datetime="{}" title="{}">{}</time>', iso(moment), formats.utc(moment), words)

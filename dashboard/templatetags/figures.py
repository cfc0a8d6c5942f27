"""Figures and times in templates, written by `dashboard.formats`: `{{ row.price|price }}`, `{% moment row.at %}`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cdb_site.clock import iso
from cdb_site.own_reasons import own_name, own_reason
from dashboard import formats
from mexc_sim.faults.german import fault_words

register = template.Library()

NUMBERS = ("money", "whole", "price", "quantity", "percent", "percent_short", "signed_bps")
for name in (*NUMBERS, "base", "clock", "exact", "day", "utc", "utc_clock", "lasted", "held", "tail"):
    register.filter(name, getattr(formats, name))


TRADING_STATES = {"ACTIVE": _("ACTIVE"), "REDUCING": _("EXITS ONLY"), "HALTED": _("HALTED")}
HOLD_OWNERS = {
    "OPERATOR": _("A person"),
    "LOSS": _("The day's loss"),
    "BREAKERS": _("Breakers"),
    "AUDIT": _("The books' audit"),
}

register.filter("fault_words", fault_words)
register.filter("own", own_reason)
register.filter("own_name", own_name)
register.filter("trading_state", lambda code: TRADING_STATES.get(code, code))
register.filter("hold_owner", lambda code: HOLD_OWNERS.get(code, code))
register.filter("in_unit", formats.of_unit)


@register.filter
def signed_money(value: Any) -> str:
    return formats.signed(formats.money(value), value)


@register.filter
def signed_percent(value: Any) -> str:
    return formats.signed(formats.percent(value), value)


@register.filter
def tone(value: Any) -> str:
    """The class of an amount of money won or lost."""
    return "" if value is None or value == 0 else "up" if value > 0 else "down"


@register.simple_tag
def side(value: str) -> SafeString:
    """▲ Buy or ▼ Sell, in grey: green and red mean money alone."""
    sign, word = ("▲", _("Buy")) if value == "BUY" else ("▼", _("Sell"))
    return format_html('<span class="side"><i aria-hidden="true">{}</i> {}</span>', sign, word)


@register.simple_tag
def moment(value: datetime | None, shown: str = "clock") -> str:
    """A time in the reader's zone, which tells its UTC to who points at it. `shown`: clock, exact or day."""
    if value is None:
        return formats.MISSING
    words = getattr(formats, shown)(value)
    if shown == "day":
        words = f"{words} {formats.clock(value)[:5]}"
    return format_html('<time datetime="{}" title="{}">{}</time>', iso(value), formats.utc(value), words)

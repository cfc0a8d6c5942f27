"""Figures that the Markets pages write besides: steps as exact as the exchange says them, basis points, states."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cdb_site.units import plain
from dashboard import formats

register = template.Library()
WORDS: dict[str, str | Promise] = {
    "SIGNAL": _("Signal"),
    "STOP": _("Stop"),
    "HALT": _("Halt"),
    "OPERATOR": _("Operator"),
    "FILLED": _("Filled"),
    "PARTIALLY_FILLED": _("Partly filled"),
    "NEW": _("New"),
    "SUBMITTED": _("Sent"),
    "CANCELED": _("Canceled"),
    "EXPIRED": _("Expired"),
    "REJECTED": _("Rejected"),
    "UNKNOWN": _("Unknown"),
}


@register.filter
def quantity_exact(value: Decimal) -> str:
    """Every digit that counts."""
    return plain(value)


@register.filter
def signed_bps(value: Decimal | None) -> str:
    return formats.MISSING if value is None else f"{formats.signed(formats.number(value, 1), value)} bps"


@register.filter
def order_word(code: str) -> str | Promise:
    """The word for a kind or state of an order."""
    return WORDS.get(code, code)

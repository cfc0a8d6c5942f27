"""Numbers as an operator reads them. Stored values keep full precision; only sentences and pages are rounded.

FRACTION 0.0123 → 1.23 %     SECONDS 30.24 → 30.2 s     BPS 12.345 → 12.3 bps     ORDERS 7 → 7 orders
PRICE    0.000012300 → 0.0000123 (every digit that counts)     MONEY 9512.3456 → 9,512.35

A unit may be written as the tables of limits and breakers write it: "fraction", "s", "market s", "bps", "orders".
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

ALIASES = {"S": "SECONDS", "MARKET S": "SECONDS"}
UNITS = ("FRACTION", "SECONDS", "BPS", "ORDERS", "PRICE", "MONEY")
CENTS_FROM = 100  # below that, money may be in an asset of which one is worth much


def in_unit(value: Any, unit: str) -> str:
    """`value` as text with its unit. What is no number is shown as it is."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    match ALIASES.get(unit.upper(), unit.upper()):
        case "FRACTION":
            return f"{number * 100:.2f} %"
        case "SECONDS":
            return f"{_plain(round(number, 1))} s"
        case "BPS":
            return f"{number:.1f} bps"
        case "ORDERS":
            return f"{number:.0f} orders"
        case "MONEY":
            return f"{number:,.2f}" if abs(number) >= CENTS_FROM else _plain(round(number, 8))
        case _:
            return _plain(number)


def _plain(number: Decimal) -> str:
    """Without exponent and without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Readable:
    """A value that a template may ask for in a unit: `"{loss:FRACTION}"`."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, unit: str) -> str:
        return in_unit(self.value, unit) if unit else str(self.value)

"""Numbers as text: exact for the bus, the files and the exchange, rounded for an operator.

`plain` and `text` keep every digit that counts. Only sentences and pages are rounded, by their unit:

FRACTION 0.0123 → 1.23 %     SECONDS 30.24 → 30.2 s     BPS 12.345 → 12.3 bps     ORDERS 7 → 7 orders
PRICE    0.000012300 → 0.0000123 (every digit that counts)     MONEY 9512.3456 → 9,512.35

A unit may be written as the tables of limits and breakers write it: "fraction", "s", "market s", "bps", "orders".
Rounded numbers follow the language in which somebody reads: 1,23 %, 12,3 Bp, 9.512,35 in German.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from cdb_site.languages import GERMAN, reading

ALIASES = {"S": "SECONDS", "MARKET S": "SECONDS"}
UNITS = ("FRACTION", "SECONDS", "BPS", "ORDERS", "PRICE", "MONEY")
CENTS_FROM = 100  # below that, money may be in an asset of which one is worth much


SEPARATORS = str.maketrans({",": ".", ".": ","})


def in_unit(value: Any, unit: str, language: str | None = None) -> str:
    """`value` as text with its unit, in the language or in the one that is read now. What is no number is shown as it
    is."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    german = (language or reading()) == GERMAN
    shown = _in_english(number, ALIASES.get(unit.upper(), unit.upper()))
    return shown.translate(SEPARATORS).replace("bps", "Bp").replace("orders", "Aufträge") if german else shown


def _in_english(number: Decimal, unit: str) -> str:
    match unit:
        case "FRACTION":
            return f"{number * 100:.2f} %"
        case "SECONDS":
            return f"{plain(round(number, 1))} s"
        case "BPS":
            return f"{number:.1f} bps"
        case "ORDERS":
            return f"{number:.0f} orders"
        case "MONEY":
            return f"{number:,.2f}" if abs(number) >= CENTS_FROM else plain(round(number, 8))
        case _:
            return plain(number)


UNIT_NAMES_DE = {"fraction": "Anteil", "s": "s", "market s": "s Marktzeit", "bps": "Bp", "orders": "Aufträge"}


def unit_name(unit: str, language: str | None = None) -> str:
    """A unit of the tables of limits and breakers, in the language or in the one that is read now."""
    return UNIT_NAMES_DE.get(unit, unit) if (language or reading()) == GERMAN else unit


def plain(number: Decimal) -> str:
    """A Decimal exactly, without exponent and without trailing zeros: 84270, 0.00006089. ValueError if it is none."""
    if not number.is_finite():
        raise ValueError(f"{number} is no number")
    if not number:
        return "0"
    digits = str(number)
    if "E" in digits:
        digits = format(number, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def text(number: Decimal | None) -> str | None:
    """The same of a number that may be unknown."""
    return None if number is None else plain(number)


class Readable:
    """A value that a template may ask for in a unit: `"{loss:FRACTION}"`."""

    def __init__(self, value: Any, language: str | None = None) -> None:
        self.value, self.language = value, language

    def __format__(self, unit: str) -> str:
        return in_unit(self.value, unit, self.language) if unit else str(self.value)

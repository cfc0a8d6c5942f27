"""Prices on the exchange's grid, and decimals as plain text.

Raw feeds carry one-ulp noise (6.089000000000001e-05); a price off the grid compares unequal to itself elsewhere.
Every price is therefore snapped to its instrument's tick on ingest: nearest tick, halves to even.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal


def snap(price: Decimal, tick: Decimal) -> Decimal:
    """The nearest multiple of `tick`."""
    return (price / tick).to_integral_value(rounding=ROUND_HALF_EVEN) * tick


def plain(value: Decimal) -> str:
    """Text without exponent and without trailing zeros: 84270, 0.00006089."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def grid_text(units: int, places: int) -> str:
    """`units` x 10^-places as plain text, as the exchange spells numbers: (8427001, 2) is 84270.01."""
    if places == 0:
        return str(units)
    digits = str(abs(units)).rjust(places + 1, "0")
    fraction = digits[-places:].rstrip("0")
    sign = "-" if units < 0 else ""
    return f"{sign}{digits[:-places]}{'.' + fraction if fraction else ''}"

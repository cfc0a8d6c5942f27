"""Prices as whole numbers: each symbol's price counted in units of the last decimal place it has shown.

`84270.01` is 8427001 units of two places. Both closes of a momentum carry the same unit, so their ratio is exact
whatever the unit is. A price that shows more places than before makes the symbol's unit finer, and the old numbers are
multiplied by the same power of ten.
"""

from __future__ import annotations


def places_of(text: str) -> int:
    """Decimal places of a plain decimal text, without trailing zeros."""
    _, _, fraction = text.partition(".")
    return len(fraction.rstrip("0"))


def units_of(text: str, places: int) -> int | None:
    """The price in units of 10^-places, exactly; None when it has more places than that."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > places:
        fraction = fraction.rstrip("0")
        if len(fraction) > places:
            return None
    return int(whole + fraction.ljust(places, "0"))

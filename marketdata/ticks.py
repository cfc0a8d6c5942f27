"""Prices on the exchange's grid, and the spread between two of them.

Raw feeds carry one-ulp noise (6.089000000000001e-05); a price off the grid compares unequal to itself elsewhere.
Every price is therefore snapped to its instrument's tick on ingest: nearest tick, halves to even.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

BPS_STEP = Decimal("1E-4")


def snap(price: Decimal, tick: Decimal) -> Decimal:
    """The nearest multiple of `tick`."""
    return (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick


def spread_bps(bid: Decimal | None, ask: Decimal | None) -> Decimal | None:
    """(ask - bid) / mid in basis points, to 4 places; None without both sides, or when they cross."""
    if not bid or not ask or bid <= 0 or ask < bid:
        return None
    return ((ask - bid) / ((ask + bid) / 2) * 10_000).quantize(BPS_STEP, ROUND_HALF_EVEN)


def grid_text(units: int, places: int) -> str:
    """`units` x 10^-places as plain text, as the exchange spells numbers: (8427001, 2) is 84270.01."""
    if places == 0:
        return str(units)
    digits = str(abs(units)).rjust(places + 1, "0")
    fraction = digits[-places:].rstrip("0")
    sign = "-" if units < 0 else ""
    return f"{sign}{digits[:-places]}{'.' + fraction if fraction else ''}"

"""Leaving a position, as rules: how much of it may be sold now, and when a failed exit is tried again. Pure.

sellable   quantity floored to the present step; 0 when that is below the minimum quantity or notional: dust
pause      1, 2, 4, 8, 16, 32, 60, 60 … wall seconds after the 1st, 2nd, 3rd … attempt
"""

from __future__ import annotations

from decimal import Decimal

from execution.rules.accounting import ZERO, floor_to_step
from execution.rules.fill_model import Rules

ATTEMPTS_MAX = 12
PAUSE_MAX_S = 60.0


def sellable(quantity: Decimal, rules: Rules | None, bid: Decimal | None) -> Decimal:
    """What the exchange takes of a position now, in base units; all of it while its rules are not known.

    Without a bid the minimum notional is left out: it cannot be told.
    """
    if rules is None:
        return quantity
    whole = floor_to_step(quantity, rules.quantity_step)
    if whole < rules.min_quantity or (bid is not None and whole * bid < rules.min_notional):
        return ZERO
    return whole


def is_dust(quantity: Decimal, rules: Rules | None, bid: Decimal | None) -> bool:
    """Something is held, and the exchange takes nothing of it."""
    return quantity > 0 and not sellable(quantity, rules, bid)


def pause_s(attempts: int) -> float:
    """Wall seconds from this attempt to the next one."""
    return min(PAUSE_MAX_S, 2.0 ** max(0, min(attempts, 30) - 1))

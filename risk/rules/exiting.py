"""Leaving a position, as rules: what begins an exit, how much may be sold now, what an exit under way does next. Pure.

sellable   quantity floored to the present step; 0 when that is below the minimum quantity or notional: dust
pause      1, 2, 4, 8, 16, 32, 60, 60 … wall seconds after the 1st, 2nd, 3rd … attempt
next step  an open buy is canceled; while an order is open, it waits; nothing held: FLAT, or DUST when the exchange
           takes nothing of it; given up after ATTEMPTS_MAX, or without a quote for QUIET_MAX_S while the feed lived
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from execution.rules.accounting import ZERO, Holding, floor_to_step
from execution.rules.fill_model import Rules
from execution.rules.orders import LiveOfSymbol
from risk.rules.decide import Ruling
from risk.rules.decision_inputs import DecisionInputs

ATTEMPTS_MAX = 12
PAUSE_MAX_S = 60.0
QUIET_MAX_S = 600.0
NEVER_BEGUN = frozenset({"STOP_LOSS_NOT_REACHED"})


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


def is_due(next_at: datetime, now: datetime) -> bool:
    """Whether the next attempt may be made. A time further ahead than any pause is from before a step of the clock."""
    return next_at <= now or next_at > now + timedelta(seconds=PAUSE_MAX_S)


def wants_flat(seen: DecisionInputs, ruling: Ruling) -> bool:
    """Whether an exit, approved or not, leaves something to be carried out."""
    if seen.side != "SELL" or ruling.reason_code in NEVER_BEGUN:
        return False
    return seen.entry_open or (seen.held_quantity > 0 and ruling.reason_code != "POSITION_DUST")


def buys_of_exits(decided: Iterable[tuple[DecisionInputs, Ruling]], reserved: Collection[str]) -> set[str]:
    """Symbols whose open buys end with an exit decided now: what is being bought would be sold again."""
    return {seen.symbol for seen, ruling in decided if wants_flat(seen, ruling)} & set(reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What there is of one symbol: its open orders and what is held."""

    orders: tuple[LiveOfSymbol, ...]
    holding: Holding | None

    @property
    def is_flat(self) -> bool:
        return not self.orders and self.holding is None

    @property
    def waits_at_home(self) -> bool:
        """Nothing of it is at a venue or on its way there."""
        return all(order.state == "NEW" for order in self.orders)

    @property
    def unasked_buys(self) -> bool:
        return any(order.side == "BUY" and not order.cancel_requested for order in self.orders)


class ExitStep(StrEnum):
    """FLAT and DUST end an exit, NO_QUOTE and ATTEMPTS_USED_UP give it up; an ATTEMPT is made when it is due."""

    CANCEL_BUYS = "CANCEL_BUYS"
    WAIT = "WAIT"
    FLAT = "FLAT"
    DUST = "DUST"
    NO_QUOTE = "NO_QUOTE"
    ATTEMPTS_USED_UP = "ATTEMPTS_USED_UP"
    ATTEMPT = "ATTEMPT"


def next_step(ground: Ground, *, rules: Rules | None, bid: Decimal | None, quiet: bool, attempts: int) -> ExitStep:
    """What an exit under way does next. `bid` is the latest, whatever its age; `quiet`: no quote for QUIET_MAX_S."""
    if ground.unasked_buys:
        return ExitStep.CANCEL_BUYS
    if quiet and ground.waits_at_home:
        return ExitStep.NO_QUOTE
    if ground.orders:
        return ExitStep.WAIT
    if ground.holding is None:
        return ExitStep.FLAT
    if not sellable(ground.holding.quantity, rules, bid):
        return ExitStep.DUST
    return ExitStep.ATTEMPTS_USED_UP if attempts >= ATTEMPTS_MAX else ExitStep.ATTEMPT

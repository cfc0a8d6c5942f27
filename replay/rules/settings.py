"""What one replay is played with: strategy, limits, instruments, costs, and how a candle stands for a market.

    bid, ask     price × (1 ∓ spread_bps ÷ 20,000), the bid down and the ask up to the tick
    fill         CLOSE: at the candle's close that decided; OPEN: at the open of the next one
    marks        CLOSE: layers 1 and 2 look at closes; LOW: at what is held at the candle's low, which is harsher
    after_halt   when trading goes on after a halt for loss: NEXT_DAY (UTC), NEVER, or after so many minutes
    rule         LIVE: the functions that decide live; PEERS: the plainer rule that other back-testers play

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from execution.rules.fill_model import Model, Rules
from risk.rules.layers import LAYERS, Layer
from risk.rules.limits import Limits
from signals_app.rules.strategy import Strategy

CLOSE, OPEN, LOW = "CLOSE", "OPEN", "LOW"
NEXT_DAY, NEVER = "NEXT_DAY", "NEVER"
LIVE, PEERS = "LIVE", "PEERS"
FILLS, MARKS, RULES = (CLOSE, OPEN), (CLOSE, LOW), (LIVE, PEERS)
WIDEST_SPREAD_BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """`rules` has every symbol that may be bought; one without is refused as unknown. `layers` are the risk layers
    that judge. Raises ValueError, naming the field."""

    strategy: Strategy
    limits: Limits
    model: Model
    rules: Mapping[str, Rules]
    starting_cash: Decimal
    spread_bps: Decimal
    fill: str = CLOSE
    marks: str = CLOSE
    after_halt: str | int = NEXT_DAY
    rule: str = LIVE
    layers: Sequence[Layer] = LAYERS

    def __post_init__(self) -> None:
        _one_of("fill", self.fill, FILLS)
        _one_of("marks", self.marks, MARKS)
        _one_of("rule", self.rule, RULES)
        if self.starting_cash <= 0:
            raise ValueError(f"starting_cash: {self.starting_cash} must be above 0")
        if not 0 <= self.spread_bps < WIDEST_SPREAD_BPS:
            raise ValueError(f"spread_bps: {self.spread_bps} must be from 0 to below {WIDEST_SPREAD_BPS}")
        if self.after_halt not in (NEXT_DAY, NEVER) and not (isinstance(self.after_halt, int) and self.after_halt > 0):
            raise ValueError(f"after_halt: {self.after_halt} must be next-day, never, or minutes of 1 or more")


def after_halt_of(text: str) -> str | int:
    """`next-day`, `never` or minutes as somebody types them. Raises ValueError."""
    named = text.strip().upper().replace("-", "_")
    if named in (NEXT_DAY, NEVER):
        return named
    if not named.isdecimal() or not int(named):
        raise ValueError(f"after_halt: {text} must be next-day, never, or minutes of 1 or more")
    return int(named)


def _one_of(field: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{field}: {value} must be {' or '.join(allowed)}")

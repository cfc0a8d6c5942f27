"""The risk layers, as data: an ordered list, each with its check and, where it watches by itself, its trigger.

    1 daily loss       equity ≤ the UTC day's opening × (1 − limit) → block; watching: halt and close everything
    2 abnormal market  an open breaker, a wide spread, too many orders → block; watching: open breakers
    3 total exposure   positions at mark + open buys at worst price + this order at worst price > limit × equity → block
    4 position size    position + this order > limit × equity → trim; below the exchange's minimum → reject
    5 stop loss        best bid ≤ average entry × (1 − limit) → exit the position; entries pause after a stop

A layer sees the quantity that is left after the ones before it. Exits pass 1 to 4 unseen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers.abnormal_market import AbnormalMarket
from risk.rules.layers.daily_loss import DailyLoss
from risk.rules.layers.position_size import PositionSize
from risk.rules.layers.stop_loss import StopLoss
from risk.rules.layers.total_exposure import TotalExposure
from risk.rules.layers.verdict import Verdict


class Layer(Protocol):
    number: int
    code: str
    title: str
    title_de: str

    def check(self, inputs: DecisionInputs, quantity: Decimal) -> Verdict:
        """Judge `quantity` (base units) of the request."""
        ...


DAILY_LOSS = DailyLoss()
ABNORMAL_MARKET = AbnormalMarket()
STOP_LOSS = StopLoss()
LAYERS: tuple[Layer, ...] = (DAILY_LOSS, ABNORMAL_MARKET, TotalExposure(), PositionSize(), STOP_LOSS)

__all__ = ["ABNORMAL_MARKET", "DAILY_LOSS", "LAYERS", "STOP_LOSS", "Layer", "Verdict"]

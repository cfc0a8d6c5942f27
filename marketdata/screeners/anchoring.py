"""From the exchange's `/time` to the market clock that every process follows.

A simulated exchange states its rate and reads both clocks at one moment, so its anchor is exact. For the real
exchange the offset is taken from the fastest of the last answers: half of its round trip is the error. A market
that is not the one configured is refused: nobody trades on a simulated feed by accident, or at a rate other
than 1 where ENV forbids it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from cdb_site.clock import Anchor
from cdb_site.env import EFFECTS, Environment
from marketdata.mexc.rest import ServerTime

SAMPLES = 10


class WrongMarket(Exception):
    """MARKET names another kind of exchange than the one that answers."""


class Anchoring:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._offsets: deque[tuple[float, float]] = deque(maxlen=SAMPLES)

    def measured(self, told: ServerTime, asked_wall_s: float, answered_wall_s: float) -> Anchor:
        """The anchor after one more answer. Raises WrongMarket."""
        if told.simulation is not None:
            return self._simulated(told.simulation)
        if self.environment.MARKET == "SIMULATED":
            raise WrongMarket("MARKET=SIMULATED, but MEXC_REST_URL is no simulator. Set MARKET=MEXC or its address.")
        round_trip_s = answered_wall_s - asked_wall_s
        self._offsets.append((round_trip_s, told.market_s - (asked_wall_s + answered_wall_s) / 2))
        return Anchor(wall_s=answered_wall_s, market_s=answered_wall_s + min(self._offsets)[1])

    def _simulated(self, simulation: dict[str, Any]) -> Anchor:
        if self.environment.MARKET != "SIMULATED":
            raise WrongMarket("MARKET=MEXC, but MEXC_REST_URL is a simulator. Set MARKET=SIMULATED, or MEXC's URL.")
        rate = float(simulation["rate"])
        if rate != 1 and not EFFECTS[self.environment.ENV].simulated_rate_allowed:
            raise WrongMarket(f"ENV={self.environment.ENV} refuses rate {rate:g}. Set SIM_RATE=1 or ENV=demo.")
        return Anchor(
            wall_s=float(simulation["wall_s"]),
            market_s=float(simulation["market_s"]),
            rate=rate,
            simulated=True,
            label=str(simulation["label"]),
        )

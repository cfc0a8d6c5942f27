"""From the exchange's `/time` to the market clock that every process follows.

A simulated exchange states its rate and reads both clocks at one moment, so its anchor is exact. For the real
exchange the offset is taken from the fastest of the last answers: half of its round trip is the error.

A reading that does not fit what is followed is not believed at once: only when three in a row agree that the time has
jumped it is followed. A simulated market may come back ahead, because it was promised a lead. Besides, every answer
says how far the stated time is from the expected one: from this machine's clock, or from what the simulator says of
itself. More than a second of that is skew.

A market that is not the one configured is refused: nobody trades on a simulated feed by accident, or at a rate other
than 1 where ENV forbids it. The caller brings every time.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from cdb_site.clock import ANCHOR_LIFETIME_S, Anchor
from cdb_site.env import EFFECTS, Environment
from marketdata.mexc.rest import ServerTime

SAMPLES = 10
PERSISTS = 3
TOLERANCE_S = 0.05
SIMULATED_TOLERANCE_S = 1.0
# Half of what the closing of a candle waits for its last push, and a fifth of what a signed request may be late.
SKEW_MAX_S = 1.0
SKEW_ANSWERS = 2


class WrongMarket(Exception):
    """MARKET names another kind of exchange than the one that answers."""


class Sample(NamedTuple):
    """One answer: `offset_s` is exchange minus this machine, give or take half of the round trip."""

    round_trip_s: float
    offset_s: float

    def agrees(self, other: Sample) -> bool:
        return abs(self.offset_s - other.offset_s) <= (self.round_trip_s + other.round_trip_s) / 2 + TOLERANCE_S


class Anchoring:
    """`skew_s`: how far the last stated time was off; `skewed`: whether that is too much, and lasts."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.skew_s = 0.0
        self.skewed: bool | None = None
        self._off: deque[bool] = deque(maxlen=SKEW_ANSWERS)
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._strange: deque[Sample] = deque(maxlen=PERSISTS)
        self._followed: Anchor | None = None
        self._strange_anchors: list[Anchor] = []

    def measured(self, told: ServerTime, asked_wall_s: float, answered_wall_s: float) -> Anchor:
        """The anchor to follow after one more answer. Raises WrongMarket."""
        if told.simulation is not None:
            anchor = self._simulated(told.simulation)
            self._judge(told.market_s - anchor.market_s, 0.001)
            return self._steady(anchor)
        if self.environment.MARKET == "SIMULATED":
            raise WrongMarket("MARKET=SIMULATED, but MEXC_REST_URL is no simulator. Set MARKET=MEXC or its address.")
        round_trip_s = max(0.0, answered_wall_s - asked_wall_s)
        sample = Sample(round_trip_s, told.market_s - (asked_wall_s + answered_wall_s) / 2)
        self._judge(sample.offset_s, round_trip_s / 2)
        return Anchor(wall_s=answered_wall_s, market_s=answered_wall_s + self._offset_s(sample))

    def stepped(self, step_s: float) -> None:
        """This machine's wall clock was stepped: the exchange is as far from it as before, less the step.

        A simulated market tells its own wall time, which may be another machine's.
        """
        moved = [sample._replace(offset_s=sample.offset_s - step_s) for sample in self._samples]
        self._samples.clear()
        self._samples.extend(moved)
        self._strange.clear()

    def _judge(self, skew_s: float, error_s: float) -> None:
        self.skew_s = skew_s
        self._off.append(abs(skew_s) - error_s > SKEW_MAX_S)
        if len(self._off) == SKEW_ANSWERS and len(set(self._off)) == 1:
            self.skewed = self._off[-1]

    def _offset_s(self, sample: Sample) -> float:
        """The offset of the fastest believed answer."""
        if not self._samples or sample.agrees(min(self._samples)):
            self._samples.append(sample)
            self._strange.clear()
        else:
            self._strange.append(sample)
            if len(self._strange) == PERSISTS and all(map(sample.agrees, self._strange)):
                self._samples.clear()
                self._samples.extend(self._strange)
                self._strange.clear()
        return min(self._samples).offset_s

    def _steady(self, anchor: Anchor) -> Anchor:
        """The simulator's reading where it fits; else the one that was followed, until three of them fit each other."""
        followed = self._followed
        if followed is None or _fits(followed, anchor):
            self._strange_anchors = []
            self._followed = anchor
            return anchor
        if self._strange_anchors and not _fits(self._strange_anchors[-1], anchor):
            self._strange_anchors = []
        self._strange_anchors.append(anchor)
        if len(self._strange_anchors) < PERSISTS:
            return followed
        self._strange_anchors = []
        self._followed = anchor
        return anchor

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


def _fits(followed: Anchor, anchor: Anchor) -> bool:
    """Whether a reading of a simulated clock can follow on another one, or belongs to another market."""
    if (followed.label, followed.rate) != (anchor.label, anchor.rate):
        return True
    ahead_s = anchor.market_s - followed.market_at(anchor.wall_s)
    expired = anchor.wall_s - followed.wall_s > ANCHOR_LIFETIME_S
    lead_s = (ANCHOR_LIFETIME_S + SIMULATED_TOLERANCE_S) * anchor.rate
    return ahead_s >= -SIMULATED_TOLERANCE_S * anchor.rate and (expired or ahead_s <= lead_s)

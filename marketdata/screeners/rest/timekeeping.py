"""Keeps the market clock of all processes: asks the exchange for its time once a second and shares the anchor."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

from cdb_site.bus.redis import UNREACHABLE, connection
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import ANCHOR_KEY, STEP_S, Anchor, anchor_fields
from marketdata.metrics import CLOCK_ROUND_TRIP_S, CLOCK_SKEW_S
from marketdata.mexc.errors import MexcProblem
from marketdata.mexc.rest import MexcRest
from marketdata.screeners.rest.anchoring import Anchoring

log = logging.getLogger(__name__)

EVERY_S = 1.0
FIRST_S = 0.2
ANSWER_S = 4.0
LOG_EVERY = 30
LOOP = "market clock"


class TimeKeeper:
    """`anchored` once the time is known. `ended`: the simulated market says that its recording is over."""

    def __init__(self, runtime: Runtime, rest: MexcRest) -> None:
        self.runtime, self.rest = runtime, rest
        self.anchoring = Anchoring(runtime.environment)
        self.anchored = asyncio.Event()
        self.ended = False
        self._base_s: float | None = None

    async def run(self) -> None:
        """Until cancelled. Raises WrongMarket."""
        failures = 0
        while True:
            self.runtime.progress.turned(LOOP)
            try:
                await self._ask()
                failures = 0
            except (MexcProblem, TimeoutError, *UNREACHABLE) as problem:
                failures += 1
                if failures % LOG_EVERY == 1:
                    log.warning("market clock not renewed, %d times in a row: %s", failures, problem or "no answer")
            await asyncio.sleep(EVERY_S if self.anchored.is_set() else FIRST_S)

    async def _ask(self) -> None:
        clock = self.runtime.clock
        async with asyncio.timeout(ANSWER_S):
            asked_at = clock.monotonic_s()
            told = await self.rest.server_time()
            answered_s, round_trip_s = clock.wall_s(), clock.monotonic_s() - asked_at
        self._look_for_step(answered_s - asked_at - round_trip_s)
        measured = self.anchoring.measured(told, answered_s - round_trip_s, answered_s)
        anchor = replace(measured, skew_s=self.anchoring.skew_s)
        CLOCK_SKEW_S.set(self.anchoring.skew_s)
        CLOCK_ROUND_TRIP_S.set(round_trip_s)
        self.ended = bool(told.simulation and told.simulation.get("ended"))
        if self.anchored.is_set():
            clock.follow(anchor)
        else:
            clock.anchor = anchor
        self.anchored.set()
        await asyncio.to_thread(_share, anchor)

    def _look_for_step(self, base_s: float) -> None:
        """`base_s`: wall minus monotonic seconds. When they part, the wall clock was stepped."""
        stepped_s, self._base_s = base_s - (self._base_s if self._base_s is not None else base_s), base_s
        if abs(stepped_s) > STEP_S:
            log.warning("the wall clock of this machine was stepped by %.1f s", stepped_s)
            self.anchoring.stepped(stepped_s)


def _share(anchor: Anchor) -> None:
    connection().hset(ANCHOR_KEY, mapping=dict[Any, Any](anchor_fields(anchor)))

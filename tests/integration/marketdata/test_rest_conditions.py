"""What of the REST side is alerted, and that an alert ends with its condition, also in a process that began later."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection

from cdb_site.health.server import report
from marketdata.mexc.rest import MexcRest
from marketdata.screeners.rest.fallback import QuoteFallback
from marketdata.screeners.rest.gap_filling import OVERDUE_S, Filling
from marketdata.screeners.rest.rest_conditions import UNREACHABLE_S, RestGuard
from marketdata.screeners.rest.timekeeping import TimeKeeper
from tests.integration.marketdata.rest_rig import BTC, ETH, START_S, Rig, open_alerts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


class Process:
    """One REST screener's conditions, and what each of them is read from."""

    def __init__(self, rig: Rig, rest: MexcRest) -> None:
        self.rig, self.rest = rig, rest
        self.fallback = QuoteFallback(rig.clock, rest, rig.in_thread, lambda: [BTC, ETH])
        self.filling = Filling(rig.environment, rig.clock, rest, rig.in_thread)
        self.guard = RestGuard(
            runtime=rig.runtime,
            rest=rest,
            time=TimeKeeper(rig.runtime, rest),
            filling=self.filling,
            silence=self.fallback.silence,
            in_thread=rig.in_thread,
        )

    def all_is_well(self) -> None:
        self.rest.succeeded_at["/api/v3/time"] = self.rig.clock.elapsed_s
        self.guard.time.anchoring.skewed = False
        self.filling.settled = True
        self.fallback.silence.watched = {BTC: 0.0, ETH: 0.0}

    def all_is_wrong(self) -> None:
        self.fallback.silence.served = {BTC, ETH}
        self.guard.time.anchoring.skewed = True
        self.filling.recent.seen({(BTC, START_S)}, self.rig.clock.elapsed_s)
        self.rig.clock.elapsed_s += max(UNREACHABLE_S, OVERDUE_S) + 1

    async def look(self) -> set[str]:
        """The alerts that are open after it."""
        await self.guard.turn()
        return await asyncio.to_thread(_open_and_gone)


def test_alerts_are_raised_and_closed_with_their_conditions_and_by_a_fresh_process(rig: Rig) -> None:
    seen: list[set[str]] = []

    async def scene(rest: MexcRest) -> None:
        process, fresh = Process(rig, rest), Process(rig, rest)
        process.all_is_well()
        seen.append(await process.look())
        process.all_is_wrong()
        seen.append(await process.look())
        assert "has not answered for 31 s" in rig.runtime.progress.complaints[0]
        rest.succeeded_at.clear()
        seen.append(await fresh.look())
        rig.clock.elapsed_s += 20
        fresh.all_is_well()
        seen.append(await fresh.look())
        assert rig.runtime.progress.complaints == []

    rig.run(scene)

    everything = {"FEED_FALLBACK", "EXCHANGE_UNREACHABLE", "CLOCK_SKEW", "CANDLES_MISSING"}
    assert seen == [set(), everything, everything, set()]
    _, health = report(rig.runtime)
    assert (health["candles_missing"], health["quotes_from_rest"]) == (0, 0)
    assert list(health["answer_age_s"]) == ["/api/v3/time"]  # type: ignore[call-overload]


def _open_and_gone() -> set[str]:
    """In a thread that is not kept: its connection is closed at once."""
    try:
        return open_alerts()
    finally:
        connection.close()

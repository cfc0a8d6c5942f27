"""The desk where the simulated exchange's faults are ordered and counted, asked by streams and endpoints.

It holds the faults that act now, ends each when its time is over, counts what each did, so that nobody has to
believe that a fault happened, and keeps the last ones that ended. Durations are wall time. A crash and a wide
spread are handed to the market itself and stay part of it: REST, sockets and a restart tell the same.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aiohttp import web

from mexc_sim.faults.kinds import Fault
from mexc_sim.faults.relisting import relisted
from mexc_sim.faults.spoiling import SPOILERS, Acting, Frame, Sent, spoiled
from mexc_sim.faults.trading_side import TradingSide
from mexc_sim.market.disturbances import Crash, WideSpread
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.market_clock import MarketClock

log = logging.getLogger(__name__)

ENDED_KEPT = 50
CONTROL_HEADER = "X-Sim-Control"


class FaultDesk:
    """`accounts` are the names of those that may trade here; without any there is no trading side to strike."""

    def __init__(self, exchange: Exchange, clock: MarketClock, accounts: Sequence[str] = ()) -> None:
        self.exchange, self.clock, self.accounts = exchange, clock, tuple(accounts)
        self.trading = TradingSide(self._of, clock.market.rate)
        self.ended: deque[dict[str, Any]] = deque(maxlen=ENDED_KEPT)
        self.done: dict[str, Counter[str]] = {}
        self._ids = itertools.count(1)
        self._acting: list[Acting] = []

    def begin(self, fault: Fault) -> Acting:
        """The fault holds from now on."""
        acting = Acting(fault_id=next(self._ids), fault=fault, ends_s=self._now_s() + fault.seconds)
        log.warning("fault %d begins: %s", acting.fault_id, fault.sentence)
        if fault.kind in ("crash", "wide_spread"):
            self._disturb(acting)
        self._acting.append(acting)
        if fault.kind == "crash":
            acting.finished = True
            self._finish(acting)
        return acting

    def end(self, fault_id: int | None = None) -> int:
        """End one fault, or all without an id, before their time. Returns how many."""
        ending = [item for item in self._acting if fault_id in (None, item.fault_id)]
        for item in ending:
            self._finish(item)
        return len(ending)

    def report(self) -> dict[str, Any]:
        """What holds now, what ended lately (newest last), and every deed counted by kind since the start."""
        active = [self._told(item) for item in self._holding()]
        done = {kind: dict(it) for kind, it in self._totals()}
        return {"active": active, "ended": list(self.ended), "done": done, "accounts": list(self.accounts)}

    def _totals(self) -> Iterator[tuple[str, Counter[str]]]:
        for kind in {*self.done, *(item.fault.kind for item in self._acting)}:
            running = (item.done for item in self._acting if item.fault.kind == kind)
            yield kind, sum(running, self.done.get(kind, Counter()))

    def connecting(self) -> bool:
        """Whether a new socket is let in."""
        for item in self._of("refuse"):
            item.done["sockets refused"] += 1
            return False
        return True

    def frames(
        self, channel: str, symbol: str, frame: bytes, *, closing: bool = False
    ) -> Iterable[tuple[float, bytes | str]]:
        """What is sent instead of a frame, each after a delay in wall seconds."""
        if not self._acting:
            return ((0.0, frame),)
        return self._spoiled(Frame(channel, symbol, frame, closing, self._now_s()))

    def _spoiled(self, frame: Frame) -> list[Sent]:
        return spoiled([item for item in self._holding() if item.fault.kind in SPOILERS], frame)

    def pairs(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The exchange's list of pairs as it is told."""
        holding = list(self._holding())
        return [told for row in rows if (told := relisted(holding, row)) is not None]

    def delisted(self, symbol: str) -> bool:
        return any(item.fault.concerns(symbol) for item in self._of("delisted"))

    def disconnect_wanted(self) -> bool:
        """Whether all sockets are to be closed now; true once per order."""
        now_s, wanted = self._now_s(), False
        for item in self._of("disconnect"):
            if item.due(now_s):
                item.done["disconnects"] += 1
                wanted = True
        for item in self._of("refuse"):
            if item.value("drop") and not item.done["disconnects"]:
                item.done["disconnects"] += 1
                wanted = True
        return wanted

    def clock_skew_s(self) -> float:
        """Market seconds that the exchange's stated times are off."""
        total_s = 0.0
        for item in self._of("clock_skew"):
            item.done["times skewed"] += 1
            total_s += item.value("skew_s")
        return total_s

    @web.middleware
    async def rest(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answers of the API late or wrong. Who steers faults is spared, so that they can be ended."""
        if request.path.startswith("/api/") and CONTROL_HEADER not in request.headers:
            for item in self._of("rest_slow"):
                if item.strikes():
                    item.done["answers delayed"] += 1
                    await asyncio.sleep(item.value("delay_s"))
            wrong = self._wrong_answer()
            if wrong is not None:
                return wrong
        response: web.StreamResponse = await handler(request)
        return response

    def _wrong_answer(self) -> web.Response | None:
        for item in self._of("rest_429"):
            if item.strikes():
                item.done["answers refused"] += 1
                headers = {"Retry-After": f"{item.value('retry_after_s'):g}"}
                return web.json_response({"code": 429, "msg": "Too Many Requests"}, status=429, headers=headers)
        for item in self._of("rest_5xx"):
            if item.strikes():
                item.done["answers broken"] += 1
                # A gateway's page: no JSON, as it comes from a server that is not there.
                page = "<html><body><h1>Service Temporarily Unavailable</h1></body></html>"
                return web.Response(status=int(item.value("status")), text=page, content_type="text/html")
        return None

    def _disturb(self, acting: Acting) -> None:
        fault, now_s = acting.fault, self.clock.now_s()
        symbols = tuple(sorted(fault.symbols)) or None
        if fault.kind == "crash":
            self.exchange.disturb(Crash(at_s=now_s, symbols=symbols, size=acting.value("size")))
        else:
            until_s = now_s + fault.seconds * self.clock.market.rate
            factor = acting.value("factor")
            self.exchange.disturb(WideSpread(from_s=now_s, until_s=until_s, symbols=symbols, factor=factor))
        acting.done["market disturbed"] += 1

    def _now_s(self) -> float:
        return self.clock.clock.monotonic_s()

    def _of(self, kind: str) -> list[Acting]:
        return [item for item in self._holding() if item.fault.kind == kind] if self._acting else []

    def _holding(self) -> list[Acting]:
        """The faults that act now, those whose time is over cleared away."""
        now_s = self._now_s()
        for item in [item for item in self._acting if item.finished or item.ends_s <= now_s]:
            self._finish(item)
        return self._acting

    def _finish(self, acting: Acting) -> None:
        self._acting.remove(acting)
        self.done.setdefault(acting.fault.kind, Counter()).update(acting.done)
        self.ended.append(self._told(acting))
        deeds = ", ".join(f"{count} {deed}" for deed, count in acting.done.items()) or "nothing done"
        log.warning("fault %d ended: %s: %s", acting.fault_id, acting.fault.kind, deeds)

    def _told(self, acting: Acting) -> dict[str, Any]:
        return {
            "id": acting.fault_id,
            "kind": acting.fault.kind,
            "symbols": sorted(acting.fault.symbols),
            **acting.fault.values,
            "seconds_left": round(max(0.0, acting.ends_s - self._now_s()), 1),
            "done": dict(acting.done),
        }

"""What faults do to the answers of the simulated exchange's trading side: to an order's, and to the list of trades.

One fault at most meets an order, chosen before it is placed; it is counted when it is met. An order that is refused is
refused as ever. What is cut is cut without a word: the connection is reset, as by a machine that died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aiohttp import web

from mexc_sim.faults.spoiling import Acting
from mexc_sim.trading.floor import FloorOrder, FloorTrade

DEEDS = {
    "order_no_answer": "orders not answered",
    "order_code_200": "orders answered with a code",
    "order_late_answer": "orders answered late",
}
MESSAGE = "Internal error"


class Answered(NamedTuple):
    """An order as it stands and what would be said of it."""

    placed: FloorOrder
    response: web.Response


class TradingSide:
    """`of` gives the faults of a kind that hold, `rate` market seconds per wall second."""

    def __init__(self, of: Callable[[str], list[Acting]], rate: float) -> None:
        self._of, self._rate = of, rate

    async def answer(self, request: web.Request, symbol: str, place: Callable[[], Answered]) -> web.StreamResponse:
        """Place an order, or not, and say of it what the faults let through. Raises what `place` raises."""
        acting = self._met(symbol)
        if acting is None:
            done = place()
            return _cut(request) if self.cuts(done.placed) else done.response
        arrives = acting.fault.values.get("placed", 1.0)
        response = place().response if arrives else web.Response()
        acting.done[DEEDS[acting.fault.kind]] += 1
        await asyncio.sleep(acting.fault.values.get("after_s", 0.0))
        if acting.fault.kind == "order_no_answer":
            return _cut(request)
        if acting.fault.kind == "order_code_200":
            return web.json_response({"code": int(acting.value("code")), "msg": MESSAGE})
        return response

    def _met(self, symbol: str) -> Acting | None:
        """The fault that meets the next order of this symbol."""
        for kind in DEEDS:
            for item in self._of(kind):
                if item.fault.concerns(symbol) and item.strikes():
                    return item
        return None

    def cuts(self, placed: FloorOrder) -> bool:
        """Whether who trades with this order is cut off; the same for all of its trades."""
        if not placed.filled:
            return False
        for item in self._of("fill_then_disconnect"):
            order_id = placed.order.order_id
            if item.fault.concerns(placed.asked.symbol) and order_id not in item.chosen:
                item.chosen[order_id] = item.strikes()
                item.done["accounts cut off"] += item.chosen[order_id]
            if item.chosen.get(order_id):
                return True
        return False

    def listed(self, trades: Sequence[FloorTrade], at_ms: int) -> list[FloorTrade]:
        """Of these trades the ones that are told at this market time."""
        told = list(trades)
        for item in self._of("trades_lack_newest"):
            newest_ms = at_ms - item.value("late_s") * self._rate * 1000
            kept = [one for one in told if one.at_ms <= newest_ms or not item.fault.concerns(one.placed.asked.symbol)]
            item.done["trades not listed"] += len(told) - len(kept)
            told = kept
        return told


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

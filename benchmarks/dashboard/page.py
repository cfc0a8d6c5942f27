"""The overview under 500 events a second: how busy its thread is, how soon an order stands there, what it keeps.

One page, looked at for a hundred seconds after a warm-up that fills its lists. Time to the DOM runs from the moment an
order's event was due to the one at which its row was put in, as an observer in the page sees it. The list shows the
newest ten: an order that ten newer ones overtook before the next frame counts as shown when the next newer one is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import CDPSession, Page

from benchmarks.dashboard.browser import LIVE, PATIENCE_MS, Visitor
from benchmarks.dashboard.stream import EventStream
from cdb_site.clock import SYSTEM
from proofs.rig.waiting import expect, say

WARM_UP_S = 15.0
DRAIN_EVERY_S = 5.0
AFTER_S = 2.0
SHOWN_LEAST = 0.5
OBSERVE = """() => {
  globalThis.benchSeen = [];
  new MutationObserver((changes) => {
    const now = Date.now();
    for (const change of changes) for (const node of change.addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const rows = node.matches("[data-order]") ? [node] : node.querySelectorAll("[data-order]");
      for (const row of rows) globalThis.benchSeen.push([row.dataset.order, now]);
    }
  }).observe(document.getElementById("orders"), { subtree: true, childList: true });
}"""
DRAIN = "() => globalThis.benchSeen.splice(0)"


class BusyPage:
    """The page, and when each order was first seen on it, in ms of the wall."""

    def __init__(self, page: Page) -> None:
        self.page, self.seen = page, dict[str, float]()
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("Performance.enable")
        self.cdp.send("HeapProfiler.enable")

    def look(self, seconds: float) -> None:
        end_s = SYSTEM.monotonic_s() + seconds
        while (left_s := end_s - SYSTEM.monotonic_s()) > 0:
            self.page.wait_for_timeout(min(left_s, DRAIN_EVERY_S) * 1000)
            for order_id, at_ms in self.page.evaluate(DRAIN):
                self.seen.setdefault(order_id, at_ms)

    def metrics(self, *, collected: bool = False) -> dict[str, float]:
        if collected:
            for _ in range(2):
                self.cdp.send("HeapProfiler.collectGarbage")
        told = self.cdp.send("Performance.getMetrics")
        return {row["name"]: row["value"] for row in told["metrics"]}


def busy_page(visitor: Visitor, rate: int, seconds: float) -> dict[str, Any]:
    stream = EventStream(visitor.system.env, rate)
    stream.start()
    try:
        with visitor.fresh() as page:
            page.goto(f"{visitor.system.url}/")
            page.wait_for_selector(LIVE, timeout=PATIENCE_MS)
            page.evaluate(OBSERVE)
            return _measure(BusyPage(page), stream, seconds)
    finally:
        stream.stop()


def _measure(busy: BusyPage, stream: EventStream, seconds: float) -> dict[str, Any]:
    busy.look(WARM_UP_S)
    kept = busy.metrics(collected=True)
    sent, from_s, begin = stream.sent, SYSTEM.wall_s(), busy.metrics()
    busy.look(seconds)
    end, to_s = busy.metrics(), SYSTEM.wall_s()
    stream.expect_sent(sent, to_s - from_s)
    held = busy.metrics(collected=True)
    busy.look(AFTER_S)
    due = stream.due_between(from_s, to_s)
    shown = sum(order_id in busy.seen for order_id in due)
    expect(shown >= SHOWN_LEAST * len(due), f"only {shown} of {len(due)} orders stood on the page")
    late_ms = _late_ms(due, busy.seen)
    expect(len(late_ms) == len(due), f"the newest {len(due) - len(late_ms)} orders never stood on the page")
    cuts = statistics.quantiles(late_ms, n=100, method="inclusive")
    ran_s, of_s = (end[name] - begin[name] for name in ("TaskDuration", "Timestamp"))
    parts = {name: round(100 * (end[name] - begin[name]) / of_s, 2)
             for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")}  # fmt: skip
    figures = {
        "main_thread_pct_500": round(100 * ran_s / of_s, 2),
        "main_thread_cpu_pct_500": round(100 * (end["ThreadTime"] - begin["ThreadTime"]) / of_s, 2),
        "main_thread_parts_pct": parts,
        "event_to_dom_p95_ms": round(cuts[94], 1),
        "event_to_dom_p50_ms": round(cuts[49], 1),
        "orders_shown": f"{shown} of {len(due)}",
        "heap_growth_mb_100s": round((held["JSHeapUsedSize"] - kept["JSHeapUsedSize"]) / 1e6 * 100 / seconds, 3),
        "nodes_growth": int(held["Nodes"] - kept["Nodes"]),
    }
    say(f"page: {figures}")
    return figures


def _late_ms(due: Mapping[str, float], seen: Mapping[str, float]) -> list[float]:
    """Of each order, newest first, until it or the next newer one stood there; none for those after the last shown."""
    late, shown_ms = [], math.inf
    for order_id, due_s in sorted(due.items(), key=lambda pair: -pair[1]):
        shown_ms = min(shown_ms, seen.get(order_id, math.inf))
        if shown_ms < math.inf:
            late.append(shown_ms - due_s * 1000)
    return late

"""How heavy the overview is for who comes first, how soon something is seen; how soon the Trades page can be used."""

from __future__ import annotations

import statistics
from typing import Any
from unittest.mock import patch

import psycopg
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page

from benchmarks.dashboard.browser import LIVE, NOTE_LIVE, PATIENCE_MS, Visitor
from cdb_site.local.system import System
from execution.models import Order
from proofs.rig.waiting import expect, say

ORDERS_LEAST = 2000
TABS = ("trips", "orders", "fills")
SETTLE_MS = 1_000
LOOKS = 3
# A transaction's own words are no queries.
AROUND = ("SET TRANSACTION", "SAVEPOINT", "RELEASE SAVEPOINT")
FCP = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


class Transferred:
    """Bytes over the wire by kind of resource, with headers, as the browser counts them; no socket."""

    def __init__(self, page: Page) -> None:
        self.bytes: dict[str, float] = {}
        self._kinds: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def _received(self, told: Any) -> None:
        self._kinds[told["requestId"]] = told["type"]

    def _finished(self, told: Any) -> None:
        kind = self._kinds.get(told["requestId"], "Other")
        self.bytes[kind] = self.bytes.get(kind, 0) + told["encodedDataLength"]

    def kb(self) -> dict[str, float]:
        return {kind: round(size / 1000, 1) for kind, size in sorted(self.bytes.items())}


def weight(visitor: Visitor, rounds: int) -> dict[str, Any]:
    paints, kb = [], dict[str, float]()
    for _ in range(rounds):
        with visitor.fresh() as page:
            transferred = Transferred(page)
            page.goto(f"{visitor.system.url}/")
            page.wait_for_selector(LIVE, timeout=PATIENCE_MS)
            page.wait_for_timeout(SETTLE_MS)
            paints.append(page.evaluate(FCP))
            kb = transferred.kb()
    say(f"overview: KB by kind {kb}, first paints {paints} ms")
    expect(all(paints) and "Script" in kb, f"the overview was not whole: {kb}, painted at {paints}")
    apart = sum(size for kind, size in kb.items() if kind != "Font")
    return {"overview_kb_gz": round(apart, 1), "overview_kb_by_kind": kb, "fcp_ms": statistics.median(paints)}


def trades_queries(system: System) -> dict[str, Any]:
    """Of each tab; the most of them is the figure. The first looks derive round trips, in portions."""
    planted = Order.objects.count()
    expect(planted >= ORDERS_LEAST, f"only {planted} orders are planted")
    queries = {tab: _queries(system, tab) for tab in TABS for _ in range(LOOKS)}
    say(f"trades: queries {queries}")
    return {"trades_queries": max(queries.values()), "trades_queries_by_tab": queries}


def trades_usable(visitor: Visitor, rounds: int) -> dict[str, Any]:
    usable = [_usable_ms(visitor) for _ in range(rounds)]
    say(f"trades: usable after {usable} ms")
    return {"trades_2000_interactive_ms": round(statistics.median(usable), 1)}


def _usable_ms(visitor: Visitor) -> float:
    """From the asking until rows stand there and the page's programs run and are connected."""
    with visitor.fresh() as page:
        page.add_init_script(NOTE_LIVE)
        page.goto(f"{visitor.system.url}/trades/?tab=orders")
        page.wait_for_selector(LIVE, timeout=PATIENCE_MS)
        expect(page.locator("a[href^='/why/']").count(), "the Trades page shows no order")
        return float(page.evaluate("globalThis.benchLiveMs"))


def _queries(system: System, tab: str) -> int:
    """Of the same view on the same database, called in this process: session, person and rights included.

    Counted in the driver: not all statements go through Django's cursors.
    """
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(User.objects.get(username=system.operator))
    with patch.object(psycopg.Cursor, "execute", autospec=True, side_effect=psycopg.Cursor.execute) as executed:
        answer = client.get("/trades/", {"tab": tab})
    expect(answer.status_code == 200, f"/trades/?tab={tab} answers {answer.status_code}")
    expect(b'href="/why/' in answer.content, f"/trades/?tab={tab} shows no row")
    statements = [str(call.args[1]) for call in executed.call_args_list]
    return sum(not statement.startswith(AROUND) for statement in statements)

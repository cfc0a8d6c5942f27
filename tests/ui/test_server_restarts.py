"""The server is killed under an open page and comes back: the page says so, goes on by itself, and has lost nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Page, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.site import Site, wait_until_healthy

# One more order and one more alert, stored and published as the services do.
STORE = """
from cdb_site.alerts.models import Alert
from cdb_site.alerts.operations import raise_alert
from execution.models import Order
from tests.builders import plant_order
symbol, = words
order = plant_order(symbol=symbol)
alert = raise_alert("SYMBOL_SILENT", source="tests", key=symbol, params={"symbol": symbol, "age_s": "44"})
newest = Order.objects.order_by("-created_at").values_list("pk", flat=True)[:10]
open_alerts = Alert.objects.exclude(state="CLOSED").order_by("level", "-raised_at").values_list("pk", flat=True)
say({"orders": list(map(str, newest)), "alerts": list(map(str, open_alerts))})
"""
FORGET = """
from cdb_site.alerts.models import Alert
from execution.models import Order
Order.objects.filter(symbol__in=words).delete()
Alert.objects.filter(key__in=words).delete()
"""


class Writer:
    """The database as it stands after the newest order and alert: which rows the overview must show."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.symbols: list[str] = []
        self.rows: dict[str, list[str]] = {}

    @property
    def count(self) -> int:
        return len(self.symbols)

    def store(self, times: int = 1) -> None:
        for _ in range(times):
            self.symbols.append(f"Z{self.count}USDT")
            self.rows = self.site.hand.run(STORE, self.symbols[-1])


@contextmanager
def writing(site: Site) -> Iterator[Writer]:
    writer = Writer(site)
    try:
        yield writer
    finally:
        site.hand.run(FORGET, *writer.symbols)


def shown(page: Page) -> dict[str, list[str]]:
    read = "rows => rows.map((row) => row.dataset.order ?? row.dataset.alert)"
    return {
        "orders": page.locator("#orders [data-order]").evaluate_all(read),
        "alerts": page.locator("#alerts [data-alert]").evaluate_all(read),
    }


def is_live(page: Page) -> bool:
    return page.evaluate("document.documentElement.dataset.conn") == "live"


def answers(site: Site) -> bool:
    with suppress(OSError):
        return site.get("/health")[0] == 200
    return False


def test_a_killed_server_is_told_within_three_seconds_and_its_return_has_lost_no_order_and_no_alert(
    open_chains: Any, chain_site: Site
) -> None:
    page: Page = open_chains("/", strict=False)  # a browser writes refused connections to its console
    page.evaluate("() => { globalThis.notReloaded = true; }")
    with writing(chain_site) as writer:
        chain_site.kill()
        killed_s = time.monotonic()
        try:
            expect(page.locator("[data-banner='Numbers are stale.']")).to_contain_text("The connection is lost")
            assert time.monotonic() - killed_s <= 3
            writer.store(2)
        finally:
            chain_site.start()
        # While it comes up, while the page finds it, and when the page has found it.
        while not answers(chain_site) and writer.count < 5:
            writer.store()
            time.sleep(1)
        wait_until_healthy(chain_site)
        while not is_live(page) and writer.count < 8:
            writer.store()
            time.sleep(0.2)
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
        writer.store(2)

        expect(page.locator(f"[data-order='{writer.rows['orders'][0]}']")).to_have_count(1)
        expect(page.locator("#alerts-foot")).to_contain_text(f"{len(writer.rows['alerts'])} open")
        expect(page.locator("[data-banner='Numbers are stale.']")).to_have_count(0)
        expected = {"orders": writer.rows["orders"], "alerts": writer.rows["alerts"][:5]}
        assert shown(page) == expected
        assert page.evaluate("globalThis.notReloaded")

"""The browser's clock is an hour wrong, from the beginning or all at once: what is fresh and what is stale stays so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.site import Site, beat, quote

# Every way to ask the browser for the time, moved; timers and performance.now() go on, as they do on a real machine.
STEP = """(hours) => {
  const Real = Date;
  const now = () => Real.now() + hours * 3_600_000;
  globalThis.Date = class extends Real {
    constructor(...given) { if (given.length) super(...given); else super(now()); }
    static now() { return now(); }
  };
}"""
AGE_OF_SECONDS = re.compile(r"^\d+(\.\d)? s")
BOTH_WAYS = pytest.mark.parametrize("hours", [-1, 1], ids=["set back", "set forward"])


def feed_is_fresh(page: Page, site: Site) -> None:
    """Quotes and heartbeats just came: an age of seconds, all services heard, no banner."""
    site.say("health", beat("ws", detail={"feed_age_s": 0.1}))
    site.say("health", beat("rest", detail={"quotes_from_rest": 0}))
    site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", "100"), quote("BBBUSDT", "50")]})
    expect(page.locator("[data-cell=feed] .v")).to_have_text(AGE_OF_SECONDS)
    page.wait_for_timeout(1500)  # ages are drawn anew twice a second
    expect(page.locator("[data-cell=feed] .v")).to_have_text(AGE_OF_SECONDS, timeout=100)
    assert page.locator("[data-banner='Numbers are stale.']").count() == 0
    assert page.locator("html").get_attribute("data-conn") == "live"


@BOTH_WAYS
def test_a_clock_that_is_stepped_makes_nothing_stale_and_hides_no_silence(
    open_page: Any, marked_site: Site, hours: int
) -> None:
    page = open_page()

    page.evaluate(STEP, hours)

    feed_is_fresh(page, marked_site)
    with marked_site.frozen():
        expect(page.locator("[data-cell=feed]")).to_contain_text(re.compile(r"([4-9]|\d\d)(\.\d)? s"))
        page.wait_for_selector("html[data-conn=stale]", timeout=PATIENCE_MS)
        expect(page.locator("[data-banner='Numbers are stale.']")).to_contain_text("The connection is lost")
        panels = page.locator(".panel[data-live]")
        expect(page.locator(".panel[data-live] > header .tag.stale-age")).to_have_count(panels.count())
        expect(page.locator(".stale-age").first).to_contain_text(re.compile(r"^(\d\.|[6-9]|\d\d).* old$"))
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
    expect(page.locator(".stale-age")).to_have_count(0)


@BOTH_WAYS
def test_a_clock_that_was_wrong_all_along_is_not_gone_by(open_page: Any, marked_site: Site, hours: int) -> None:
    page = open_page(keep=False)
    page.add_init_script(f"({STEP})({hours})")

    page.reload()
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)

    assert abs(page.evaluate("Date.now()") - page.evaluate("performance.timeOrigin + performance.now()")) > 3_000_000
    feed_is_fresh(page, marked_site)

"""Health: what turns, what waits, what the books say; and that what is not known says so."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, Page, StorageState, expect

from tests.ui.conftest import PATIENCE_MS, Strict
from tests.ui.site import Site, beat


def opened(page: Page, site: Site) -> Page:
    page.goto(f"{site.url}/system/health/")
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
    return page


def test_health_tells_what_is_heard_shared_counted_and_unknown(
    browser: Browser, marked_site: Site, viewer: StorageState
) -> None:
    with browser.new_context(storage_state=viewer, locale="en") as context:
        page = context.new_page()
        strict = Strict(page, marked_site.url)
        opened(page, marked_site)

        expect(page.locator("[data-service=execution]")).to_contain_text("not heard")
        expect(page.locator("[data-fact=sockets]")).to_have_text("unknown")
        marked_site.say("health", beat("signal", lag=3))
        marked_site.say("health", beat("risk", status="FAILING", detail={"reason": "<b>no database</b>"}))
        marked_site.say("health", beat("ws", pid=4712, detail={"feed_age_s": 40.0}))
        marked_site.say("health", beat("rest", pid=4713, detail={"quotes_from_rest": 30}))

        expect(page.locator("[data-service=signal]")).to_contain_text("with risk")
        expect(page.locator("[data-service=risk]")).to_contain_text("<b>no database</b>")
        expect(page.locator("[data-service=risk]")).to_contain_text("failing")
        expect(page.locator("[data-fact=source]")).to_have_text("REST instead of the sockets")
        expect(page.locator("[data-fact=sockets]")).to_contain_text("4")
        expect(page.locator("[data-fact=differences]")).to_contain_text("0")
        expect(page.locator("[data-topic=health]")).to_contain_text("health")
        assert strict.faults == []


def test_the_facts_are_true_of_the_planted_world(browser: Browser, marked_site: Site, viewer: StorageState) -> None:
    with browser.new_context(storage_state=viewer) as context:
        answer = context.request.get(f"{marked_site.url}/system/health/facts/")

        told = json.loads(answer.text())
        assert told["stages"]["undecided"] == told["stages"]["signals"] - sum(told["stages"]["outcomes"].values())
        assert told["stages"]["fills"] >= 1
        assert told["books"]["violations"] == 0
        assert {row["topic"] for row in told["topics"]} >= {"signals", "orders", "health"}
        assert told["redis"]["policy"]


def test_who_is_not_logged_in_reads_no_facts(browser: Browser, marked_site: Site) -> None:
    with browser.new_context() as context:
        answer = context.request.get(f"{marked_site.url}/system/health/facts/", max_redirects=0)

        assert answer.status == 302

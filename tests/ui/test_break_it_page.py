"""Break it, in the browser: every fault of the table, expected beside seen, the books' proof, no button for a viewer.

What the server answers is tried on a real simulator in `tests/integration/dashboard/test_breaking.py`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, StorageState, expect

from mexc_sim.faults.catalog import KINDS
from tests.ui.conftest import Strict
from tests.ui.people import logged_in, somebody
from tests.ui.site import Site

RUN = {"id": 4, "kind": "silence", "by": "<b>anna</b>", "began_s": 100.0, "symbols": [], "values": {}, "done": {}}
CHECKS = [
    {"code": "FEED_FALLBACK", "within_s": 15, "state": "SEEN", "after_s": 5.1},
    {"code": "FEED_MALFORMED", "within_s": 15, "state": "MISSED", "after_s": None},
    {"code": "CLOCK_SKEW", "within_s": 15, "state": "WAITING", "after_s": None},
]
STANDING = {
    "now_s": 117.2,
    "problem": "",
    "active": [],
    "runs": [{**RUN, "holds": True, "seconds_left": 28, "checks": CHECKS}],
}
PROOF = {"violations": 0, "unfinished": [], "first": "", "lost": 0, "twice": 0, "difference": "0.00"}


@pytest.fixture
def operator(site: Site) -> str:
    return somebody(site, "everything")


def test_an_operator_sees_expected_beside_seen_and_what_the_books_prove(
    browser: Browser, marked_site: Site, operator: str
) -> None:
    with logged_in(browser, marked_site, operator, locale="en") as page:
        strict = Strict(page, marked_site.url)
        page.route("**/break-it/standing/", lambda route: route.fulfill(json=STANDING))
        page.route("**/break-it/prove/", lambda route: route.fulfill(json=PROOF))
        page.goto(f"{marked_site.url}/break-it/")

        expect(page.locator("[data-kind]")).to_have_count(len(KINDS))
        expect(page.locator("[data-kind=delay] [name=ms]")).to_have_attribute("placeholder", "1000")
        expect(page.locator("[data-run='4']")).to_contain_text("<b>anna</b>")
        expect(page.locator("[data-check=FEED_FALLBACK]")).to_contain_text("✓")
        expect(page.locator("[data-check=FEED_FALLBACK]")).to_contain_text("after 5.1 s")
        expect(page.locator("[data-check=FEED_MALFORMED]")).to_contain_text("✗")
        expect(page.locator("[data-check=CLOCK_SKEW]")).to_contain_text("not yet")
        page.locator("#proof button").click()
        expect(page.locator("[data-proof=good]")).to_contain_text("0 lost, 0 double, cash differs by 0.00")
        assert strict.faults == []


def test_an_exchange_that_does_not_answer_is_said_to_be_away(
    browser: Browser, marked_site: Site, operator: str
) -> None:
    with logged_in(browser, marked_site, operator, locale="en") as page:
        page.goto(f"{marked_site.url}/break-it/")
        page.locator("[data-kind=silence] button").click()

        expect(page.locator("#main .banner.bad[role=status]").first).to_contain_text("MEXC_REST_URL")


def test_a_viewer_looks_and_has_no_button(browser: Browser, marked_site: Site, viewer: StorageState) -> None:
    with browser.new_context(storage_state=viewer) as context:
        page = context.new_page()
        page.goto(f"{marked_site.url}/break-it/")

        expect(page.locator("[data-kind]")).to_have_count(len(KINDS))
        expect(page.locator("#main button")).to_have_count(0)
        expect(page.locator("#main input:not([type=hidden])")).to_have_count(0)

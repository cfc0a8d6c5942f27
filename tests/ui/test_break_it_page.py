"""Break it, in the browser: every fault of the table, expected beside seen, the books' proof, no button for a viewer.

What the server answers is tried on a real simulator in `tests/integration/dashboard/test_breaking.py`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from cdb_site.clock import SYSTEM
from mexc_sim.faults.market_faults import MARKET_FAULTS
from tests.flow.looking import wait_until
from tests.ui.conftest import PATIENCE_MS
from tests.ui.kept_pages import KeptPages
from tests.ui.people import logged_in, somebody
from tests.ui.site import Site, beat

RUN = {
    "id": 4, "name": "4-100.0", "kind": "silence", "title": "No market data", "by": "<b>anna</b>", "began_s": 100.0,
    "symbols": [], "service": "", "values": {}, "done": {}, "rate": 10.0, "holds": True, "may_end": True,
    "seconds_left": 28, "ends_after_s": 45.0,
}  # fmt: skip
CHECKS = [
    {"code": "FEED_FALLBACK", "turn": "RAISED", "due_s": 15, "state": "SEEN", "after_s": 5.1},
    {"code": "FEED_MALFORMED", "turn": "RAISED", "due_s": 15, "state": "MISSED", "after_s": None},
    {"code": "CLOCK_SKEW", "turn": "RAISED", "due_s": 1e12, "state": "WAITING", "after_s": None},
]
COURSE = [
    {"kind": "ORDERED", "at_s": 0.0, "due_s": None, "state": "SEEN", "text": "Fault ordered by <b>anna</b>"},
    {"kind": "CHECK", "at_s": 5.1, "due_s": 15, "state": "SEEN", "text": "Alert FEED_FALLBACK"},
    {"kind": "CHECK", "at_s": None, "due_s": 15, "state": "MISSED", "text": "Alert FEED_MALFORMED"},
    {"kind": "CHECK", "at_s": 21.0, "due_s": 20, "state": "LATE", "text": "Alert FEED_SILENT"},
    {"kind": "CHECK", "at_s": None, "due_s": 1e12, "state": "WAITING", "text": "Alert CLOCK_SKEW"},
]
OLDER = {
    **RUN, "id": 3, "name": "3-90.0", "kind": "gaps", "title": "Lost frames", "holds": False, "may_end": False,
    "checks": [{"code": "CLOCK_SKEW", "turn": "RAISED", "due_s": 15, "state": "SEEN", "after_s": 5.1}],
}  # fmt: skip
STANDING = {
    "now_s": 117.2, "problem": "", "active": [], "shown": RUN["name"], "course": COURSE,
    "runs": [{**RUN, "checks": CHECKS}, OLDER],
}  # fmt: skip
PROOF = {"violations": 0, "unfinished": [], "first": "", "lost": 0, "twice": 0, "difference": "0.00"}


@pytest.fixture(scope="module")
def operator(site: Site) -> str:
    return somebody(site, "everything")


def test_an_operator_sees_expected_beside_seen_and_what_the_books_prove(
    kept_pages: KeptPages, marked_site: Site, operator: str
) -> None:
    with logged_in(kept_pages, marked_site, operator, keep=False) as page:
        page.route(re.compile("/break-it/standing/"), lambda route: route.fulfill(json=STANDING))
        page.route("**/break-it/prove/", lambda route: route.fulfill(json=PROOF))
        page.goto(f"{marked_site.url}/break-it/")

        expect(page.locator("[data-kind]")).to_have_count(len(MARKET_FAULTS))
        expect(page.locator("[data-kind=delay] [name=ms]")).to_have_attribute("placeholder", "1000")
        expect(page.locator("[data-kind=silence]")).to_contain_text("28 s left")
        course = page.locator("[data-run='4-100.0']")
        expect(course).to_contain_text("<b>anna</b>")
        expect(course.locator("[data-course=CHECK]")).to_have_count(4)
        seen = course.locator("[data-course=CHECK][data-state=SEEN]")
        for words in ("✓", "+5.1 s", "market 51 s", "expected ≤ 15 s"):
            expect(seen).to_contain_text(words)
        expect(course.locator("[data-state=MISSED]")).to_contain_text("missed: expected ≤ 15 s")
        expect(course.locator("[data-state=LATE]")).to_contain_text("late: expected ≤ 20 s")
        expect(course.locator("[data-state=WAITING]")).to_contain_text("at most")
        expect(page.locator("[data-before='4-100.0']")).to_contain_text("✗ FEED_MALFORMED")
        expect(page.locator("[data-before='3-90.0']")).to_contain_text("✓ as expected")
        page.locator("#proof button").click()
        expect(page.locator("[data-proof=good]")).to_contain_text("0 lost, 0 double, cash differs by 0.00")


def test_a_service_that_falls_silent_is_noted_in_the_course_by_who_watches(
    kept_pages: KeptPages, marked_site: Site, operator: str
) -> None:
    with logged_in(kept_pages, marked_site, operator, keep=False) as page:
        now = SYSTEM.wall_s()
        running = {**RUN, "began_s": now, "checks": []}
        page.route(
            re.compile("/break-it/standing/"),
            lambda route: route.fulfill(json={**STANDING, "runs": [running], "course": COURSE[:1]}),
        )
        page.goto(f"{marked_site.url}/break-it/")
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
        marked_site.say("health", beat("execution", pid=4711))
        expect(page.locator("#runs [data-course=ORDERED]")).to_be_visible()

        def noted() -> bool:
            """Heartbeats of another process, until the page has seen both."""
            marked_site.say("health", beat("execution", pid=4711))
            page.wait_for_timeout(300)
            marked_site.say("health", beat("execution", pid=4712))
            return page.locator("[data-course=HEARD]").count() > 0

        wait_until(noted, "a note of the new process")

        expect(page.locator("[data-course=HEARD]").first).to_contain_text("Execution")


def test_an_exchange_that_does_not_answer_is_said_to_be_away(
    kept_pages: KeptPages, marked_site: Site, operator: str
) -> None:
    with logged_in(kept_pages, marked_site, operator, keep=False) as page:
        page.goto(f"{marked_site.url}/break-it/")
        page.locator("[data-kind=silence] button").click()

        expect(page.locator(".said-lane .banner.bad").first).to_contain_text("MEXC_REST_URL")


def test_a_viewer_looks_and_has_no_button(open_page: Any) -> None:
    page = open_page("/break-it/")

    expect(page.locator("[data-kind]")).to_have_count(len(MARKET_FAULTS))
    expect(page.locator("#main button")).to_have_count(0)
    expect(page.locator("#main input:not([type=hidden])")).to_have_count(0)

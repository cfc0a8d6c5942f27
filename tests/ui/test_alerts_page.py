"""The page of alerts in a browser: open ones first, history page by page, each to its chain."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui import chains
from tests.ui.looks import tried
from tests.ui.test_why_page import sound_and_fitting


@pytest.mark.parametrize(("width", "scheme"), tried([(390, "dark"), (390, "light"), (1440, "dark"), (1440, "light")]))
def test_the_list_is_readable_for_everyone_and_fits(open_chains: Any, width: int, scheme: str) -> None:
    page = open_chains("/alerts/", width=width, scheme=scheme)

    expect(page.locator(f"[data-alert='{chains.alert_id('hostile')}']")).to_contain_text("<b>")
    sound_and_fitting(page)


def test_what_is_open_stands_first_by_its_level_with_what_to_do(open_chains: Any) -> None:
    page = open_chains("/alerts/")

    rows = page.locator("tr[data-alert]")
    expect(rows.nth(0)).to_have_attribute("data-alert", chains.alert_id("silent"))
    expect(rows.nth(1)).to_have_attribute("data-alert", chains.alert_id("slow"))
    expect(rows.nth(0)).to_contain_text("see the WS screener's log and the network")
    expect(rows.nth(0)).to_contain_text("open 2")
    expect(page.locator(f"tr[data-alert='{chains.alert_id('spread')}'] [data-seen]")).to_contain_text("anna")


def test_history_is_paged_without_a_row_twice_or_left_out(open_chains: Any) -> None:
    page = open_chains("/alerts/?code=FEED_FALLBACK")
    seen = [row.get_attribute("data-alert") for row in page.locator("tr[data-alert]").all()]
    while page.locator("a[rel=next]").count():
        page.locator("a[rel=next]").click()
        page.wait_for_load_state()
        seen += [row.get_attribute("data-alert") for row in page.locator("tr[data-alert]").all()]

    assert len(seen) == len(set(seen)) == 40


def test_filters_stand_in_the_address(open_chains: Any) -> None:
    page = open_chains("/alerts/")

    page.select_option("select[name=level]", "CRITICAL")

    expect(page.locator("tr[data-alert]")).to_have_count(1)
    assert "level=CRITICAL" in page.url
    page.goto(page.url.split("?")[0] + "?symbol=CCCUSDT")
    expect(page.locator("tr[data-alert]")).to_have_count(2)
    page.goto(page.url.split("?")[0] + "?view=open")
    expect(page.locator("tr[data-alert]")).to_have_count(2)


def test_an_alert_leads_to_the_chain_of_what_it_concerns(open_chains: Any) -> None:
    page = open_chains("/alerts/?symbol=CCCUSDT")

    page.locator(f"tr[data-alert='{chains.alert_id('order')}'] a.why").last.click()

    expect(page.locator(f"[data-decision='{chains.decision_id('bought')}']")).to_have_count(1)


def test_only_who_may_acknowledge_is_offered_to(open_chains: Any) -> None:
    row = f"tr[data-alert='{chains.alert_id('silent')}']"

    expect(open_chains("/alerts/").locator(row).get_by_text("Seen…")).to_have_count(0)
    expect(open_chains("/alerts/", who="operator").locator(row).get_by_text("Seen…")).to_have_count(1)

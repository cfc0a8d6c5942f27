"""Toasts and the bell: a burst is one toast, a critical alert stays, on every page, until somebody has seen it."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import expect

from tests.ui import chains
from tests.ui.kept_pages import KeptPages
from tests.ui.people import logged_in, somebody
from tests.ui.site import Site, alert


def test_a_critical_alert_stays_over_page_loads_until_somebody_has_seen_it(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/alerts/")
    raised = alert("EXCHANGE_UNREACHABLE", "CRITICAL", age_s="12") | {"state": "RAISED"}
    chain_site.say("alerts", raised)
    toast = page.locator("[data-toast=EXCHANGE_UNREACHABLE]")
    expect(toast).to_contain_text("Critical")
    expect(toast.get_by_role("button")).to_have_count(0)

    page.reload()
    page.wait_for_selector("html[data-conn=live]")
    expect(toast).to_have_count(1)

    seen = raised | {"state": "ACKNOWLEDGED", "version": 2, "acknowledged_by": "anna"}
    chain_site.say("alerts", seen)
    expect(toast).to_have_count(0)
    expect(page.locator("[data-seen=EXCHANGE_UNREACHABLE]")).to_contain_text("anna has seen")
    page.reload()
    page.wait_for_selector("html[data-conn=live]")
    expect(page.locator("[data-seen=EXCHANGE_UNREACHABLE]")).to_have_count(0)
    chain_site.say("alerts", seen | {"state": "CLOSED", "version": 3})


def test_a_critical_alert_whose_condition_has_ended_says_that_it_is_over(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/decisions/")
    raised = alert("EXCHANGE_UNREACHABLE", "CRITICAL", age_s="12") | {"state": "RAISED"}
    toast = page.locator("[data-toast=EXCHANGE_UNREACHABLE]")
    chain_site.say("alerts", raised)
    expect(toast).to_have_count(1)
    expect(toast).not_to_contain_text("over")

    chain_site.say("alerts", raised | {"state": "CLOSED", "version": 2})

    expect(toast).to_contain_text("over")


def test_a_critical_alert_that_is_open_already_is_told_at_once(open_chains: Any) -> None:
    page = open_chains("/decisions/")

    expect(page.locator("[data-toast=FEED_SILENT]")).to_have_count(1)


def test_a_critical_alert_that_is_over_can_be_put_away_and_stays_away(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/alerts/")
    chain_site.say("alerts", alert("CLOSE_OUT_FAILED", "CRITICAL", attempts=3))
    toast = page.locator("[data-toast=CLOSE_OUT_FAILED]")
    page.locator("[data-unseen]").wait_for()

    toast.get_by_role("button").click()

    expect(toast).to_have_count(0)
    page.reload()
    page.wait_for_selector("html[data-conn=live]")
    expect(toast).to_have_count(0)


def test_a_burst_of_one_kind_is_one_toast_with_its_number(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/decisions/")

    for number in range(5):
        chain_site.say(
            "alerts", alert("STOP_LOSS", "WARNING", symbol=f"S{number}USDT", bid="1", stop="2", quantity="3")
        )

    toast = page.locator("[data-toast=STOP_LOSS]")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text("×5")
    expect(toast).to_have_count(0)  # a warning goes by itself


def test_the_bell_counts_what_is_new_until_it_is_opened_and_leads_to_each(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/decisions/")
    bell = page.locator("#bell details")
    expect(bell).to_have_attribute("data-unseen", "2")  # never opened: what is open and unseen

    bell.locator("summary").click()
    expect(bell).to_have_attribute("data-unseen", "0")
    expect(bell.locator(f"[data-bell='{chains.alert_id('silent')}']")).to_be_visible()
    page.keyboard.press("Escape")
    expect(bell.locator("[data-bell]").first).to_be_hidden()

    chain_site.say("alerts", alert("STOP_LOSS", "WARNING", symbol="CCCUSDT", bid="1", stop="2", quantity="3"))
    expect(bell).to_have_attribute("data-unseen", "1")
    page.reload()
    bell.locator("summary").click()
    bell.locator(f"[data-bell='{chains.alert_id('silent')}']").click()
    expect(page.locator("h1")).to_have_text("What is this alert about?")


def test_only_toasts_and_the_answers_of_acts_are_announced(open_chains: Any) -> None:
    page = open_chains("/alerts/")

    assert [found.get_attribute("id") for found in page.locator("[aria-live]").all()] == ["toasts", "said"]


def test_no_sound_is_made_for_who_has_not_chosen_one(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/decisions/")

    chain_site.say("alerts", alert("UNIVERSE_UNUSABLE", "CRITICAL", problem="x", watched="3"))

    expect(page.locator("[data-toast=UNIVERSE_UNUSABLE]")).to_have_count(1)
    time.sleep(0.3)
    assert page.evaluate("() => document.documentElement.dataset.sounded ?? 'never'") == "never"


# Counts what would be heard, for no machine of these tests has a loudspeaker.
DEAF = """(() => {
  class Part { connect(other) { return other; } }
  globalThis.tones = 0;
  globalThis.AudioContext = class { constructor() { this.currentTime = 0; this.destination = new Part(); } };
  globalThis.GainNode = Part;
  globalThis.OscillatorNode = class extends Part { start() { globalThis.tones += 1; } stop() {} };
})()"""


def test_who_has_chosen_a_sound_hears_one_for_a_burst_of_critical_alerts(
    kept_pages: KeptPages, marked_site: Site
) -> None:
    with logged_in(kept_pages, marked_site, somebody(marked_site), keep=False) as page:
        page.add_init_script(DEAF)
        page.goto(f"{marked_site.url}/settings/")
        expect(page.locator("[name=sound]")).not_to_be_checked()
        page.check("[name=sound]")
        page.locator(".settings button[type=submit]").click()
        page.wait_for_selector("html[data-conn=live]")

        marked_site.say("alerts", alert("STOP_LOSS", "WARNING", symbol="AAAUSDT", bid="1", stop="2", quantity="3"))
        for _ in range(5):
            marked_site.say("alerts", alert("CLOSE_OUT_FAILED", "CRITICAL", attempts=3))

        expect(page.locator("[data-toast=CLOSE_OUT_FAILED]")).to_contain_text("×5")
        expect(page.locator("html")).to_have_attribute("data-sounded", "1")
        assert page.evaluate("() => globalThis.tones") == 2

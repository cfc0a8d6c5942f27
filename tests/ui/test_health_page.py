"""Health: what turns, what waits, what the books say; and that what is not known says so."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Browser, StorageState, expect

from cdb_site.clock import SYSTEM
from tests.flow.looking import wait_until
from tests.ui.site import Site, alert, beat


def test_health_tells_what_is_heard_shared_counted_and_unknown(open_page: Any, marked_site: Site) -> None:
    page = open_page("/system/health/")
    expect(page.locator("[data-service=signal_gen]")).to_contain_text("not heard")
    expect(page.locator("[data-fact=sockets]")).to_have_text("unknown")
    marked_site.say("health", beat("signal", lag=3))
    marked_site.say("health", beat("risk", status="FAILING", detail={"reason": "<b>database gone</b>"}))
    marked_site.say("health", beat("ws", pid=4712, detail={"feed_age_s": 40.0}))
    marked_site.say("health", beat("rest", pid=4713, detail={"quotes_from_rest": 30}))

    expect(page.locator("[data-service=signal]")).to_contain_text("with risk")
    expect(page.locator("[data-service=risk]")).to_contain_text("<b>database gone</b>")
    expect(page.locator("[data-service=risk]")).to_contain_text("failing")
    expect(page.locator("[data-fact=source]")).to_have_text("REST instead of the sockets")
    expect(page.locator("[data-fact=sockets]")).to_contain_text("4")
    expect(page.locator("[data-fact=differences]")).to_contain_text("0")
    expect(page.locator("[data-topic=health]")).to_contain_text("health")


def test_a_service_tells_its_processor_share_how_long_it_is_up_and_how_its_loop_went(
    open_page: Any, marked_site: Site
) -> None:
    page = open_page("/system/health/")
    row = page.locator("[data-service=execution]")

    def share_is_told() -> bool:
        """A heartbeat of a process that takes a tenth of a core by its own count."""
        now_ms = int(SYSTEM.monotonic_s() * 1000)
        taken = {"instance": "one", "cpu_ms": now_ms // 10, "up_s": 3 * 86400 + 4 * 3600 + 60, "loop_age_ms": 70}
        marked_site.say("health", beat("execution", **taken))
        return "%" in row.locator("[data-cpu]").inner_text()

    wait_until(share_is_told, "a share of the processor")

    expect(row.locator("[data-up]")).to_have_text("3 d 04:01")
    expect(row.locator("polyline")).to_have_count(2)
    expect(row.locator("svg[role=img]").last).to_have_attribute("aria-label", re.compile(r"0\.1 s at most"))


def test_the_facts_are_true_of_the_planted_world(browser: Browser, marked_site: Site, viewer: StorageState) -> None:
    with browser.new_context(storage_state=viewer) as context:
        answer = context.request.get(f"{marked_site.url}/system/health/facts/")

        told = json.loads(answer.text())
        assert told["stages"]["undecided"] == told["stages"]["signals"] - sum(told["stages"]["outcomes"].values())
        assert told["stages"]["fills"] >= 1
        assert told["stage_times"]["signals"] == min(200, told["stages"]["signals"])
        assert told["books"]["violations"] == 0
        assert {row["topic"] for row in told["topics"]} >= {"signals", "orders", "health"}
        assert all(row["added"] >= row["length"] for row in told["topics"])
        assert all(row["by"] and row["text"] for row in told["acts"])
        assert told["redis"]["policy"]


def test_what_happened_last_and_how_fast_topics_grow_is_told_while_one_looks(open_page: Any, marked_site: Site) -> None:
    raised = alert("FEED_SILENT", "CRITICAL", observed="40", limit="30", unit="SECONDS")
    page = open_page("/system/health/")
    marked_site.say("alerts", raised)

    expect(page.locator(f"[data-event='{raised['alert_id']}'] a")).to_have_attribute(
        "href", re.compile(raised["alert_id"])
    )
    expect(page.locator("[data-event]").first).to_contain_text("FEED_SILENT")
    expect(page.locator("[data-topic=alerts] [data-rate]")).to_have_text(re.compile(r"^0\.[1-9]$"))
    expect(page.locator("[data-topic=orders] [data-rate]")).to_have_text("0.0")


def test_who_is_not_logged_in_reads_no_facts(browser: Browser, marked_site: Site) -> None:
    with browser.new_context() as context:
        answer = context.request.get(f"{marked_site.url}/system/health/facts/", max_redirects=0)

        assert answer.status == 302


LOOK = """from execution.models import Account, Reconciliation
Reconciliation.objects.create(account=Account.objects.get(), venue="MEXC", cause="PERIODIC", result="DIFFERENT",
    differences=[{"what": "USDT", "venue": "9900", "books": "10000", "difference": "-100"}], fills_booked=2,
    read_to="2026-01-01T00:00:00Z", duration_ms=5)"""


def test_both_sides_of_what_differs_at_the_venue_are_shown_with_what_to_do(open_page: Any, marked_site: Site) -> None:
    page = open_page("/system/health/")
    expect(page.locator("#books")).to_contain_text("Beside the venue")
    marked_site.hand.run(LOOK)

    expect(page.locator("[data-fact=venue]")).to_contain_text("differs")
    expect(page.locator("[data-fact='venue-USDT']")).to_have_text("venue 9900, books 10000")
    expect(page.locator("[data-fact=booked]")).to_have_text("2")
    expect(page.locator("#books")).to_contain_text("manage.py reconcile --last")


def test_the_tape_of_quotes_says_until_when_it_is_written_and_whether_it_has_holes(open_page: Any) -> None:
    told = open_page("/system/health/").locator("[data-fact=tape]")

    expect(told).to_contain_text(re.compile("written .+ ago, 5 MB in 24 hours, 1 hole"))

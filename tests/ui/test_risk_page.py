"""The page of risk in a browser: how far from each limit, who may do what, and limits looked at before they hold."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
from playwright.sync_api import Page, expect

from cdb_site.clock import SYSTEM
from tests.ui.site import Site, heartbeat
from tests.ui.test_why_page import sound_and_fitting

STATUS = """
import orjson
from cdb_site.clock import SYSTEM
from risk.operator.status_report import fresh_source, report
say(orjson.dumps(report(fresh_source("paper", SYSTEM))).decode())
"""
BREAKER = """
from datetime import UTC, datetime
from risk.models import Breaker, Proposal
from risk.operator.proposals import LIFETIME
now = datetime.now(UTC)
Breaker.objects.create(account="paper", kind="SLIPPAGE", symbol="CCCUSDT", occurred_at=now, observed="0.0132",
    limit="0.01", limits_version=1)
Proposal.objects.create(account="paper", kind="RESUME", summary="resume trading", reason="audit <b>clean</b>",
    proposed_by="anna", expires_at=now + LIFETIME)
"""
RELEASED = """
from datetime import UTC, datetime
from risk.models import Breaker, Proposal
now = datetime.now(UTC)
Breaker.objects.filter(released_at=None).update(released_at=now, released_by="tests", reason="over")
Proposal.objects.filter(state="PROPOSED").update(state="REJECTED", decided_by="tests", decided_at=now)
"""


def test_the_gauges_say_what_the_status_says(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/risk/")
    status = orjson.loads(chain_site.hand.run(STATUS))

    for title, told in zip(("Daily loss", "24 h drawdown", "Total exposure"), status["limits"], strict=True):
        row = page.locator("table.dist tbody tr", has_text=title)
        observed, limit = Decimal(told["observed"]), Decimal(told["limit"])
        assert Decimal(str(row.locator("[data-observed]").get_attribute("data-observed"))) == observed
        width = Decimal(str(row.locator("[data-used]").get_attribute("width")))
        assert abs(width - min(Decimal(300), observed / limit * 250)) <= Decimal("0.1")
    held = [row.get_attribute("data-position") for row in page.locator("[data-position]").all()]
    assert held == [row["symbol"] for row in status["positions"]] != []


def test_the_gauges_move_while_the_page_is_open_and_leave_focus_and_form_alone(
    open_chains: Any, chain_site: Site
) -> None:
    page = open_chains("/risk/", who="operator")
    row = page.locator("table.dist tbody tr", has_text="Worst slippage")
    expect(row).to_contain_text("–")
    page.fill("#limit-max_exposure_pct", "41 %")
    page.locator("#risk-trading a[data-act=halt]").focus()

    def told_again() -> bool:
        """A reading is old after five seconds, so it is told until it was read."""
        read = {"SLIPPAGE": {"observed": "0.0132", "symbol": "CCCUSDT"}}
        chain_site.say("health", heartbeat("risk", breaker_readings={"at_s": SYSTEM.wall_s(), "rows": read}))
        return "132 %" in row.inner_text()

    poll(page, told_again)

    expect(row).to_contain_text("CCC")
    expect(page.locator("#risk-trading a[data-act=halt]")).to_be_focused()
    expect(page.locator("#limit-max_exposure_pct")).to_have_value("41 %")


def poll(page: Page, seen: Callable[[], bool]) -> None:
    for _ in range(60):
        if seen():
            return
        page.wait_for_timeout(500)
    raise AssertionError("not seen within 30 s")


def test_a_viewer_reads_everything_and_has_no_button(open_chains: Any, chain_site: Site) -> None:
    chain_site.hand.run(BREAKER)
    try:
        page = open_chains("/risk/?based_on=1&max_exposure_pct=0.6", width=390)
        expect(page.locator("[data-breaker]")).to_contain_text("1.32 %")
        expect(page.locator("[data-proposal]")).to_contain_text("audit <b>clean</b>")
        expect(page.locator("main .btn, main button, main input:visible")).to_have_count(0)
        sound_and_fitting(page)
        page = open_chains("/risk/", who="operator")
        expect(page.locator("[data-breaker] a[data-act=release_breaker]")).to_have_count(1)
        expect(page.locator("[data-proposal] a[data-act]")).to_have_text(["Approve…", "Reject…"])
        expect(page.locator("[data-limit] input")).to_have_count(15)
        sound_and_fitting(page)
    finally:
        chain_site.hand.run(RELEASED)


def test_limits_are_looked_at_and_then_set(open_chains: Any) -> None:
    page = open_chains("/risk/", who="operator")
    before = page.locator("[data-version]").first.get_attribute("data-version")

    page.fill("#limit-max_reject_rate_pct", "0,19")
    page.fill("#limit-max_orders_per_minute", "0250.0")
    page.get_by_text("See what it would change").click()
    expect(page.locator("[data-changes]")).to_contain_text("19 %")
    expect(page.locator("[data-changes]")).to_contain_text("250")
    assert page.locator("[data-version]").first.get_attribute("data-version") == before
    sound_and_fitting(page)
    page.fill("#limits-why", "fewer refusals <b>'\"")
    page.locator("form[data-propose] button").click()

    newest = page.locator("[data-version]").first
    expect(newest).not_to_have_attribute("data-version", str(before))
    expect(newest).to_contain_text("fewer refusals <b>'\"")
    expect(newest).to_contain_text("19 %")


def test_a_bad_number_names_its_field_and_keeps_what_was_typed(open_chains: Any) -> None:
    page = open_chains("/risk/", who="operator")

    page.fill("#limit-stop_loss_pct", "two")
    page.fill("#limit-max_exposure_pct", "600 %")
    page.get_by_text("See what it would change").click()

    expect(page.locator("[data-limit=stop_loss_pct] .problem")).to_have_count(1)
    expect(page.locator("[data-limit=max_exposure_pct] .problem")).to_contain_text("may not exceed")
    expect(page.locator(".problem")).to_have_count(2)
    expect(page.locator("#limit-stop_loss_pct")).to_have_value("two")
    expect(page.locator("form[data-propose]")).to_have_count(0)
    sound_and_fitting(page)

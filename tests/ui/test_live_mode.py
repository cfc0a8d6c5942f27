"""The mode on the pages: what execution said stands in the band of every page, and LIVE can not be overlooked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.kept_pages import KeptPages
from tests.ui.people import keys_of, somebody
from tests.ui.planting import PASSWORD, USER
from tests.ui.site import Site, running_site

REDIS_DB = 12
SAY = """
from execution.models import ModeChange
mode, *missing = words
ModeChange.objects.create(account_id="paper", mode=mode, asked="LIVE", missing=missing, instance="1",
                          lacks={"TEST": ["MODE"], "LIVE": missing})
"""
FORGET = """
from django.db import connection
connection.cursor().execute("TRUNCATE mode_change, live_trading")
"""
ASK = """
from execution import live_trading
from risk.models import LimitVersion
live_trading.ask("paper", limits_version=LimitVersion.objects.latest("version").pk, by="cleo", reason="a good month")
"""
ENABLED = "from execution import live_trading; say(live_trading.keys('paper').enabled)"


@pytest.fixture(scope="module")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose environment asks for live trading; which mode is in force is for execution to say."""
    asked = {"EXECUTION_MODE": "LIVE", "VENUE": "MEXC", "LIVE_TRADING": "yes"}
    with running_site(tmp_path_factory.mktemp("live"), redis_db=REDIS_DB, **asked) as running:
        running.share_clock()
        yield running


@pytest.fixture(autouse=True)
def _nothing_said(live_site: Site) -> None:
    live_site.hand.run(FORGET)


def opened(pages: KeptPages, site: Site, name: str = USER, path: str = "/", **look: Any) -> Any:
    return pages.page(site.url, keys_of(site, name), **look)


def goto(page: Page, site: Site, path: str = "/") -> None:
    page.goto(f"{site.url}{path}")
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)


@pytest.mark.parametrize("path", ["/", "/trades/", "/risk/", "/settings/"])
def test_real_orders_are_said_by_sign_words_and_colour_on_every_page(
    kept_pages: KeptPages, live_site: Site, path: str
) -> None:
    live_site.hand.run(SAY, "LIVE")
    with opened(kept_pages, live_site) as page:
        goto(page, live_site, path)

        expect(page.locator("[data-badge=mode]")).to_have_text("⚠ LIVE: orders are real")
        expect(page.locator("#mode-badge")).to_contain_text("MEXC")
        assert "live" in (page.locator("#band").get_attribute("class") or "").split()
        expect(page.locator("footer").first).to_contain_text("Live trading: orders are real.")
        expect(page.locator("footer").first).not_to_contain_text("Paper trading")


def test_it_is_said_in_german_and_without_scripts(kept_pages: KeptPages, live_site: Site) -> None:
    live_site.hand.run(SAY, "LIVE")
    with opened(kept_pages, live_site, locale="de", java_script_enabled=False) as page:
        page.goto(f"{live_site.url}/")

        expect(page.locator("[data-badge=mode]")).to_have_text("⚠ ECHT: Aufträge kosten Geld")
        expect(page.locator("footer").first).to_contain_text("Echter Handel: Aufträge sind echt.")


def test_a_page_that_is_open_learns_of_the_withdrawal(kept_pages: KeptPages, live_site: Site) -> None:
    live_site.hand.run(SAY, "LIVE")
    with opened(kept_pages, live_site) as page:
        goto(page, live_site)
        expect(page.locator("[data-badge=mode]")).to_contain_text("LIVE")

        live_site.hand.run(SAY, "PAPER", "ENABLED", "LIMITS")

        expect(page.locator("[data-badge=mode]")).to_have_text("PAPER")
        assert "live" not in (page.locator("#band").get_attribute("class") or "").split()


def test_a_mode_that_nobody_said_is_unknown_and_not_paper(kept_pages: KeptPages, live_site: Site) -> None:
    with opened(kept_pages, live_site) as page:
        goto(page, live_site)

        expect(page.locator("[data-badge=mode]")).to_have_text("MODE UNKNOWN")


def test_the_settings_say_what_is_missing_for_each_mode(kept_pages: KeptPages, live_site: Site) -> None:
    live_site.hand.run(SAY, "PAPER", "ENABLED", "LIMITS", "API_KEY")
    with opened(kept_pages, live_site) as page:
        goto(page, live_site, "/settings/")

        panel = page.locator("#mode")
        expect(panel).to_contain_text("LIVE is asked for and not in force.")
        expect(panel).to_contain_text("no admin has enabled it")
        expect(panel).to_contain_text("MEXC_API_KEY is not set")
        expect(panel.locator("form")).to_have_count(0)


def test_an_admin_confirms_what_another_asked_for_with_the_password_and_a_viewer_sees_no_form(
    kept_pages: KeptPages, live_site: Site
) -> None:
    live_site.hand.run(SAY, "PAPER", "ENABLED")
    live_site.hand.run(ASK)
    with opened(kept_pages, live_site) as page:
        goto(page, live_site, "/settings/")
        expect(page.locator("#mode")).to_contain_text("asked by cleo")
        expect(page.locator("#confirm-live")).to_have_count(0)

    with opened(kept_pages, live_site, somebody(live_site, "everything")) as page:
        goto(page, live_site, "/settings/")
        page.fill("#live-password", "not it")
        page.click("#confirm-live button")
        expect(page.get_by_text("the code or the password is not right").first).to_be_visible()
        assert live_site.hand.run(ENABLED) is False

        page.fill("#live-password", PASSWORD)
        page.click("#confirm-live button")
        expect(page.get_by_text("Live trading is enabled.").first).to_be_visible()
        assert live_site.hand.run(ENABLED) is True

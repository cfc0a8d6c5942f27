"""Fixtures of the dashboard's tests: the running site, a browser page that tolerates no error, a socket."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.ui import chains
from tests.ui.kept_pages import KeptPages
from tests.ui.people import keys_of
from tests.ui.planting import PASSWORD, USER
from tests.ui.site import Site, portfolio, quote, running_site

# How long anything may take on a busy machine; nothing waits so long on an idle one.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
# The programs themselves: what Debian starts under their short names adds extensions, which cost every page a tenth.
# The shell draws the same pages without a window's machinery around them, for two thirds of the processor.
BROWSERS = ("/usr/lib/chromium/chromium-headless-shell", "/usr/lib/chromium/chromium")
CHAINS_REDIS_DB = 10
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-extensions",
    # A renderer that is started in advance is a second one for every page.
    "--disable-features=SpareRendererForSitePerProcess",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("dashboard")) as running:
        yield running


@pytest.fixture(scope="package")
def chain_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own, with chains from signal to fill, signals without a decision, and alerts."""
    folder = tmp_path_factory.mktemp("chains")
    with running_site(folder, redis_db=CHAINS_REDIS_DB, also=["tests.ui.chains"]) as running:
        running.share_clock()
        yield running


@pytest.fixture
def marked_site(site: Site) -> Site:
    """The site with a shared clock, quotes and the planted account at its marks."""
    site.share_clock()
    site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", "100"), quote("BBBUSDT", "50", change="-0.02")]})
    site.say("portfolio", portfolio())
    return site


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next(filter(os.path.exists, BROWSERS), None) or shutil.which("chromium")
    if path is None:
        pytest.skip("NO BROWSER: the dashboard's pages are untested here; install Debian's chromium-headless-shell")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=60_000)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def kept_pages(browser: Browser) -> KeptPages:
    return KeptPages(browser)


@pytest.fixture(scope="package")
def viewer(browser: Browser, site: Site) -> StorageState:
    """What a browser keeps of a login by the page's form."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.url}/")
        log_in(page)
        return context.storage_state()


def log_in(page: Page, name: str = USER, password: str = PASSWORD) -> None:
    """By the form that the page shows; the overview has come to life afterwards."""
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("button[type=submit]")
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)


@pytest.fixture
def open_page(kept_pages: KeptPages, marked_site: Site, viewer: StorageState) -> Iterator[Any]:
    """A function that opens a page, or the overview, for who is logged in already; any fault of it fails the test."""
    with ExitStack() as pages:

        def opened(path: str = "/", *, scheme: Any = "dark", **look: Any) -> Page:
            page = pages.enter_context(kept_pages.page(marked_site.url, viewer, color_scheme=scheme, **look))
            page.goto(f"{marked_site.url}{path}")
            page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
            page.wait_for_selector("[data-number=equity]", timeout=PATIENCE_MS)
            return page

        yield opened


@pytest.fixture
def open_chains(kept_pages: KeptPages, chain_site: Site) -> Iterator[Any]:
    """A function that opens a page of the chains' site, for the viewer or the operator; any fault fails the test."""
    people = {"viewer": USER, "operator": chains.OPERATOR}
    with ExitStack() as pages:

        def opened(path: str, *, who: str = "viewer", scheme: Any = "dark", **look: Any) -> Page:
            state = keys_of(chain_site, people[who])
            page = pages.enter_context(kept_pages.page(chain_site.url, state, color_scheme=scheme, **look))
            page.goto(f"{chain_site.url}{path}")
            page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
            return page

        yield opened

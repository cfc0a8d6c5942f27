"""Fixtures of the dashboard's tests: the running site, a browser page that tolerates no error, a socket."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.ui import chains
from tests.ui.planting import PASSWORD, USER
from tests.ui.site import Site, portfolio, quote, running_site

# How long anything may take on a busy machine; nothing waits so long on an idle one.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
CHROMIUM = "/usr/bin/chromium"
CHAINS_REDIS_DB = 10
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
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
    path = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if path is None:
        pytest.skip("NO BROWSER: the dashboard's pages are untested here; install Debian's chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=60_000)
        yield launched
        launched.close()


class Strict:
    """Collects whatever a page must never do: errors, console errors, requests to other hosts."""

    def __init__(self, page: Page, url: str) -> None:
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("console", lambda line: self._console(line))
        page.on("request", lambda request: self._request(request.url, url))

    def _console(self, line: Any) -> None:
        if line.type == "error":
            self.faults.append(f"console: {line.text}")

    def _request(self, asked: str, home: str) -> None:
        if not asked.startswith((home, home.replace("http", "ws"), "data:", "blob:")):
            self.faults.append(f"request to another host: {asked}")


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
def open_page(browser: Browser, marked_site: Site, viewer: StorageState) -> Iterator[Any]:
    """A function that opens the overview for who is logged in already; any fault fails the test at its end."""
    contexts, watchers = [], []

    def opened(*, width: int = 1440, height: int = 900, scheme: Any = "dark") -> Page:
        viewport: Any = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, color_scheme=scheme, storage_state=viewer)
        contexts.append(context)
        page = context.new_page()
        watchers.append(Strict(page, marked_site.url))
        page.goto(f"{marked_site.url}/")
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
        page.wait_for_selector("[data-number=equity]", timeout=PATIENCE_MS)
        return page

    yield opened

    for context in contexts:
        context.close()
    assert [fault for watcher in watchers for fault in watcher.faults] == []


@pytest.fixture
def open_chains(browser: Browser, chain_site: Site) -> Iterator[Any]:
    """A function that opens a page of the chains' site, for the viewer or the operator; any fault fails the test."""
    contexts, watchers = [], []
    people = {"viewer": (USER, PASSWORD), "operator": (chains.OPERATOR, chains.PASSWORD)}

    def opened(path: str, *, who: str = "viewer", width: int = 1440, scheme: Any = "dark", strict: bool = True) -> Page:
        viewport: Any = {"width": width, "height": 900}
        context = browser.new_context(
            viewport=viewport, color_scheme=scheme, storage_state=keys_of(browser, chain_site, *people[who])
        )
        contexts.append(context)
        page = context.new_page()
        if strict:
            watchers.append(Strict(page, chain_site.url))
        page.goto(f"{chain_site.url}{path}")
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
        return page

    yield opened

    for context in contexts:
        context.close()
    assert [fault for watcher in watchers for fault in watcher.faults] == []


@cache
def keys_of(browser: Browser, site: Site, name: str, password: str) -> StorageState:
    """A person's login at a site, made once."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.url}/")
        log_in(page, name, password)
        return context.storage_state()

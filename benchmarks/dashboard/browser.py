"""A real Chromium in which somebody is logged in, and what is asked of its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from cdb_site.local.system import System
from proofs.pictures import ARGUMENTS, CHROMIUM

PATIENCE_MS = 60_000
LIVE = "html[data-conn=live]"
# When the page came to life, by its own clock.
NOTE_LIVE = """new MutationObserver((_, self) => {
  if (document.documentElement?.dataset.conn !== "live") return;
  globalThis.benchLiveMs = performance.now();
  self.disconnect();
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-conn"] });"""


class Visitor:
    """Opens pages of a system in browsers that know nothing but the login."""

    def __init__(self, browser: Browser, system: System) -> None:
        self.browser, self.system = browser, system
        self.state: StorageState = self._log_in()

    def _log_in(self) -> StorageState:
        with self.browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{self.system.url}/login/")
            page.fill("#id_username", self.system.operator)
            page.fill("#id_password", self.system.password)
            page.click("button[type=submit]")
            page.wait_for_selector(LIVE, timeout=PATIENCE_MS)
            return context.storage_state()

    @contextmanager
    def fresh(self) -> Iterator[Page]:
        """A page without a cache."""
        viewport: Any = {"width": 1440, "height": 900}
        context: BrowserContext = self.browser.new_context(viewport=viewport, storage_state=self.state)
        try:
            yield context.new_page()
        finally:
            context.close()


@contextmanager
def visitor(system: System) -> Iterator[Visitor]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE_MS)
        try:
            yield Visitor(browser, system)
        finally:
            browser.close()

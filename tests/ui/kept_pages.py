"""Browser pages that tests use one after the other: making one costs as much processor as loading it four times.

A page is given back as it was made: nobody's, nothing in its storages, no routes. One that a test closed, or gave
scripts of its own, is not kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, StorageState

NEVER_SAID = "never said"
# Where a page waits: an address of its site without scripts. At another's, or at none, the browser gives it a new
# renderer, which costs as much as the page itself.
REST = "/health"
# What a browser looks for once at a site whose page names no icon, as that address does; it may say so later.
NOT_ASKED_FOR = "/favicon.ico"


class Strict:
    """Collects whatever a page must never do: errors, console errors, requests to other hosts."""

    def __init__(self, page: Page, url: str) -> None:
        self.faults: list[str] = []
        self.home = (url, url.replace("http", "ws"), "data:", "blob:", "about:")
        self.page = page
        self._heard: dict[Any, Callable[..., None]] = {
            "pageerror": lambda error: self.faults.append(f"page error: {error}"),
            "console": self._console,
            "request": self._request,
        }
        for event, listener in self._heard.items():
            page.on(event, listener)

    def leave(self) -> None:
        for event, listener in self._heard.items():
            self.page.remove_listener(event, listener)

    def _console(self, line: ConsoleMessage) -> None:
        if line.type == "error" and not line.location["url"].endswith(NOT_ASKED_FOR):
            self.faults.append(f"console: {line.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.home):
            self.faults.append(f"request to another host: {request.url}")


class KeptPages:
    """`page` lends one for a `with` block, whose end asserts that the page did nothing that Strict collects."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._kept: dict[str, list[Page]] = {}

    @contextmanager
    def page(
        self, url: str, state: StorageState, *, width: int = 1440, height: int = 900, strict: bool = True,
        excuse: str = NEVER_SAID, keep: bool = True, color_scheme: Any = "light", reduced_motion: Any = "no-preference",
        **look: Any,
    ) -> Iterator[Page]:  # fmt: skip
        """A page for the site at `url` with that login; `look`: what a browser's context takes besides. `keep`: unless
        the test gives it scripts that stay. `excuse`: words of a fault that is none here."""
        look = {"locale": "en", **look}
        keep = keep and look.get("java_script_enabled", True)
        name = json.dumps(look, sort_keys=True)
        page = self._kept[name].pop() if self._kept.get(name) else self.browser.new_context(**look).new_page()
        page.context.add_cookies(state["cookies"])  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        watcher = Strict(page, url)
        try:
            yield page
        finally:
            watcher.leave()
            if keep and not page.is_closed() and _emptied(page, url):
                self._kept.setdefault(name, []).append(page)
            else:
                page.context.close()
        assert not strict or [fault for fault in watcher.faults if excuse not in fault] == []


def _emptied(page: Page, url: str) -> bool:
    """Whether the page could be made what it was: nobody's, with nothing in its storages."""
    try:
        page.unroute_all(behavior="ignoreErrors")
        page.goto(f"{url}{REST}")
        page.evaluate("() => { sessionStorage.clear(); localStorage.clear(); }")
        page.context.clear_permissions()
        page.context.clear_cookies()
    except Error:
        return False
    return True

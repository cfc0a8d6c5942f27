"""`make pictures`: a screenshot of every page of the running demo, for README and docs.

Logs in by the page's form and waits on each page until its numbers are live. A page that reports an error, or whose
status is not 200, ends the run with exit 1: no picture of a broken page is kept. One JSON line last.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from playwright.sync_api import Browser, Page, sync_playwright

from cdb_site.local import prepare, state
from cdb_site.local.folders import profile_folder
from proofs.rig.waiting import say

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PATIENCE_MS = 30_000
SETTLE_MS = 1_500
PAGES = {
    "overview": "/",
    "markets": "/markets/",
    "trades": "/trades/",
    "decisions": "/decisions/",
    "risk": "/risk/",
    "alerts": "/alerts/",
    "health": "/system/health/",
    "reports": "/reports/",
    "break-it": "/break-it/",
    "settings": "/settings/",
}
# A decision with an order behind it tells the longest story.
WHY = "a[href^='/why/']"


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at; `suffix` ends the picture's name."""

    suffix: str
    width: int
    height: int
    scheme: Any
    language: str


PLAIN = Look("", 1440, 900, "light", "en")
OTHERS = (
    Look("-dark", 1440, 900, "dark", "en"),
    Look("-de", 1440, 900, "light", "de"),
    Look("-phone", 390, 844, "light", "en"),
)
IN_EVERY_LOOK = ("overview", "why")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    folder = profile_folder(options.profile)
    dashboard = next((row for row in state.read(folder).entries if row.name == "dashboard" and row.runs()), None)
    if dashboard is None:
        print(f"error: no dashboard of profile {options.profile!r} runs here. Start it: make demo", file=sys.stderr)
        return 2
    url = f"http://127.0.0.1:{dashboard.port}"
    options.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        login = url, prepare.OPERATOR, folder.credentials().operator
        taken = [name for look in (PLAIN, *OTHERS) for name in _pictures(browser, login, look, options.to)]
        browser.close()
    print(orjson.dumps({"pictures": len(taken), "folder": str(options.to)}).decode())
    return 0


def _pictures(browser: Browser, login: tuple[str, str, str], look: Look, folder: Path) -> list[str]:
    """The names of the pictures taken in this look. Raises AssertionError for a page that is broken."""
    url, user, password = login
    viewport: Any = {"width": look.width, "height": look.height}
    with browser.new_context(viewport=viewport, color_scheme=look.scheme, locale=look.language) as context:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda line: faults.append(f"{page.url}: {line.text}") if line.type == "error" else None)
        page.goto(f"{url}/login/")
        page.fill("#id_username", user)
        page.fill("#id_password", password)
        page.click("button[type=submit]")
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
        names = [name for name in PAGES if look is PLAIN or name in IN_EVERY_LOOK]
        taken = [_picture(page, f"{url}{PAGES[name]}", folder / f"{name}{look.suffix}.png") for name in names]
        taken += _why(page, url, folder / f"why{look.suffix}.png")
    assert not faults, f"a page reported errors: {faults}"
    return taken


def _picture(page: Page, address: str, file: Path) -> str:
    answer = page.goto(address)
    assert answer is not None and answer.status == 200, f"{address} answers {answer and answer.status}"
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file, full_page=True)
    say(f"{file.name}")
    return file.name


def _why(page: Page, url: str, file: Path) -> list[str]:
    """The chain behind the newest filled order; none while nothing was traded."""
    page.goto(f"{url}/trades/?tab=orders")
    link = page.locator(WHY).first
    if not link.count():
        say("no order yet: no picture of Why")
        return []
    return [_picture(page, f"{url}{link.get_attribute('href')}", file)]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__)
    parser.add_argument("--profile", default="demo", help="whose dashboard: demo or run; as in `make ps`")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "img", help="the folder for the pictures")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

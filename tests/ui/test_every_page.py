"""What holds for every page alike: no accessibility fault, nothing on the console, no request to others, no sideways
scroll, no scroll area inside the page, and the first Tab offers to skip the header. Each page is opened on a
phone, dark and in German; by `make looks` in every pairing of width, colours and language."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from dashboard.pages.shell import PAGES, WANTS
from tests.ui.conftest import PATIENCE_MS
from tests.ui.german import SAID, found_english
from tests.ui.kept_pages import Strict
from tests.ui.looks import tried
from tests.ui.planting import DECISION_ID
from tests.ui.site import Site

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
ADDRESSES = {
    "overview": "/",
    "markets": "/markets/",
    "trades": "/trades/",
    "decisions": "/decisions/",
    "risk": "/risk/",
    "alerts": "/alerts/",
    "system-health": "/system/health/",
    "reports": "/reports/",
    "break-it": "/break-it/",
    "replays": "/replays/",
    "settings": "/settings/",
    "export": "/export/?what=tax&from=",
    "why": f"/why/{DECISION_ID}/",
}
WIDTHS, SCHEMES, LANGUAGES = (1440, 1920, 390), ("light", "dark"), ("en", "de")
LOOKS = tried(list(itertools.product(WIDTHS, SCHEMES, LANGUAGES)))

# Elements that could be scrolled by themselves: their content is larger than they are, and they would show a bar.
SCROLL_AREAS = """() => [...document.querySelectorAll("main *")].filter((one) => {
  const style = getComputedStyle(one);
  const down = one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(style.overflowY);
  const across = one.scrollWidth > one.clientWidth + 1 && /auto|scroll/.test(style.overflowX);
  return (down || across) && one.tagName !== "TEXTAREA" && one.tagName !== "SELECT";
}).map((one) => one.outerHTML.slice(0, 120))"""
TOO_WIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""


def test_the_pages_tried_here_are_all_there_are() -> None:
    assert {link.name for link in PAGES} <= set(ADDRESSES)


@dataclass(frozen=True, kw_only=True)
class Look:
    """A page in one width, scheme and language, and whoever watches it."""

    page: Page
    strict: Strict
    width: int
    language: str


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def look(request: pytest.FixtureRequest, browser: Browser, site: Site, viewer: StorageState) -> Iterator[Look]:
    width, scheme, language = request.param
    with browser.new_context(
        color_scheme=scheme, locale=language, storage_state=viewer, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        yield Look(page=page, strict=Strict(page, site.url), width=width, language=language)


@pytest.mark.parametrize("name", ADDRESSES)
def test_it_is_readable_by_everyone_and_fits(look: Look, marked_site: Site, name: str) -> None:
    page = look.page
    page.set_viewport_size({"width": look.width, "height": 900})
    frames = list[str]()
    page.once("websocket", lambda socket: socket.on("framereceived", lambda text: frames.append(str(text))))

    page.goto(f"{marked_site.url}{ADDRESSES[name]}")
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
    page.wait_for_selector("[data-number=equity]", timeout=PATIENCE_MS)
    expect(page.locator("main h1")).to_have_count(1)
    expect(page.locator("head link[rel=icon]")).to_have_count(1)
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("() => axe.run()")

    assert [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]] == []
    # A page is sent what it shows: the market goes to the pages of the market alone.
    assert any('"type":"snapshot"' in text for text in frames)
    assert any('"quotes":' in text for text in frames) == ("market" in WANTS.get(name, []))
    assert any('"orders":[' in text for text in frames) == ("trading" in WANTS.get(name, []))
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SCROLL_AREAS) == []
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.matches('a.skip')")
    if look.language == "de":
        is_german_also_on_a_wide_screen(page)
    assert look.strict.faults == []


def is_german_also_on_a_wide_screen(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})

    assert page.locator("html").get_attribute("lang") == "de"
    assert page.evaluate(TOO_WIDE) <= 0
    assert "\n".join(found_english(page.evaluate(SAID))) == ""

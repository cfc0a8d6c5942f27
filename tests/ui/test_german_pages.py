"""Who reads German finds no English on the pages: no sentence that has German words, and no English small word.

Codes, symbols and what people wrote (reasons, names) are shown as they are; they stand in `code` or carry `data-as-is`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from backoffice.automation.code_figures import ROOT
from cdb_site.wording import files
from tests.ui.conftest import PATIENCE_MS
from tests.ui.kept_pages import Strict
from tests.ui.looks import tried
from tests.ui.site import Site
from tests.ui.test_acts import operator  # noqa: F401  (a fixture)
from tests.ui.test_every_page import ADDRESSES, TOO_WIDE

# Everything that is seen or read out, each text for itself.
SAID = """() => {
  const own = (node) => node.closest("code, .mono, [data-as-is], [lang=en], script, style, noscript");
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!own(walk.currentNode.parentElement)) texts.push(walk.currentNode.data);
  for (const name of ["title", "aria-label", "placeholder", "alt"])
    for (const one of document.querySelectorAll(`[${name}]`)) if (!own(one)) texts.push(one.getAttribute(name));
  return [...texts, document.title].map((text) => text.trim().replace(/\\s+/g, " ")).filter(Boolean);
}"""
SMALL_WORDS = re.compile(
    r"\b(the|of|is|are|and|no|not|yet|with|for|from|this|that|which|when|its|has|been|nothing|every|your|you|to)\b"
)
# A time zone is named as everywhere; so is a code, and a setting in an error of the machine.
ZONE = re.compile(r"[A-Z]\w+/[\w/ -]+")


def english_words() -> set[str]:
    """English messages that have other words in German, and are no German word of another message."""
    pairs = [
        (key.one, message.words[0]) for messages in files.stored(ROOT).values() for key, message in messages.items()
    ]
    german = {words for _one, words in pairs}
    return {one for one, words in pairs if one != words} - german


@pytest.fixture(scope="module", params=tried([390, 1440]))
def german(
    request: pytest.FixtureRequest, browser: Browser, site: Site, viewer: StorageState
) -> Iterator[tuple[Page, Strict]]:
    viewport: Any = {"width": request.param, "height": 900}
    with browser.new_context(viewport=viewport, locale="de", storage_state=viewer) as context:
        page = context.new_page()
        yield page, Strict(page, site.url)


def found_english(said: list[str]) -> list[str]:
    english = english_words()
    told = {text for text in said if not (ZONE.fullmatch(text) or text.isupper() or "MEXC_REST_URL" in text)}
    return sorted(text for text in told if text in english or SMALL_WORDS.search(text))


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_page_is_german_and_fits(german: tuple[Page, Strict], marked_site: Site, name: str) -> None:
    page, strict = german

    page.goto(f"{marked_site.url}{ADDRESSES[name]}")
    page.wait_for_selector("html[lang=de][data-conn=live]", timeout=PATIENCE_MS)
    page.wait_for_selector("[data-number=equity]", timeout=PATIENCE_MS)

    assert "\n".join(found_english(page.evaluate(SAID))) == ""
    assert page.evaluate(TOO_WIDE) <= 0
    assert strict.faults == []


def test_the_halt_dialog_is_german(browser: Browser, marked_site: Site, operator: StorageState) -> None:  # noqa: F811
    with browser.new_context(locale="de", storage_state=operator) as context:
        page = context.new_page()
        page.goto(f"{marked_site.url}/")
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)

        page.locator("#halt-button button, #halt-button a").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("Handel anhalten?")

        assert "\n".join(found_english(page.evaluate(SAID))) == ""


def test_english_is_found_where_it_is() -> None:
    assert found_english(["Übersicht", "Overview", "Nothing of the kind", "Trades", "FIL 3,6"]) == [
        "Nothing of the kind",
        "Overview",
    ]

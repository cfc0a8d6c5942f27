"""Acts in a real browser: asked once, sent once, locked until the engine's echo, refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.kept_pages import NEVER_SAID, KeptPages
from tests.ui.people import keys_of
from tests.ui.site import Site
from tests.ui.test_every_page import TOO_WIDE
from tests.ui.test_overview_page import axe_violations, trading_state

OPERATOR = """
from django.contrib.auth.models import User
from risk.roles import give_role, keep_groups
keep_groups()
user, new = User.objects.get_or_create(username="olga")
give_role(user, "operator")
"""
# The site is the other tests', too: nothing stays halted, and no alert open.
ACTIVE = """
from django.utils import timezone
from cdb_site.alerts.models import Alert
from execution.models import TradingStateChange
TradingStateChange.objects.create(account_id="paper", state="ACTIVE", reason="OK", changed_by="anna")
Alert.objects.exclude(state="CLOSED").update(state="CLOSED", closed_at=timezone.now())
"""
# While trading is halted the same place says Resume: the page may still have to hear that it is not any more.
HALT = "#halt-button a[data-act=halt]"
COUNT = "from risk.models import OperatorAct; say(OperatorAct.objects.count())"


def acts(site: Site) -> int:
    return int(site.hand.run(COUNT))


@pytest.fixture(scope="module")
def operator(site: Site) -> StorageState:
    site.hand.run(OPERATOR)
    return keys_of(site, "olga")


@pytest.fixture
def as_operator(kept_pages: KeptPages, marked_site: Site, operator: StorageState) -> Iterator[Any]:
    with ExitStack() as pages:

        def opened(
            *,
            excuse: str = NEVER_SAID,
            width: int = 1440,
            scheme: Any = "light",
            java_script: bool = True,
            path: str = "/",
            keep: bool = True,
        ) -> Page:
            look = {"width": width, "color_scheme": scheme, "java_script_enabled": java_script, "excuse": excuse}
            page = pages.enter_context(kept_pages.page(marked_site.url, operator, keep=keep, **look))
            page.goto(f"{marked_site.url}{path}")
            if java_script:
                page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
            return page

        yield opened

    marked_site.hand.run(ACTIVE)


def test_a_halt_is_confirmed_once_and_the_banner_says_who_when_and_why(as_operator: Any, marked_site: Site) -> None:
    page = as_operator()
    before = acts(marked_site)

    page.click(HALT)
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Halt trading?")
    expect(dialog.locator("[name=reason]")).to_be_focused()
    dialog.locator("[name=reason]").fill("odd <b>fills</b> in AAA")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)

    banner = page.locator("[data-banner='Trading is halted.']")
    expect(banner).to_contain_text("olga")
    expect(banner).to_contain_text("odd <b>fills</b> in AAA")
    expect(page.locator("#halt-button")).to_contain_text("Resume trading")
    assert acts(marked_site) == before + 1
    assert axe_violations(page) == []


def test_the_key_opens_the_question_and_halts_nothing(as_operator: Any, marked_site: Site) -> None:
    page = as_operator()
    before = acts(marked_site)

    page.keyboard.press("Shift+H")
    expect(page.locator("dialog[open]")).to_contain_text("Halt now")
    assert axe_violations(page) == []
    page.keyboard.press("Escape")

    expect(page.locator("dialog")).to_have_count(0)
    assert acts(marked_site) == before


def test_the_button_stays_locked_until_the_answer_and_an_unanswered_wish_is_done_once(
    as_operator: Any, marked_site: Site
) -> None:
    page = as_operator(excuse="net::ERR_FAILED", keep=False)
    before = acts(marked_site)
    lost = []

    def lose_the_answer(route: Any) -> None:
        lost.append(route.fetch())
        route.abort()

    page.route("**/acts/halt/", lose_the_answer, times=1)
    page.click(HALT)
    button = page.locator("dialog[open] button[type=submit]")
    button.click()
    expect(page.locator("dialog[open] [data-said]")).to_contain_text("gave no answer")
    expect(button).to_be_enabled()
    button.click()

    expect(page.locator("dialog")).to_have_count(0)
    assert acts(marked_site) == before + 1
    assert lost[0].status == 200


def test_a_refusal_is_read_in_the_dialog_and_the_button_is_free_again(as_operator: Any) -> None:
    page = as_operator(excuse="status of 400")

    page.click(HALT)
    page.locator("dialog[open] [name=key]").evaluate("key => { key.value = 'no key'; }")
    page.locator("dialog[open] [name=reason]").press("Enter")

    expect(page.locator("dialog[open] [data-said]")).to_contain_text("32 hex digits")
    expect(page.locator("dialog[open] button[type=submit]")).to_be_enabled()


def test_without_a_script_the_button_is_a_page_with_a_form(as_operator: Any) -> None:
    page = as_operator(java_script=False)

    page.click(HALT)
    page.click("text=Halt and sell everything")
    page.click("form.act-form button[type=submit]")

    expect(page.locator(".said-lane").first).to_contain_text("every position is being sold")


def test_who_looks_on_has_no_button_and_no_way_around_it(open_page: Any, marked_site: Site) -> None:
    page = open_page()

    expect(page.locator("[data-act]")).to_have_count(0)
    page.keyboard.press("Shift+H")
    expect(page.locator("dialog")).to_have_count(0)
    answer = page.request.get(f"{marked_site.url}/acts/halt/")
    assert answer.status == 403 and "operator" in answer.text()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_question_fits_on_a_phone_in_the_dark(as_operator: Any, width: int) -> None:
    page = as_operator(width=width, scheme="dark")

    page.click(HALT)
    box = page.locator("dialog[open]").bounding_box()

    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert axe_violations(page) == []


@pytest.mark.parametrize("path", ["/", "/system/health/", "/break-it/", "/risk/"])
def test_on_a_phone_nothing_of_a_halt_is_wider_than_the_page(as_operator: Any, marked_site: Site, path: str) -> None:
    page = as_operator(width=390, path=path)

    # In German, for who reads German finds it on this site's pages as it was written.
    reason = "eine Begründung von einiger Länge, die jemand gab"
    with trading_state(marked_site, "HALTED", reason, closing=True, owner="LOSS"):
        expect(page.locator("[data-banner='Trading is halted.']")).to_be_visible()
        expect(page.locator("[data-banner='Every position is being sold.']")).to_be_visible()
        assert page.evaluate(TOO_WIDE) <= 0


def test_the_question_keeps_the_focus_and_gives_it_back(as_operator: Any) -> None:
    page = as_operator()
    halt = page.locator(HALT)
    halt.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("[name=reason]")).to_be_focused()

    # Around once and back: nothing of the page behind it is ever reached.
    for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
        page.keyboard.press(key)
        assert page.evaluate("() => document.activeElement.matches('body, dialog, dialog *')")
    page.keyboard.press("Escape")

    expect(dialog).to_have_count(0)
    expect(halt).to_be_focused()

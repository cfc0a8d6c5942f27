"""The page of one chain in a browser: it fits everywhere, draws its candles, and every chain leads to the next."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui import chains
from tests.ui.conftest import PATIENCE_MS
from tests.ui.looks import tried
from tests.ui.site import Site

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def sound_and_fitting(page: Page) -> None:
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run()")["violations"]
    assert [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found] == []
    assert page.evaluate(TOO_WIDE) <= 0


@pytest.mark.parametrize(("width", "scheme"), tried([(390, "dark"), (1440, "light")]))
def test_a_chain_is_readable_for_everyone_and_fits(open_chains: Any, width: int, scheme: str) -> None:
    page = open_chains("/decisions/", width=width, scheme=scheme)
    home = page.url.removesuffix("/decisions/")
    for name in ("trimmed", "denied", "left", "unsent", "expired"):
        page.goto(f"{home}/why/{chains.decision_id(name)}/")
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
        expect(page.locator("[data-layer]")).to_have_count(5)
        sound_and_fitting(page)


def test_a_buy_is_told_from_candle_to_people(open_chains: Any) -> None:
    page = open_chains(f"/why/{chains.decision_id('trimmed')}/")

    expect(page.locator("h1")).to_have_text("Why were 138.2 CCC bought?")
    steps = page.locator(".step h2").all_inner_texts()
    assert steps == ["Candle", "Signal", "Decision", "Order", "Fills", "Alerts", "People"]
    expect(page.locator("[data-layer='4']")).to_contain_text("✂ trim")
    expect(page.locator("[data-layer='4']")).to_contain_text("258.3 → 138.2", use_inner_text=False)
    expect(page.locator("[data-again=same]")).to_have_count(1)
    expect(page.locator("#chain-candles canvas").first).to_be_visible()
    expect(page.locator(".step.human")).to_contain_text("anna acknowledged BREAKER_SPREAD")
    quantities = [cell.inner_text() for cell in page.locator("[data-fill] td:nth-child(3)").all()]
    assert sum(float(text) for text in quantities) == 138.2
    expect(page.locator("[data-sum] td").nth(1)).to_have_text("138.2")


def test_times_are_the_readers_and_utc_stands_beside_them(open_chains: Any) -> None:
    page = open_chains(f"/why/{chains.decision_id('bought')}/")

    when = page.locator(".step .when").nth(1)
    local, utc = re.findall(r"(\d\d):(\d\d:\d\d)", when.inner_text())[0::1][:2]
    assert local[1] == utc[1]
    assert (int(local[0]) - int(utc[0])) % 24 in (1, 2)  # Europe/Berlin
    expect(when).to_contain_text("UTC")


def test_a_signal_that_nobody_decided_has_a_page(open_chains: Any) -> None:
    page = open_chains(f"/why/{chains.signal_id('undecided')}/")

    expect(page.locator("h1")).to_have_text("Why is the signal to buy DDD not decided?")
    expect(page.locator("[data-layer]")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("None yet: no layer was asked")


def test_an_order_without_fills_has_a_page(open_chains: Any) -> None:
    page = open_chains(f"/why/{chains.decision_id('unsent')}/")

    expect(page.locator("h1")).to_have_text("Why is no DDD bought yet?")
    expect(page.locator("main")).to_contain_text("Nothing is filled yet.")
    expect(page.locator("[data-fill]")).to_have_count(0)


def test_a_denial_says_which_layer_and_that_the_rest_was_not_asked(open_chains: Any) -> None:
    page = open_chains(f"/why/{chains.decision_id('denied')}/")

    expect(page.locator("[aria-label='The answer']")).to_contain_text("Denied by layer 4")
    expect(page.locator("[data-layer='5']")).to_contain_text("not asked")
    expect(page.locator("main")).not_to_contain_text("Order")


def test_an_unknown_id_says_what_ids_look_like_and_leads_to_some(open_chains: Any, chain_site: Site) -> None:
    page = open_chains("/why/%3Cb%3Enope%3C%2Fb%3E/", strict=False)

    expect(page.locator("main")).to_contain_text("Nothing has the id “<b>nope</b>”")
    expect(page.locator("main")).to_contain_text("32 hex digits")
    page.locator("main .feedrow").first.click()
    expect(page.locator("[data-decision]")).to_have_count(1)


def test_the_decision_before_is_one_click_away_and_so_is_the_way_back(open_chains: Any) -> None:
    page = open_chains(f"/why/{chains.decision_id('trimmed')}/")

    page.locator("a[rel=prev]").click()
    expect(page.locator(f"[data-decision='{chains.decision_id('bought')}']")).to_have_count(1)
    page.locator("a[rel=next]").click()
    expect(page.locator(f"[data-decision='{chains.decision_id('trimmed')}']")).to_have_count(1)
    page.go_back()
    expect(page.locator(f"[data-decision='{chains.decision_id('bought')}']")).to_have_count(1)


def test_the_address_of_the_whole_chain_is_copied_and_said_to_be(open_chains: Any, chain_site: Site) -> None:
    page = open_chains(f"/why/{chains.decision_id('bought')[:8]}/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy link").click()

    expect(page.locator("#copied")).to_have_text("The link is copied.")
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == f"{chain_site.url}/why/{chains.decision_id('bought')}/"

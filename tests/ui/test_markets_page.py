"""Markets: the list whose cells live, why a symbol is out, one symbol with its chart and orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.planting import ORDER_ID
from tests.ui.site import Site, quote
from tests.ui.test_overview_page import axe_violations

HOSTILE = "<b>news</b> \"of\" 'an' exploit"
PLANT = """
from datetime import timedelta
from decimal import Decimal
from cdb_site.clock import SYSTEM
from marketdata.models import Instrument, Pause, UniverseChoice, UniverseEntry, UniverseMember
now = SYSTEM.wall_now()
for symbol in ("AAAUSDT", "BBBUSDT"):
    UniverseMember.objects.create(instrument_id=symbol, chosen_by="t", since=now)
choice = UniverseChoice.objects.create(
    chosen_at=now, recorded_at=now, settings="top 2 by volume", listed=62, chosen=2, held=0, joined=["AAAUSDT"])
rows = [("AAAUSDT", "", True), ("BBBUSDT", "", True), ("THINUSDT", "VOLUME", False)]
rows += [(f"R{number:02}USDT", "RANK", False) for number in range(59)]
for rank, (symbol, why, chosen) in enumerate(rows, 1):
    UniverseEntry.objects.create(
        choice=choice, symbol=symbol, rank=rank, quote_volume_24h=Decimal(9_000_000 - rank), spread_bps=Decimal("3.25"),
        chosen=chosen, held=False, excluded=why)
Pause.objects.create(
    instrument_id="BBBUSDT", reason=words[0], paused_at=now - timedelta(hours=2), paused_by="anna",
    ended_at=now - timedelta(hours=1), ended_by="anna")
"""
PAUSE = """
from marketdata import pausing
pausing.pause("BBBUSDT", reason=words[0], by="anna") if words[0] else pausing.resume("BBBUSDT", by="anna")
"""


@pytest.fixture(scope="module")
def chosen_universe(site: Site) -> None:
    site.hand.run(PLANT, HOSTILE)


@pytest.fixture
def visit(open_page: Any, chosen_universe: None) -> Any:
    return open_page


@pytest.fixture
def paused(marked_site: Site, chosen_universe: None) -> Iterator[None]:
    marked_site.hand.run(PAUSE, HOSTILE)
    yield
    marked_site.hand.run(PAUSE, "")


def test_every_watched_symbol_stands_by_its_rank_and_its_price_lives(visit: Any, marked_site: Site) -> None:
    page = visit("/markets/")
    rows = page.locator("tr[data-symbol]")

    assert rows.evaluate_all("all => all.map((one) => one.dataset.symbol)") == ["AAAUSDT", "BBBUSDT"]
    expect(rows.first).to_contain_text("+0.82 %")
    marked_site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", "123.45") | {"bid": "123.4", "ask": "123.5"}]})
    expect(rows.first.locator("[data-live=last]")).to_have_text("123.4500")
    # 0.1 of 123.45 is 8.1 of 10,000.
    expect(rows.first.locator("[data-live=spread]")).to_have_text("8.1 bps")
    expect(page.locator("#thresholds")).to_have_text("buys above +1 %, sells below 0 %")


def test_what_was_left_out_says_why_a_page_at_a_time(visit: Any) -> None:
    page = visit("/markets/?show=out")
    rows = page.locator("tr[data-symbol]")

    expect(rows).to_have_count(50)
    expect(page.locator("tr[data-symbol=THINUSDT]")).to_contain_text("too little volume")
    page.get_by_role("link", name="More →").click()
    expect(rows).to_have_count(10)
    expect(rows.last).to_contain_text("R58")
    page.go_back()
    expect(rows).to_have_count(50)


def test_nonsense_in_the_address_is_the_plain_list(visit: Any) -> None:
    page = visit("/markets/?show=%3Cscript%3E&after=-1")
    expect(page.locator("tr[data-symbol]")).to_have_count(2)
    page.goto(page.url.split("?")[0] + "?show=out&after=99999999999999999999")
    expect(page.locator("tr[data-symbol]")).to_have_count(50)


def test_nothing_held_in_the_books_says_so_and_leads_on(visit: Any) -> None:
    page = visit("/markets/?show=held")

    expect(page.locator("main")).to_contain_text("Nothing is held.")
    page.get_by_role("link", name="All watched symbols →").click()
    expect(page.locator("tr[data-symbol]")).to_have_count(2)


def test_a_symbols_address_shows_its_chart_its_rules_and_its_orders(visit: Any) -> None:
    page = visit("/markets/AAAUSDT/")

    expect(page.locator("#candle-chart")).to_have_attribute("data-symbol", "AAAUSDT")
    expect(page.locator("#candle-chart")).to_have_attribute("data-bars", "60")
    expect(page.locator("h1")).to_have_text("AAA/USDT")
    expect(page.locator("main")).to_contain_text("Smallest order")
    expect(page.locator(f"[data-order='{ORDER_ID}'] a")).to_have_attribute("href", f"/why/{ORDER_ID}/")
    expect(page).to_have_title("10,000 · AAAUSDT")
    assert axe_violations(page) == []


def test_a_symbol_that_nobody_knows_is_not_found(visit: Any, marked_site: Site) -> None:
    page = visit("/markets/")

    assert page.request.get(f"{marked_site.url}/markets/NONEUSDT/").status == 404
    assert page.request.get(f"{marked_site.url}/markets/%3Cb%3E/").status == 404


def test_a_pause_is_seen_without_reloading_and_its_reason_is_words(visit: Any, request: Any) -> None:
    page = visit("/markets/")
    row = page.locator("tr[data-symbol=BBBUSDT]")
    expect(row.locator(".tag.warn")).to_have_count(0)

    request.getfixturevalue("paused")

    expect(row.locator(".tag.warn")).to_have_text("paused")
    expect(row.locator(".tag.warn")).to_have_attribute("title", HOSTILE)
    page.goto(page.url + "BBBUSDT/")
    expect(page.locator(".pauses")).to_contain_text(HOSTILE)


@pytest.mark.parametrize("address", ["/markets/", "/markets/?show=out", "/markets/AAAUSDT/"])
def test_a_phone_needs_no_sideways_scroll_and_fingers_find_their_targets(visit: Any, address: str) -> None:
    page = visit(address, width=390, height=844)

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert axe_violations(page) == []
    assert page.locator(".tabbar").is_visible()
    page.locator(".tabbar summary").click()
    expect(page.locator(".tabbar .menu-list a", has_text="Reports")).to_be_visible()

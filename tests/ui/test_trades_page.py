"""The Trades page in a real browser: lists, filters, pages, the file, a phone, and what must never happen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.ui import planting_trades
from tests.ui.conftest import PATIENCE_MS
from tests.ui.kept_pages import KeptPages
from tests.ui.looks import tried
from tests.ui.site import Site
from tests.ui.test_every_page import AXE, SCROLL_AREAS, TOO_WIDE

Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def traded(site: Site) -> Site:
    site.plant("tests.ui.planting_trades")
    return site


@pytest.fixture
def trades(kept_pages: KeptPages, traded: Site, marked_site: Site, viewer: StorageState) -> Iterator[Opened]:
    """A function that opens the page for this query; any fault of the page fails the test at its end."""
    with ExitStack() as pages:

        def opened(query: str = "", *, width: int = 1440, scheme: Any = "light", language: str = "en") -> Page:
            look = {"width": width, "color_scheme": scheme, "locale": language, "reduced_motion": "reduce"}
            page = pages.enter_context(kept_pages.page(traded.url, viewer, **look))
            page.goto(f"{traded.url}/trades/?{query}")
            page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
            return page

        yield opened


def amount(text: str) -> float:
    return float(text.replace("−", "-").replace("+", "").replace(",", "").split()[0])


def test_the_rows_of_all_pages_add_up_to_the_net_result_above(trades: Opened) -> None:
    page = trades("first=")
    above = amount(page.locator("[data-number=net]").inner_text())

    nets = []
    while True:
        nets += page.locator("[data-table=trips] tbody td:nth-child(9)").all_inner_texts()
        older = page.locator("[data-page-link=older]")
        if not older.count():
            break
        older.click()
        page.wait_for_load_state()

    assert len(nets) == planting_trades.TRIPS
    # each row is rounded to a cent
    assert sum(map(amount, nets)) == pytest.approx(above, abs=planting_trades.TRIPS * 0.005)


def test_the_last_line_adds_up_as_it_stands_there_and_agrees_with_the_books(trades: Opened) -> None:
    line = trades().locator("[data-books]")

    expect(line).to_have_attribute("data-books", "agree")
    said = [float(number.replace("−", "-")) for number in re.findall(r"[+−]?\d+\.\d\d", line.inner_text())]
    net, still, together, realised, fees, kept = said
    assert round(net + still, 2) == together == kept == round(realised - fees, 2)


def test_tabs_filters_and_pages_are_in_the_address_and_back_goes_back(trades: Opened) -> None:
    page = trades()
    page.click("[data-tab=orders]")
    expect(page.locator("[data-table=orders] tbody tr")).to_have_count(25)
    page.select_option("select[name=state]", "REJECTED")
    page.click("form.filters button[type=submit]")
    expect(page.locator("[data-table=orders] tbody tr")).to_have_count(1)
    assert "state=REJECTED" in page.url and "tab=orders" in page.url

    page.go_back()
    expect(page.locator("[data-table=orders] tbody tr")).to_have_count(25)
    page.go_back()
    expect(page.locator("[data-table=trips]")).to_be_visible()


def test_a_filter_that_leaves_nothing_is_named_and_left_by_one_link(trades: Opened) -> None:
    page = trades("symbol=NOTHING&exit=STOP")

    expect(page.locator("[data-empty=filtered]")).to_contain_text("NOTHING, Stop loss")
    page.click("[data-empty=filtered] a")

    expect(page.locator("[data-table=trips] tbody tr")).to_have_count(25)


def test_every_row_leads_to_its_why(trades: Opened) -> None:
    for tab, links in (("trips", 2), ("orders", 1), ("fills", 1)):
        page = trades(f"tab={tab}")
        row = page.locator(f"[data-table={tab}] tbody tr").first
        expect(row.locator("a.why")).to_have_count(links)
        assert "/why/" in str(row.locator("a.why").last.get_attribute("href"))


def test_the_keys_walk_the_rows_and_ask_why(trades: Opened) -> None:
    page = trades()
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.evaluate("() => document.activeElement.closest('tr').dataset.row")

    assert focused == page.locator("[data-table=trips] tbody tr").nth(1).get_attribute("data-row")


def test_the_file_holds_what_is_listed_in_the_readers_language(trades: Opened) -> None:
    for language, delimiter, name in (("en", ",", "Symbol"), ("de", ";", "Symbol")):
        page = trades("tab=fills&symbol=FFFUSDT&first=", language=language)
        with page.expect_download() as download:
            page.click("a[download]")
        with open(download.value.path(), encoding="utf-8-sig") as file:
            lines = file.read().splitlines()

        assert len(lines) == 3
        assert name in lines[0].split(delimiter)
        assert download.value.suggested_filename.startswith("fills-")


def test_the_sum_of_closed_trips_is_drawn(trades: Opened) -> None:
    page = trades()

    expect(page.locator("#trips-curve[data-points]")).to_be_visible()
    expect(page.locator("#trips-curve canvas").first).to_be_visible()
    assert page.locator("svg.drawing rect").count() >= 5


def test_hostile_words_are_words(trades: Opened) -> None:
    page = trades("tab=orders&state=REJECTED")

    expect(page.locator("[data-table=orders] .state")).to_contain_text(planting_trades.HOSTILE)
    assert page.locator(".state b").count() == 0


def test_the_shell_keeps_its_own_ways_on_a_phone(trades: Opened) -> None:
    page = trades(width=390)

    expect(page.locator("nav.tabbar a[href='/']")).to_be_visible()


@pytest.mark.parametrize("tab", ["trips", "orders", "fills"])
@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    tried(
        [(1440, "light", "en"), (1440, "dark", "de"), (1100, "light", "en"), (820, "dark", "en"), (390, "dark", "de")]
    ),
)
def test_it_is_readable_by_everyone_and_fits_with_rows(
    trades: Opened, tab: str, width: int, scheme: str, language: str
) -> None:
    page = trades(f"tab={tab}", width=width, scheme=scheme, language=language)
    expect(page.locator(f"[data-table={tab}] tbody tr")).to_have_count(25)

    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("() => axe.run()")

    assert [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]] == []
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SCROLL_AREAS) == []
    assert page.evaluate(CUT_OFF) == []


# Columns that do not fit their panel, which hides what is outside of it.
CUT_OFF = """() => [...document.querySelectorAll("main table.t")].filter((table) =>
  table.getBoundingClientRect().right > table.parentElement.getBoundingClientRect().right + 1)
  .map((table) => table.dataset.table)"""

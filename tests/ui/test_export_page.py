"""The Export page in a real browser: what is asked for, how many rows that is, the files, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui import planting_trades
from tests.ui.conftest import PATIENCE_MS
from tests.ui.kept_pages import KeptPages
from tests.ui.looks import tried
from tests.ui.people import keys_of
from tests.ui.planting import USER
from tests.ui.site import Site, running_site
from tests.ui.test_every_page import AXE, SCROLL_AREAS, TOO_WIDE

Opened = Callable[..., Page]
TRIPS = planting_trades.TRIPS


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: what is planted on the shared one is seen by the tests of other pages."""
    with running_site(tmp_path_factory.mktemp("exports"), redis_db=11, also=["tests.ui.planting_trades"]) as running:
        running.share_clock()
        yield running


@pytest.fixture
def export(kept_pages: KeptPages, traded: Site) -> Iterator[Opened]:
    """A function that opens the page for this query; any fault of the page fails the test at its end."""
    with ExitStack() as pages:

        def opened(
            query: str = "what=round-trips&from=", *, path: str = "/export/", width: int = 1440, scheme: Any = "light",
            language: str = "en",
        ) -> Page:  # fmt: skip
            look = {"width": width, "color_scheme": scheme, "locale": language, "reduced_motion": "reduce"}
            page = pages.enter_context(kept_pages.page(traded.url, keys_of(traded, USER), **look))
            page.goto(f"{traded.url}{path}?{query}")
            page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
            return page

        yield opened


def got(page: Page, title: str) -> str:
    """What the button of this name leaves in the folder of downloads."""
    with page.expect_download() as download:
        page.get_by_role("link", name=title).click()
    with open(download.value.path(), encoding="utf-8") as file:
        return file.read()


def test_every_format_has_as_many_rows_as_were_counted(export: Opened) -> None:
    page = export()

    expect(page.locator("[data-number=rows]")).to_have_text(f"{TRIPS} rows")
    assert len(json.loads(got(page, "JSON ↓"))) == TRIPS
    expect(page.locator("[data-said]")).to_have_text("The file is whole.")
    assert len(got(page, "CSV ↓").splitlines()) == TRIPS + 1
    assert len(got(page, "JSON Lines ↓").splitlines()) == TRIPS
    expect(page.locator("progress")).to_be_hidden()


def test_the_form_narrows_what_is_counted_and_got_and_stands_in_the_address(export: Opened) -> None:
    page = export()
    page.get_by_label("Symbol").fill("cccusdt")
    page.select_option("select[name=exit_reason]", "STOP")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Count").press("Enter")

    expect(page.locator("[data-number=rows]")).not_to_have_text(f"{TRIPS} rows")
    rows = json.loads(got(page, "JSON ↓"))
    assert rows and {(row["symbol"], row["exit_reason"]) for row in rows} == {("CCCUSDT", "STOP")}
    assert page.locator("[data-number=rows]").inner_text().split()[0] == str(len(rows))
    assert "symbol=cccusdt" in page.url and "exit_reason=STOP" in page.url
    page.go_back()
    expect(page.locator("[data-number=rows]")).to_have_text(f"{TRIPS} rows")


def test_another_file_keeps_the_days_and_has_its_own_filters(export: Opened) -> None:
    page = export("what=fills&from=2020-01-01&to=2020-01-02&side=BUY&zone=Europe/Berlin")
    expect(page.locator("[data-empty]")).to_contain_text("No row in these days.")

    page.locator("[data-what=tax]").click()

    expect(page.locator("input[name=from]")).to_have_value("2020-01-01")
    expect(page.locator("select[name=zone]")).to_have_value("Europe/Berlin")
    expect(page.locator("select[name=side]")).to_have_count(0)
    expect(page.locator(".title")).to_contain_text("not first-in-first-out")
    page.get_by_role("link", name="Show all of all days").click()
    expect(page.locator("[data-number=rows]")).to_have_text(f"{TRIPS} rows")
    assert len(got(page, "CSV ↓").splitlines()) == 3 + 1 + TRIPS + 1


def test_what_cannot_be_meant_is_said_beside_its_name(export: Opened) -> None:
    page = export()

    answer = page.request.get(page.url + "&symbol=%3Cb%3E&to=2026-02-31")

    assert answer.status == 422
    shown = answer.text().split('role="alert"')[1].split("</section>")[0]
    assert "<b>Symbol</b>: a symbol has letters and digits" in shown
    assert "<b>Last day</b>: a day of the calendar" in shown
    assert "data-number" not in shown


def slowly(page: Page, text: str) -> None:
    """Files of this page have this text, whatever was asked for."""

    def answer(route: Route) -> None:
        headers = {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="fills-1.csv"'}
        route.fulfill(status=200, headers=headers, body=text)

    page.route("**/api/v1/export/**", answer)


def test_a_file_that_broke_off_is_not_kept_and_said_to_be_none(export: Opened) -> None:
    page = export()
    slowly(page, "last_fill_id\n1\n# This file is not whole: the database did not answer. Ask for it again.\n")
    downloads: list[Any] = []
    page.on("download", lambda download: downloads.append(download))

    page.get_by_role("link", name="CSV ↓").click()

    expect(page.locator("[data-said]")).to_contain_text("This file is not whole")
    assert downloads == []


def test_an_answer_that_does_not_come_can_be_stopped_and_is_told(export: Opened) -> None:
    page = export()
    held: list[Route] = []
    page.route("**/api/v1/export/**", lambda route: held.append(route))
    page.get_by_role("link", name="CSV ↓").click()

    expect(page.locator("progress")).to_be_visible()
    expect(page.locator("[data-count]")).to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Stop").click()

    expect(page.locator("[data-said]")).to_have_text("Stopped; nothing was kept.")
    expect(page.locator("progress")).to_be_hidden()
    for route in held:
        route.abort()


def test_trades_and_reports_lead_here_with_their_days(export: Opened) -> None:
    page = export("tab=fills&symbol=FFFUSDT&first=", path="/trades/")
    page.get_by_role("link", name="Export…").click()
    expect(page.locator("[data-what=fills]")).to_have_attribute("aria-current", "page")
    expect(page.locator("[data-number=rows]")).to_have_text("2 rows")

    page = export("first=2020-01-01&last=2020-01-31", path="/reports/")
    page.get_by_role("link", name="Export…").click()
    expect(page.locator("[data-what=tax]")).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("what", ["tax", "decisions", "ledger"])
@pytest.mark.parametrize(
    ("width", "scheme", "language"), tried([(1440, "light", "en"), (1440, "dark", "de"), (390, "dark", "de")])
)
def test_it_is_readable_by_everyone_and_fits(export: Opened, what: str, width: int, scheme: str, language: str) -> None:
    page = export(f"what={what}&from=", width=width, scheme=scheme, language=language)

    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("() => axe.run()")

    assert [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]] == []
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SCROLL_AREAS) == []

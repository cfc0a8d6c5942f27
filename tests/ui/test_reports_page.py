"""The Reports page in a real browser: its sums, its days, one day's report, files, a phone, and nothing to report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.kept_pages import KeptPages
from tests.ui.looks import tried
from tests.ui.people import keys_of
from tests.ui.planting import USER
from tests.ui.planting_reports import DAYS, TODAY, result_of
from tests.ui.site import Site, running_site
from tests.ui.test_every_page import AXE, SCROLL_AREAS, TOO_WIDE

Opened = Callable[..., Page]
ALL = sum((result_of(number) for number in range(1, DAYS + 1)), TODAY)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("reports"), redis_db=11, also=["tests.ui.planting_reports"]) as running:
        running.share_clock()
        yield running


@pytest.fixture
def opened(kept_pages: KeptPages, reported: Site) -> Iterator[Opened]:
    """A function that opens an address; any fault of the page fails the test at its end."""
    with ExitStack() as pages:

        def go(path: str = "/reports/", *, width: int = 1440, scheme: Any = "light") -> Page:
            state = keys_of(reported, USER)
            look = {"width": width, "color_scheme": scheme, "locale": "en", "reduced_motion": "reduce"}
            page = pages.enter_context(kept_pages.page(reported.url, state, **look))
            page.goto(f"{reported.url}{path}")
            page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
            return page

        yield go


def nets(page: Page, table: str) -> list[Decimal]:
    found = page.eval_on_selector_all(f"[data-table={table}] [data-net]", "all => all.map((one) => one.dataset.net)")
    return [Decimal(value) for value in found]


def test_the_days_add_up_to_the_period_and_every_table_to_the_same_total(opened: Opened) -> None:
    page = opened()

    days = page.eval_on_selector_all("[data-result]", "all => all.map((one) => one.dataset.result)")
    period = Decimal(page.get_attribute("[data-number=result]", "data-value") or "")
    totals = {sum(nets(page, table)) for table in ("symbol", "exit", "limits", "hour", "weekday")}

    assert len(days) == DAYS + 1
    assert sum(map(Decimal, days)) == period == ALL == 640
    assert len(totals) == 1
    expect(page.locator("[data-hour]")).to_have_count(24)
    expect(page.locator("[data-hour] rect:not([height='0.0'])")).to_have_count(len(nets(page, "hour")))
    expect(page.locator("[data-number=universe-fall]")).to_contain_text("%")
    expect(page.locator("#report-chart")).to_have_attribute("data-points", "241")
    expect(page.locator("[data-number=universe]")).to_contain_text("%")


def test_a_day_of_the_calendar_leads_to_its_report_and_yesterday_is_one_click_away(opened: Opened) -> None:
    page = opened()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()

    page.get_by_role("link", name="Yesterday").click()
    expect(page.locator("h1")).to_have_text(f"Report of {yesterday}")
    expect(page.locator("[data-number=result]")).to_have_text("+200.00")
    expect(page.locator("main")).to_contain_text("the price is 12000 ms old")
    page.go_back()
    page.locator("[data-day]").first.click()

    expect(page.locator("[data-number=result]")).to_have_text("\u22125.00")


def test_the_period_stands_in_the_address_and_the_back_button_returns_to_it(opened: Opened) -> None:
    page = opened("/reports/?days=7")
    assert page.locator("[data-day]").count() == 7

    page.get_by_role("link", name="All", exact=True).click()
    expect(page.locator("[data-day]")).to_have_count(DAYS + 1)
    page.go_back()

    expect(page.locator("[data-day]")).to_have_count(7)
    page.get_by_role("link", name="1 d", exact=True).click()
    expect(page.locator("[data-day]")).to_have_count(1)
    assert page.url.endswith("?days=1")


def test_what_is_downloaded_has_the_same_days(opened: Opened) -> None:
    page = opened()

    answer = page.request.get(page.url + "?days=30&file=json")
    rows = page.request.get(page.url + "?days=30&file=csv").text().splitlines()
    day = page.request.get(page.url + "yesterday/?file=json").json()

    told = json.loads(answer.text())
    assert sum(Decimal(one["result"]) for one in told["days"]) == Decimal(told["result"]) == 640
    assert len(rows) == len(told["days"]) + 1
    assert rows[0].startswith("day,final,opening")
    assert day["pnl"]["result"] == "200"


def test_what_is_no_day_is_told_with_a_way_back(opened: Opened) -> None:
    page = opened()

    for wanted in ("2000-01-01", "2999-01-01", "%3Cb%3E"):
        answer = page.request.get(page.url + f"{wanted}/")
        assert answer.status == 404
        assert "All reports" in answer.text()
        assert "<b>" not in answer.text().split('id="main"')[1].split("</main>")[0]
    assert "There is nothing to report" in page.request.get(page.url + "?last=2001-01-01").text()


def test_every_file_of_the_list_is_there_and_holds_its_days(opened: Opened) -> None:
    page = opened("/reports/?days=7")

    links = page.locator("[data-files] a")
    expect(links).to_have_count(10)
    for address in links.evaluate_all("all => all.map((one) => one.href)"):
        answer = page.request.get(address)
        assert answer.ok and answer.headers["content-type"].startswith(("text/csv", "application/json")), address
        assert len(answer.text()) > 100
    assert len(page.request.get(f"{page.url}&file=csv").text().strip().splitlines()) == 7 + 1


@pytest.mark.parametrize("path", ["/reports/", "/reports/yesterday/", "/reports/today/"])
@pytest.mark.parametrize(("width", "scheme"), tried([(1440, "light"), (390, "dark")]))
def test_it_is_readable_by_everyone_and_fits(opened: Opened, path: str, width: int, scheme: str) -> None:
    page = opened(path, width=width, scheme=scheme)
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("() => axe.run()")

    assert [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]] == []
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SCROLL_AREAS) == []

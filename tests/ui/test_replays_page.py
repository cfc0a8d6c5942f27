"""The pages of the replay in a real browser: runs in every state, one whole, two side by side, acts, a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.german import SAID, found_english
from tests.ui.kept_pages import KeptPages
from tests.ui.people import keys_of, somebody
from tests.ui.planting import USER
from tests.ui.planting_replays import (
    CANCELED,
    CUT,
    DONE,
    EMPTY,
    FAILED,
    OTHER,
    SEARCHED,
    UNDER_WAY,
    WAITS,
    WALKED,
    WHAT_IF,
)
from tests.ui.site import Site, running_site
from tests.ui.test_every_page import AXE, SCROLL_AREAS, TOO_WIDE

Opened = Callable[..., Page]
PAGES = {
    "list": "/replays/",
    "no search": "/replays/?kind=SEARCH",
    "done": f"/replays/{DONE}/",
    "empty": f"/replays/{EMPTY}/",
    "under way": f"/replays/{UNDER_WAY}/",
    "failed": f"/replays/{FAILED}/",
    "canceled": f"/replays/{CANCELED}/",
    "search": f"/replays/{SEARCHED}/",
    "what if": f"/replays/{WHAT_IF}/",
    "walked": f"/replays/{WALKED}/",
    "cut": f"/replays/{CUT}/",
    "trips": f"/replays/{DONE}/rows/trips/",
    "decisions": f"/replays/{DONE}/rows/decisions/",
    "bought": f"/replays/{DONE}/decisions/1/",
    "denied": f"/replays/{DONE}/decisions/7/",
    "compare": f"/replays/compare/?run={DONE}&run={OTHER}",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("replays"), redis_db=12, also=["tests.ui.planting_replays"]) as running:
        running.share_clock()
        yield running


@pytest.fixture(scope="module")
def operator(played: Site) -> str:
    return somebody(played, "risk.operate")


@pytest.fixture
def opened(kept_pages: KeptPages, played: Site) -> Iterator[Opened]:
    """A function that opens an address; any fault of the page fails the test at its end."""
    with ExitStack() as pages:

        def go(path: str = "/replays/", *, who: str = USER, width: int = 1440, locale: str = "en", **look: Any) -> Page:
            state = keys_of(played, who)
            look = {"width": width, "locale": locale, "color_scheme": "light", "reduced_motion": "reduce"} | look
            page = pages.enter_context(kept_pages.page(played.url, state, **look))
            page.goto(f"{played.url}{path}")
            page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
            return page

        yield go


def test_the_list_tells_how_each_run_stands_and_what_it_brought(opened: Opened) -> None:
    page = opened()

    states = page.eval_on_selector_all("[data-state]", "all => all.map((one) => one.dataset.state)")

    assert sorted(set(states)) == ["CANCELED", "DONE", "FAILED", "QUEUED", "RUNNING"]
    row = page.locator(f"[data-row='{DONE}']")
    expect(row).to_contain_text("2026-01-29 to 2026-02-04")
    expect(row).to_contain_text("Total exposure of equity 40 %")
    expect(row).to_contain_text("+77.00")
    expect(page.locator(f"[data-row='{EMPTY}']")).to_contain_text("0.00")
    expect(page.get_by_text("New replay…")).to_have_count(0)


def test_a_run_adds_up_and_a_trip_leads_to_why_both_its_decisions_came_out_so(opened: Opened) -> None:
    page = opened(f"/replays/{DONE}/")

    expect(page.locator("[data-number=net]")).to_have_text("+77.00 USDT")
    expect(page.locator("[data-number=trips]")).to_have_text("21")
    for table in ("symbol", "exit", "weekday"):
        nets = page.eval_on_selector_all(f"[data-table={table}] [data-net]", "all => all.map((one) => one.dataset.net)")
        assert sum(map(Decimal, nets)) == 77, table
    expect(page.locator("[data-table=refusals]")).to_contain_text("EXPOSURE_LIMIT_EXCEEDED")
    expect(page.locator("[data-month='2026-01']")).to_contain_text("%")
    expect(page.locator("#report-chart")).to_have_attribute("data-points", "168")
    assert page.locator(".stamp").count() >= 4

    page.locator("[data-table=trips]").get_by_role("link", name="exit").first.click()
    expect(page.locator("h1")).to_have_text("Why were 10 BBB sold?")
    expect(page.locator("[data-again=same]")).to_have_count(1)
    page.get_by_role("link", name="entry").click()
    expect(page.locator("h1")).to_have_text("Why were 10 BBB bought?")
    expect(page.locator("[data-layer]")).to_have_count(5)
    expect(page.locator("[data-again=same]")).to_have_count(1)


def test_a_denied_decision_shows_the_layer_that_denied_it(opened: Opened) -> None:
    page = opened(f"/replays/{DONE}/rows/decisions/?reason=EXPOSURE_LIMIT_EXCEEDED")
    expect(page.locator("tbody tr")).to_have_count(7)

    page.get_by_role("link", name="Why: ").first.click()

    expect(page.locator("h1")).to_contain_text("Why was the buy of")
    expect(page.locator("[data-layer='3'].deny")).to_have_count(1)


def test_a_run_without_a_candle_says_so_and_draws_nothing(opened: Opened) -> None:
    page = opened(f"/replays/{EMPTY}/")

    expect(page.get_by_text("There is no path to draw.")).to_be_visible()
    expect(page.get_by_text("No round trip was closed.").first).to_be_visible()
    expect(page.locator("#report-chart")).to_have_count(0)
    expect(page.locator("[data-number=universe]")).to_have_text("–")


def test_a_failed_run_says_why(opened: Opened) -> None:
    expect(opened(f"/replays/{FAILED}/").locator("[data-failure]")).to_contain_text("its volume does not fit")


def test_the_progress_moves_and_the_page_is_read_anew_when_the_run_is_over(opened: Opened, played: Site) -> None:
    page = opened(f"/replays/{UNDER_WAY}/")
    expect(page.locator("[data-percent]")).to_have_text("42 %")

    played.hand.run(RENEW, str(UNDER_WAY), "0.58")
    expect(page.locator("[data-percent]")).to_have_text("58 %")
    expect(page.locator("[data-step]")).to_have_text("deciding")
    played.hand.run(END, str(UNDER_WAY))

    expect(page.locator("[data-failure]")).to_contain_text("stopped by the test")
    played.hand.run(AGAIN, str(UNDER_WAY))


RENEW = """
from datetime import UTC, datetime, timedelta
from uuid import UUID
from replay import operations
now = datetime.now(UTC) + timedelta(days=1)
operations.renew(UUID(words[0]), "plant", progress=float(words[1]), step="deciding", now=now)
"""
END = """
from datetime import UTC, datetime
from uuid import UUID
from replay import operations
operations.fail(UUID(words[0]), "plant", "stopped by the test", now=datetime.now(UTC))
"""
AGAIN = """
from datetime import UTC, datetime, timedelta
from replay.models import ReplayRun
now = datetime.now(UTC) + timedelta(days=1)
ReplayRun.objects.filter(run_id=words[0]).update(state="RUNNING", error="", ended_at=None, lease_until=now)
"""


def test_two_runs_side_by_side_begin_with_the_first_difference(opened: Opened) -> None:
    page = opened()
    for run in (DONE, OTHER):
        page.locator(f"[data-row='{run}'] input").check()

    page.get_by_role("button", name="Compare the two that are marked").click()

    expect(page.locator("h1")).to_have_text("Two runs side by side")
    expect(page.locator("[data-table=asked] tr.on")).to_contain_text("40 %")
    expect(page.locator("[data-count='14']")).to_contain_text("14: 7 in both, 0 in A alone, 7 in B alone")
    first = page.locator("[data-table=differing] tbody tr").first
    expect(first).to_contain_text("EXPOSURE_LIMIT_EXCEEDED")
    first.get_by_role("link", name="B", exact=True).click()
    expect(page.locator("h1")).to_contain_text("bought")


def test_one_run_alone_is_not_compared(opened: Opened) -> None:
    page = opened(f"/replays/compare/?run={DONE}", excuse="422")

    expect(page.locator("[data-empty]")).to_contain_text("mark two of them")


def test_an_operator_cancels_what_waits_and_deletes_it_each_after_a_question(opened: Opened, operator: str) -> None:
    page = opened(f"/replays/{WAITS}/", who=operator)

    page.get_by_role("link", name="Cancel…").click()
    expect(page.locator("dialog")).to_contain_text("Cancel the run?")
    page.keyboard.press("Escape")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "QUEUED")
    page.get_by_role("link", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "CANCELED")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete the run").click()

    expect(page.locator("h1")).to_have_text("Replays")
    expect(page.locator(f"[data-row='{WAITS}']")).to_have_count(0)


def test_a_viewer_has_no_button_and_the_server_refuses_too(opened: Opened, played: Site) -> None:
    page = opened(f"/replays/{DONE}/", excuse="403")

    expect(page.locator("[data-act$=_replay]")).to_have_count(0)
    for path in ("/replays/new/", f"/replays/{DONE}/act/delete/"):
        answer = page.request.get(f"{played.url}{path}")
        assert answer.status == 403, path


def test_the_files_have_every_row(opened: Opened, played: Site) -> None:
    page = opened(f"/replays/{DONE}/")

    lines = {
        what: page.request.get(f"{played.url}/replays/{DONE}/file/{what}/").text().strip().splitlines()
        for what in ("trips", "decisions", "curve")
    }

    assert {what: len(rows) - 1 for what, rows in lines.items()} == {"trips": 21, "decisions": 49, "curve": 168}
    assert "2026-01-29" in lines["trips"][1]


def test_keys_go_to_the_page_and_through_its_rows(opened: Opened) -> None:
    page = opened("/")
    page.keyboard.press("g")
    page.keyboard.press("y")
    expect(page.locator("h1")).to_have_text("Replays")

    page.goto(f"{page.url}{DONE}/rows/decisions/")
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)
    page.keyboard.press("j")
    page.keyboard.press("w")

    expect(page.locator("h1")).to_contain_text("Why were")


@pytest.mark.parametrize("name", PAGES)
def test_it_is_readable_by_everyone_and_fits_a_phone_dark_and_in_german(opened: Opened, name: str) -> None:
    page = opened(PAGES[name], width=390, locale="de", color_scheme="dark")

    expect(page.locator("main h1")).to_have_count(1)
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run()")

    assert [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]] == []
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SCROLL_AREAS) == []
    assert "\n".join(found_english(page.evaluate(SAID))) == ""


FORMS = {kind: f"/replays/new/?kind={kind}" for kind in ("REPLAY", "WHAT_IF", "SEARCH")}


def test_tabs_choose_the_kind_and_only_its_fields_are_there(opened: Opened, operator: str) -> None:
    page = opened("/replays/?kind=WHAT_IF", who=operator)
    page.get_by_role("link", name="New what-if…").click()
    expect(page.locator("h1")).to_have_text("New what-if")
    expect(page.locator("#replay-day")).to_be_visible()
    for name in ("from", "threshold", "walk_forward", "fill"):
        expect(page.locator(f"#replay-{name}")).to_have_count(0)

    tab = page.get_by_role("link", name="Parameter search", exact=True)
    tab.focus()
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text("New search")
    for name in ("from", "threshold", "walk_forward", "fill", "by", "random", "seed", "manner"):
        expect(page.locator(f"#replay-{name}")).to_be_visible()
    for name in ("day", "rule"):
        expect(page.locator(f"#replay-{name}")).to_have_count(0)


def test_a_search_is_asked_for_by_keyboard_once_its_errors_are_mended(opened: Opened, operator: str) -> None:
    page = opened(FORMS["SEARCH"], who=operator, excuse="422")
    page.locator("#replay-threshold").fill("0,5")
    page.locator("#replay-random").fill("none")
    page.locator("#replay-random").press("Enter")

    expect(page.locator("#problem-threshold")).to_contain_text("a comma parts levels")
    expect(page.locator("#problem-random")).to_contain_text("a number from 1 to 5000")
    for name in ("threshold", "random"):
        described = page.locator(f"#replay-{name}").get_attribute("aria-describedby") or ""
        assert f"problem-{name}" in described
    expect(page.locator("#replay-threshold")).to_have_value("0,5")

    page.locator("#replay-threshold").fill("0.5 %, 1 %")
    page.locator("#replay-random").fill("")
    page.locator("#replay-random").press("Enter")

    expect(page.locator("[data-state]")).to_have_attribute("data-state", "QUEUED")
    expect(page.locator("main")).to_contain_text("0.005, 0.01")
    page.get_by_role("link", name="Cancel…").click()
    expect(page.locator("dialog")).to_contain_text("Asked again, it goes on with the rest.")
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_text("has canceled this search; asked again")).to_be_visible()
    page.get_by_role("link", name="Ask again…").click()
    expect(page.locator("#replay-threshold")).to_have_value("0.005, 0.01")


def test_a_day_with_other_limits_is_asked_for(opened: Opened, operator: str) -> None:
    page = opened(FORMS["WHAT_IF"], who=operator, excuse="422")
    page.locator("#replay-day").fill("2199-01-01")
    page.locator("#replay-max_position_pct").fill("5 %")
    page.get_by_role("button", name="Play the day").click()
    expect(page.locator("#problem-day")).to_contain_text("is not over yet")

    page.locator("#replay-day").fill("2026-01-02")
    page.get_by_role("button", name="Play the day").click()

    expect(page.locator("h1")).to_have_text("What if, 2026-01-02")
    expect(page.locator("main")).to_contain_text("One position of equity")


def test_what_other_limits_made_of_a_day_is_marked_where_it_is_modelled(opened: Opened) -> None:
    page = opened(f"/replays/{WHAT_IF}/")

    rows = page.locator("[data-table=changes] tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_have_attribute("data-first", "")
    expect(page.locator("[data-table=changes] .tag")).to_have_count(1)
    expect(rows.nth(1)).to_contain_text("modelled")
    expect(rows.nth(2)).to_contain_text("Breaker")
    expect(page.get_by_text("6 more are not shown")).to_be_visible()
    expect(page.locator("[data-holes]")).to_contain_text("The tape has a hole that day")
    expect(page.locator("main")).to_contain_text("Breakers that only these limits would open are not found")


def test_a_search_draws_what_was_chosen_and_joins_levels_that_do_not_fit(opened: Opened, operator: str) -> None:
    page = opened(f"/replays/{WALKED}/", who=operator)

    expect(page.locator("#report-chart")).to_have_attribute("data-points", "49")
    expect(page.locator("[data-table=parts] tbody tr")).to_have_count(2)
    expect(page.locator("[data-table=decided]")).to_contain_text("+3.11 %")
    assert page.locator(".heat tbody tr").count() == 20
    expect(page.get_by_text("Of the levels that share a square the best is shown.")).to_be_visible()

    page.get_by_role("link", name="Replay this set…").first.click()

    expect(page.locator("h1")).to_have_text("New replay")
    expect(page.locator("#replay-threshold")).to_have_value("0.01")
    expect(page.locator("#replay-top_n")).to_have_value("5")


@pytest.mark.parametrize("kind", FORMS)
def test_its_form_is_readable_by_everyone_and_fits_a_phone_dark_and_in_german(
    opened: Opened, operator: str, kind: str
) -> None:
    page = opened(FORMS[kind], who=operator, width=390, locale="de", color_scheme="dark")

    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run()")

    assert [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]] == []
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SCROLL_AREAS) == []
    assert "\n".join(found_english(page.evaluate(SAID))) == ""

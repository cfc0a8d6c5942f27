"""Band and status bar, the same on every page: what they say, and that nothing of it moves."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.site import Site, alert, heartbeat, portfolio, quote
from tests.ui.test_overview_page import axe_violations, values


def test_the_days_result_is_the_sum_of_what_the_bar_says_it_comes_from(open_page: Any, marked_site: Site) -> None:
    page = open_page()

    marked_site.say("portfolio", portfolio(day_pnl="12.5", realized_pnl="30", fees="2.5", equity="10012.5"))
    expect(page.locator("[data-number=day]")).to_have_text("+12.50")

    parts = [values(page, f"[data-number={name}]")[0] for name in ("realised", "open", "fees")]
    # Ever paid are 2.5; the planted fill of today cost 0.5 that the planted account does not know of, so 3 are today's.
    # 30 + open − 3 is 12.5.
    assert parts == [Decimal(30), Decimal("-14.5"), Decimal(-3)]
    assert sum(parts) == values(page, "[data-number=day]")[0]


def test_the_mode_and_the_simulated_market_are_named_with_seed_rate_and_clock(open_page: Any) -> None:
    page = open_page()

    expect(page.locator("[data-badge=mode]")).to_have_text("PAPER")
    expect(page.locator("[data-badge=simulated]")).to_contain_text("seed 7")
    expect(page.locator("[data-badge=simulated]")).to_contain_text("×1")
    expect(page.locator("[data-evidence]")).to_contain_text("no evidence of profit")
    expect(page.locator("#chart-mark")).to_have_text("SIMULATED")
    expect(page.locator("#clock")).to_have_text(
        re.compile(r"market time \d\d \w{3,4} \d\d:\d\d:\d\d Europe/Berlin\s+· next candle in \d+ s")
    )


def test_the_bar_is_eight_links_of_one_height_that_nothing_moves(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    cells = page.locator(".bar .cell")
    heights = "all => all.map((one) => one.getBoundingClientRect().height)"
    before = cells.evaluate_all(heights)

    many = [{"id": number, "kind": "SPREAD", "symbol": f"S{number}USDT"} for number in range(1, 13)]
    marked_site.say("portfolio", portfolio(breakers=many))
    expect(page.locator("[data-breakers='12']")).to_be_visible()

    assert cells.count() == 8
    assert all(cell.get_attribute("href") for cell in cells.all())
    assert cells.evaluate_all(heights) == before
    assert len(set(before)) == 1


def test_a_gauge_is_amber_from_nine_tenths_of_its_limit_red_past_it_and_exposure_stays_neutral(
    open_page: Any, marked_site: Site
) -> None:
    page = open_page()
    loss, exposure = (page.locator(f"[data-cell={name}] .gauge") for name in ("day-loss", "exposure"))

    # The day's loss may be 5 %, the exposure 50 %.
    for drawdown, share, look, neutral in [
        ("0.0449", "0.49", "f-fill", "f-fill"),
        ("0.045", "0.5", "f-warn", "f-fill"),
        ("0.0501", "0.501", "f-bad", "f-bad"),
    ]:
        marked_site.say("portfolio", portfolio(drawdown=drawdown, exposure=share))
        expect(loss).to_have_attribute("data-level", look)
        expect(exposure).to_have_attribute("data-level", neutral)


def test_sockets_that_are_silent_are_told_although_rest_keeps_the_quotes_fresh(
    open_page: Any, marked_site: Site
) -> None:
    page = open_page()
    cell = page.locator("[data-cell=feed]")

    silent, instead = heartbeat("ws", feed_age_s=42.0), heartbeat("rest", quotes_from_rest=5)
    with marked_site.beating(silent, instead):
        marked_site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", "100"), quote("BBBUSDT", "50")]})
        expect(cell).to_contain_text("REST instead")
        expect(cell).to_contain_text(re.compile(r"sockets silent for \d+ s"))
        expect(cell.locator(".dot")).to_have_class(re.compile("warn"))
    with marked_site.beating(silent, heartbeat("rest", quotes_from_rest=0)):
        expect(cell).not_to_contain_text("REST instead")


def test_alerts_are_counted_by_their_levels(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    rows = [alert("SERVICE_DOWN", "CRITICAL", service="ws", age_s=9)]
    rows += [alert("BREAKER_SPREAD", "WARNING", symbol=f"S{n}USDT", observed="2", limit="1") for n in range(3)]

    for row in rows:
        marked_site.say("alerts", row | {"state": "RAISED"})

    cell = page.locator("[data-cell=alerts]")
    expect(cell).to_contain_text("1 critical")
    expect(cell).to_contain_text("3 warnings · 4 unseen")
    expect(page.locator("#alert-count")).to_contain_text("4")
    expect(page).to_have_title(re.compile("^▲ 1 critical · "))
    expect(page.locator("#alerts [data-alert]").first).to_contain_text("ws has not been heard for 9 s.")
    for row in rows:
        marked_site.say("alerts", row | {"version": 2})
    expect(cell).to_contain_text("none open")


def test_the_bar_names_open_breakers_and_tells_day_loss_from_drawdown(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    account, symbol = {"id": 3, "kind": "DRAWDOWN", "symbol": ""}, {"id": 4, "kind": "SPREAD", "symbol": "AAAUSDT"}

    marked_site.say("portfolio", portfolio(drawdown="0.031", drawdown_24h="0.062", breakers=[account, symbol]))

    trading = page.locator("[data-cell=trading]")
    expect(trading.locator("[data-breakers='2']")).to_have_text("2 breakers: DRAWDOWN, AAA")
    expect(trading).to_have_attribute("title", "DRAWDOWN, SPREAD AAA")
    expect(page.locator("[data-cell=day-loss]")).to_contain_text("of 5 %")
    expect(page.locator("[data-number=day-loss]")).to_have_text("3.10 %")
    # 10,000 now, halted at 9,500.
    expect(page.locator("[data-cell=day-loss]")).to_contain_text("500 to the halt")
    expect(page.locator("[data-number=drawdown-24h]")).to_have_text("6.20 %")
    assert axe_violations(page) == []
    marked_site.say("portfolio", portfolio(breakers=[symbol]))
    expect(trading.locator("[data-breakers]")).to_have_text("1 breaker: AAA")


ODD = {
    "equity": "9987.668", "cash": "8487.664", "positions_value": "1500.004", "day_pnl": "-12.335",
    "realized_pnl": "30.0055", "fees": "2.5045",
}  # fmt: skip
NOTHING = {
    "equity": "0", "cash": "0", "positions_value": "0", "exposure": "0", "day_pnl": "0", "day_opening_equity": "0",
    "realized_pnl": "0", "fees": "-0.5", "positions": [],
}  # fmt: skip


@pytest.mark.parametrize("mark", [ODD, NOTHING], ids=["odd cents", "nothing"])
def test_the_sums_of_the_bar_are_right_as_they_are_read(
    open_page: Any, marked_site: Site, mark: dict[str, Any]
) -> None:
    page = open_page()
    number = r"([+−]?[\d,]+\.\d\d)"

    marked_site.say("portfolio", portfolio(**mark))
    equity, day = page.locator("[data-number=equity]"), page.locator("[data-number=day]")
    expect(equity).to_have_attribute("data-value", mark["equity"])

    cash, held = read(page.locator("[data-number=cash]").inner_text(), rf"cash {number} \+ held {number}")
    assert [cash + held] == read(equity.inner_text(), number)
    words = rf"realised {number} · open {number} · fees {number}"
    assert [sum(read(page.locator("[data-number=realised]").inner_text(), words))] == read(day.inner_text(), number)


def read(text: str, pattern: str) -> list[Decimal]:
    found = re.fullmatch(pattern, text.strip())
    assert found, text
    return [Decimal(part.replace(",", "").replace("−", "-")) for part in found.groups()]

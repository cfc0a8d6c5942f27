"""The overview page in a real browser against the real server."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cdb_site.clock import SYSTEM, iso
from tests.ui.conftest import PATIENCE_MS, Strict, log_in
from tests.ui.site import Site, alert, decision, layer, order, portfolio, quote

AXE = Path(__file__).parent / "vendor" / "axe.min.js"


def values(page: Page, selector: str) -> list[Decimal]:
    return [Decimal(value) for value in page.eval_on_selector_all(selector, "all => all.map(one => one.dataset.value)")]


def axe_violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    result: dict[str, Any] = page.evaluate("() => axe.run()")
    return [f"{item['id']}: {item['nodes'][0]['html']} {item['nodes'][0]['any']}" for item in result["violations"]]


def test_equity_exposure_and_positions_are_one_set_of_numbers(open_page: Any) -> None:
    page = open_page()

    equity = values(page, "[data-number=equity]")[0]
    exposure = values(page, "[data-number=exposure]")[0]
    positions = sum(values(page, "[data-position] [data-value]"))

    # 1,000 + 500 held of 10,000 is 15 %.
    assert positions == Decimal(1500)
    assert positions / equity == exposure == Decimal("0.15")
    assert page.get_attribute("#equity-chart", "data-last") == "10000"
    expect(page.locator("[data-number=equity]")).to_have_text("10,000.00")


def test_a_new_mark_changes_bar_table_and_chart_together(open_page: Any, marked_site: Site) -> None:
    page = open_page()

    marked_site.say("portfolio", portfolio(equity="10100", day_pnl="100", cash="8600", exposure="0.14851485"))

    expect(page.locator("[data-number=equity]")).to_have_text("10,100.00")
    expect(page.locator("#equity-chart")).to_have_attribute("data-last", "10100")
    expect(page.locator("[data-tile=day-pnl]")).to_contain_text("+100.00")


def test_the_mode_and_the_simulated_market_are_named_with_seed_and_rate(open_page: Any) -> None:
    page = open_page()

    expect(page.locator("[data-badge=mode]")).to_have_text("PAPER")
    expect(page.locator("[data-badge=simulated]")).to_contain_text("seed 7")
    expect(page.locator("[data-badge=simulated]")).to_contain_text("×1")
    expect(page.locator("#evidence")).to_contain_text("no evidence of profit")


def test_the_page_says_what_comes_next(open_page: Any) -> None:
    page = open_page()

    expect(page.locator("[data-outlook]")).to_contain_text("Next candle in")
    expect(page.locator("[data-outlook]")).to_contain_text("Nearest to the threshold: AAA +0.82 of +1.00 %")


def test_a_price_that_nobody_renews_says_how_old_it_is(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    old = page.locator("[data-old=AAAUSDT]")
    late = {"received_at": iso(SYSTEM.wall_now() - timedelta(seconds=75))}

    marked_site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", "100") | late]})
    expect(old).to_contain_text("s old")

    marked_site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", "100")]})
    expect(old).to_have_count(0)


def test_an_order_appears_and_its_later_version_wins(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    order_id = str(uuid.uuid4())
    row = page.locator(f"[data-order='{order_id}']")

    marked_site.say("order_results", order(order_id, status="SUBMITTED", version=2))
    expect(row).to_contain_text("SUBMITTED")
    marked_site.say("order_results", order(order_id, status="FILLED", version=3, filled="4"))
    expect(row).to_contain_text("FILLED")
    marked_site.say("order_results", order(order_id, status="SUBMITTED", version=2))
    marked_site.say("portfolio", portfolio(equity="10007"))

    expect(page.locator("[data-number=equity]")).to_have_text("10,007.00")
    expect(row).to_contain_text("FILLED")


def test_an_order_leads_to_the_decision_behind_it_with_its_layers(open_page: Any) -> None:
    page = open_page()

    page.get_by_role("button", name="SIGNAL: the decision behind BUY AAA").click()

    expect(page.locator("#detail")).to_contain_text("Approved as wanted.")
    expect(page.locator("[data-layer='3']")).to_contain_text("15.00 % / limit 50.00 %")


def test_the_keyboard_changes_the_chart(open_page: Any) -> None:
    page = open_page()
    expect(page.locator("#chart-title")).to_have_text("AAA/USDT")

    page.locator("#movers button", has_text="BBB").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#chart-title")).to_have_text("BBB/USDT")


def test_an_alert_is_one_row_and_one_toast_that_covers_no_panel(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    raised = alert("BREAKER_SLIPPAGE", "CRITICAL", symbol="AAAUSDT", observed="0.014", limit="0.01")

    marked_site.say("alerts", raised)

    toast = page.locator("[data-toast=BREAKER_SLIPPAGE]")
    expect(toast).to_have_count(1)
    expect(page.locator(f"[data-alert='{raised['alert_id']}']")).to_have_count(1)
    box, panels = toast.bounding_box(), page.locator(".panels").bounding_box()
    assert box and panels and box["y"] + box["height"] <= panels["y"]


def test_a_halt_and_its_close_out_are_told_above_all_numbers(open_page: Any, marked_site: Site) -> None:
    page = open_page()

    with trading_state(marked_site, "HALTED", "a test halts", closing=True):
        expect(page.locator("[data-banner='Trading is halted.']")).to_contain_text("a test halts")
        selling = page.locator("[data-banner='Every position is being sold.']")
        expect(selling).to_contain_text("After the daily loss (risk)")


def test_a_lost_day_says_what_it_is_and_what_leads_on(open_page: Any, marked_site: Site) -> None:
    page = open_page()

    with trading_state(marked_site, "HALTED", "loss", closing=True, owner="LOSS"):
        banner = page.locator("[data-banner='Trading is halted.']")
        expect(banner).to_contain_text("The strategy lost in this market.")
        expect(banner).to_contain_text(re.compile(r"At 00:00 UTC, in \d+ (h|min|s) of market time"))
        assert [text.split(" --")[0] for text in banner.locator("code").all_inner_texts()] == [
            "manage.py resume_trading", "manage.py reset_account",
        ]  # fmt: skip
        assert axe_violations(page) == []


def test_everybody_who_holds_trading_is_named(open_page: Any, marked_site: Site) -> None:
    page = open_page()

    with (
        trading_state(marked_site, "REDUCING", "a silence", owner="BREAKERS"),
        trading_state(marked_site, "HALTED", "a test halts"),
    ):
        banner = page.locator("[data-banner='Trading is halted.']")
        expect(banner.locator("[data-holder=OPERATOR]")).to_contain_text("a test halts")
        expect(banner.locator("[data-holder=BREAKERS]")).to_contain_text("REDUCING: a silence")


def test_the_bar_names_open_breakers_and_both_drawdowns_as_enforced(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    account, symbol = {"id": 3, "kind": "DRAWDOWN", "symbol": ""}, {"id": 4, "kind": "SPREAD", "symbol": "AAAUSDT"}

    marked_site.say("portfolio", portfolio(drawdown="0.031", drawdown_24h="0.062", breakers=[account, symbol]))

    tile = page.locator("[data-tile=trading]")
    expect(tile.locator("[data-breakers='2']")).to_have_text("2 breakers: DRAWDOWN, SPREAD")
    expect(tile.locator("[data-breakers]")).to_have_attribute("title", "Open: DRAWDOWN, SPREAD AAA")
    expect(page.locator("[data-tile=drawdown]")).to_contain_text("of 5 %, enforced")
    expect(page.locator("[data-number=drawdown]")).to_have_text("3.1 %")
    expect(page.locator("[data-number=drawdown-24h]")).to_have_text("24 h 6.2 % of 5 %")
    assert axe_violations(page) == []
    marked_site.say("portfolio", portfolio(breakers=[symbol]))
    expect(tile.locator("[data-breakers]")).to_have_text("SPREAD AAA")


def test_every_layer_of_a_decision_is_shown_in_its_own_unit(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    judged = [
        ("FRACTION", "0.012", "0.05"), ("BPS", "212.34", "100"), ("FRACTION", "0.4903", "0.5"),
        ("ORDERS", "301", "300"), ("SECONDS", "432.123", "0"),
    ]  # fmt: skip

    marked_site.say("decisions", decision([layer(number, *item) for number, item in enumerate(judged, 1)]))

    detail = page.locator("#detail")
    expect(detail).to_contain_text("432.1 s of its pause")
    shown = [row.locator(".note span").last.inner_text() for row in detail.locator("[data-layer]").all()]
    assert shown == [
        "1.20 % / limit 5.00 %", "212.3 bps / limit 100.0 bps", "49.03 % / limit 50.00 %",
        "301 orders / limit 300 orders", "432.1 s / limit 0 s",
    ]  # fmt: skip
    expect(detail.locator("[data-layer='2']")).to_contain_text("Abnormal market")


def test_an_acknowledged_alert_says_who_has_seen_it_and_what_to_do(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    raised = alert("BREAKER_SPREAD", "WARNING", symbol="AAAUSDT", observed="212.3", limit="100") | {"state": "RAISED"}
    row = page.locator(f"[data-alert='{raised['alert_id']}']")

    marked_site.say("alerts", raised)
    expect(row).to_contain_text("AAAUSDT: the spread is 212.3 bps wide")
    expect(row).to_contain_text("releases itself when the spread is narrow again")
    marked_site.say("alerts", raised | {"state": "ACKNOWLEDGED", "version": 2, "acknowledged_by": "anna"})

    expect(row).to_contain_text("open, seen by anna")
    expect(page.locator("[data-toast=BREAKER_SPREAD]")).to_have_count(0)
    expect(page.locator("[data-tile=alerts]")).to_contain_text("1 seen")
    marked_site.say("alerts", raised | {"state": "CLOSED", "version": 3, "acknowledged_by": "anna"})
    expect(row).to_contain_text("seen by anna")
    expect(page.locator("[data-tile=alerts]")).to_contain_text("none open")


STORE = """
import sys
import django; django.setup()
from cdb_site.clock import SYSTEM
from execution.models import TradingStateChange
from risk.models import CloseOut
state, reason, owner, closing = sys.argv[1:]
def store(state, reason):
    TradingStateChange.objects.create(account_id="paper", owner=owner, state=state, reason=reason, changed_by="tests")
store(state, reason)
if closing:
    CloseOut.objects.create(
        account="paper", cause="DAILY_LOSS", asked_by="risk", reason="loss", occurred_at=SYSTEM.wall_now()
    )
print("stored", flush=True)
sys.stdin.read()
store("ACTIVE", "the test is over")
CloseOut.objects.update(flat_at=SYSTEM.wall_now())
"""


@contextmanager
def trading_state(
    site: Site, state: str, reason: str, *, closing: bool = False, owner: str = "OPERATOR"
) -> Iterator[None]:
    """The stored trading state while a test looks, ACTIVE again afterwards; `closing` with a close-out under way."""
    env = {**site.env, "DJANGO_SETTINGS_MODULE": "cdb_site.settings"}
    command = [sys.executable, "-c", STORE, state, reason, owner, "closing" if closing else ""]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as store:
        assert store.stdout is not None
        assert store.stdout.readline() == "stored\n"
        try:
            yield
        finally:
            store.communicate()
    assert store.returncode == 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_no_accessibility_violation(open_page: Any, scheme: str, width: int, height: int) -> None:
    page = open_page(width=width, height=height, scheme=scheme)

    assert axe_violations(page) == []


def test_a_phone_shows_one_column_without_sideways_scroll(open_page: Any) -> None:
    page = open_page(width=390, height=844)

    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_login_page_is_clean_and_refuses_a_wrong_password(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    watcher = Strict(page, site.url)
    page.goto(f"{site.url}/")

    page.fill("#id_username", "viewer")
    page.fill("#id_password", "wrong")
    page.click("button[type=submit]")

    expect(page.locator("#login-error")).to_be_visible()
    assert axe_violations(page) == []
    assert watcher.faults == []
    context.close()


def test_logging_out_leads_to_the_login_page(open_page: Any) -> None:
    page = open_page()
    # Its session ends for good: not the one that the other pages share.
    page.context.clear_cookies()
    page.reload()
    log_in(page)

    page.get_by_role("button", name="Log out").click()

    page.wait_for_url("**/login/")
    expect(page.locator("#id_password")).to_be_visible()


def test_a_silent_server_is_noticed_although_the_browsers_clock_was_set_back(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    page.evaluate("() => { const real = Date.now; Date.now = () => real() - 3_600_000; }")

    with marked_site.frozen():
        page.wait_for_selector("html[data-conn=stale]", timeout=PATIENCE_MS)
        expect(page.locator("[data-banner='Numbers are stale.']")).to_contain_text("The connection is lost")


def test_ages_go_on_although_the_browsers_clock_was_set_back(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    marked_site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", "100")]})
    page.evaluate("() => { const real = Date.now; Date.now = () => real() - 3_600_000; }")

    with marked_site.frozen():
        expect(page.locator("[data-tile=feed]")).to_contain_text(re.compile(r"([4-9]|\d\d)\.\d s"))

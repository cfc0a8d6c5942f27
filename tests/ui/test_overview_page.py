"""The overview page in a real browser against the real server."""

from __future__ import annotations

import re
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
from tests.ui.conftest import log_in
from tests.ui.kept_pages import Strict
from tests.ui.looks import tried
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

    equity, cash, held = (values(page, f"[data-number={name}]")[0] for name in ("equity", "cash", "held"))
    exposure = values(page, "[data-number=exposure]")[0]
    positions = sum(values(page, "[data-position] [data-value]"))

    # 8,500 + 1,500 held is 10,000; 1,000 + 500 of it is 15 %.
    assert cash + held == equity
    assert positions == held == Decimal(1500)
    assert positions / equity == exposure == Decimal("0.15")
    expect(page.locator("#equity-chart")).to_have_attribute("data-last", "10000")
    expect(page.locator("[data-number=equity]")).to_have_text("10,000.00")
    expect(page.locator("[data-total=value]")).to_have_text("1,500.00")


def test_a_new_mark_changes_bar_table_and_chart_together(open_page: Any, marked_site: Site) -> None:
    page = open_page()

    marked_site.say("portfolio", portfolio(equity="10100", day_pnl="100", cash="8600", exposure="0.14851485"))

    expect(page.locator("[data-number=equity]")).to_have_text("10,100.00")
    expect(page.locator("#equity-chart")).to_have_attribute("data-last", "10100")
    expect(page.locator("[data-cell=day]")).to_contain_text("+100.00")
    expect(page).to_have_title(re.compile(r"10,100 · Overview$"))


def test_the_momentum_table_goes_by_rank_and_says_how_far_a_buy_is(open_page: Any) -> None:
    page = open_page()

    expect(page.locator("#momentum-title")).to_have_text("Momentum, 15 min")
    assert page.locator("#momentum tbody tr").evaluate_all("all => all.map((one) => one.dataset.symbol)") == [
        "AAAUSDT", "BBBUSDT",
    ]  # fmt: skip
    expect(page.locator("[data-momentum=AAAUSDT]")).to_have_text("+0.82")
    expect(page.locator("#momentum-foot")).to_contain_text("buys above +1 %, sells below 0 %")
    expect(page.locator("#momentum .held")).to_have_count(2)


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
    expect(row).to_contain_text("Sent")
    marked_site.say("order_results", order(order_id, status="FILLED", version=3, filled="4"))
    expect(row).to_contain_text("Filled")
    marked_site.say("order_results", order(order_id, status="SUBMITTED", version=2))
    marked_site.say("portfolio", portfolio(equity="10007"))

    expect(page.locator("[data-number=equity]")).to_have_text("10,007.00")
    expect(row).to_contain_text("Filled")


def test_an_order_of_today_leads_to_its_why_and_says_what_it_cost_against_its_decision(
    open_page: Any, marked_site: Site
) -> None:
    page = open_page()
    bought = order(str(uuid.uuid4()), status="FILLED", version=3, filled="4") | {"decision_price": "49.995"}

    marked_site.say("order_results", bought)

    row = page.locator(f"[data-order='{bought['order_id']}']")
    # 50 for 49.995 is 1.0 of 10,000 dearer.
    expect(row).to_contain_text("+1.0 bps")
    expect(row.get_by_role("link", name="Why: Buy BBB")).to_have_attribute("href", f"/why/{bought['order_id']}/")


def test_the_keyboard_changes_the_chart(open_page: Any) -> None:
    page = open_page()
    expect(page.locator("#chart-title")).to_have_text("AAA/USDT")

    page.locator("#momentum button", has_text="BBB").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#chart-title")).to_have_text("BBB/USDT")


def test_an_alert_is_one_row_and_one_toast_that_covers_no_panel(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    raised = alert("BREAKER_SLIPPAGE", "CRITICAL", symbol="AAAUSDT", observed="0.014", limit="0.01")

    marked_site.say("alerts", raised)

    toast = page.locator("[data-toast=BREAKER_SLIPPAGE]")
    expect(toast).to_have_count(1)
    expect(page.locator(f"[data-alert='{raised['alert_id']}']")).to_have_count(1)
    box, panels = toast.bounding_box(), page.locator("main").bounding_box()
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


def test_a_decision_stands_in_the_feed_with_its_reason_and_its_layers(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    denied = decision([layer(number, "SECONDS", "432.123", "0") for number in range(1, 6)])

    marked_site.say("decisions", denied)

    row = page.locator(f"[data-feed='{denied['decision_id']}']")
    expect(row).to_contain_text("Denied")
    expect(row).to_contain_text("5 · ")
    expect(row).to_contain_text("432.1 s of its pause")
    marks = "Layers 1 to 5: pass, pass, pass, pass, deny"
    expect(row.locator(".lm")).to_have_attribute("aria-label", marks)
    expect(row).to_have_attribute("href", f"/why/{denied['decision_id']}/")


def test_sells_of_nothing_held_are_folded_into_one_row(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    empty = [decision([layer(1, "FRACTION", "0", "1")]) for _ in range(3)]

    for row in empty:
        marked_site.say("decisions", row | {"side": "SELL", "reason_code": "POSITION_NONE", "layers": [], "params": {}})

    folded = page.locator("#decisions .feedrow", has_text="nothing held")
    expect(folded).to_have_count(1)
    expect(folded).to_contain_text(re.compile(r"nothing held · \d+ more like it"))


def test_the_decision_that_is_pointed_at_is_not_replaced_by_a_newer_one(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    first, second = (decision([layer(number, "BPS", "200", "100") for number in (1, 2)]) for _ in range(2))
    marked_site.say("decisions", first)
    rows = page.locator("#decisions .feedrow")
    expect(rows.first).to_have_attribute("data-feed", first["decision_id"])

    rows.first.hover()
    marked_site.say("decisions", second)

    expect(page.locator("#decisions-news [data-waiting='1']")).to_have_text("1 new")
    expect(rows.first).to_have_attribute("data-feed", first["decision_id"])
    page.mouse.move(0, 0)
    expect(rows.first).to_have_attribute("data-feed", second["decision_id"])


def test_an_interval_is_folded_by_the_server_and_remembered(open_page: Any) -> None:
    page = open_page()
    chart = page.locator("#candle-chart")
    expect(chart).to_have_attribute("data-interval", "1m")

    page.get_by_role("button", name="5m", exact=True).click()

    # 60 candles of a minute are 12 or, when they do not begin with a window, 13 of five.
    expect(chart).to_have_attribute("data-interval", "5m")
    expect(chart).to_have_attribute("data-bars", re.compile("^1[23]$"))
    page.reload()
    expect(chart).to_have_attribute("data-interval", "5m")


def test_the_pills_of_levels_do_not_overlap_however_near_the_levels_are(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    held = portfolio()
    held["positions"][0] |= {"avg_entry_price": "100.31", "stop_price": "100.3"}
    marked_site.say("portfolio", held)
    pills = page.locator("#candle-chart .pill")
    expect(pills).to_have_count(3)
    expect(page.locator("#candle-chart .pill.stop")).to_have_text("stop 100.30")

    page.wait_for_timeout(500)
    boxes = sorted((pill.bounding_box() for pill in pills.all()), key=lambda box: box["y"])

    for upper, lower in zip(boxes, boxes[1:], strict=False):
        assert upper["y"] + upper["height"] <= lower["y"]


def test_hostile_words_are_shown_as_words(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    words = '<b>bold</b> "quoted" ' + "x" * 5000
    raised = alert("SERVICE_DOWN", "CRITICAL", service=words, age_s=9) | {"state": "RAISED"}

    marked_site.say("alerts", raised)

    row = page.locator(f"[data-alert='{raised['alert_id']}']")
    expect(row).to_contain_text("<b>bold</b>")
    assert page.evaluate("document.documentElement.scrollWidth") == 1440
    assert row.bounding_box()["height"] < 120
    marked_site.say("alerts", raised | {"state": "CLOSED", "version": 2})
    expect(page.locator("[data-cell=alerts]")).to_contain_text("none open")


def test_an_acknowledged_alert_says_who_has_seen_it_and_what_to_do(open_page: Any, marked_site: Site) -> None:
    page = open_page()
    raised = alert("BREAKER_SPREAD", "WARNING", symbol="AAAUSDT", observed="212.3", limit="100") | {"state": "RAISED"}
    row = page.locator(f"[data-alert='{raised['alert_id']}']")

    marked_site.say("alerts", raised)
    expect(row).to_contain_text("AAAUSDT: the spread is 212.3 bps wide")
    expect(row).to_have_attribute("title", re.compile("releases itself when the spread is narrow again"))
    marked_site.say("alerts", raised | {"state": "ACKNOWLEDGED", "version": 2, "acknowledged_by": "anna"})

    expect(row).to_contain_text("open · seen by anna")
    expect(page.locator("[data-toast=BREAKER_SPREAD]")).to_have_count(0)
    expect(page.locator("[data-cell=alerts]")).to_contain_text("seen by anna")
    marked_site.say("alerts", raised | {"state": "CLOSED", "version": 3, "acknowledged_by": "anna"})
    expect(row).to_contain_text("seen by anna")
    expect(page.locator("[data-cell=alerts]")).to_contain_text("none open")


STORE = """
from cdb_site.clock import SYSTEM
from execution.models import TradingStateChange
from risk.models import CloseOut
state, reason, owner, closing = words
TradingStateChange.objects.create(account_id="paper", owner=owner, state=state, reason=reason, changed_by="tests")
if closing:
    CloseOut.objects.create(
        account="paper", cause="DAILY_LOSS", asked_by="risk", reason="loss", occurred_at=SYSTEM.wall_now()
    )
"""
OVER = """
from cdb_site.clock import SYSTEM
from execution.models import TradingStateChange
from risk.models import CloseOut
owner, = words
TradingStateChange.objects.create(account_id="paper", owner=owner, state="ACTIVE", reason="over", changed_by="tests")
CloseOut.objects.update(flat_at=SYSTEM.wall_now())
"""


@contextmanager
def trading_state(
    site: Site, state: str, reason: str, *, closing: bool = False, owner: str = "OPERATOR"
) -> Iterator[None]:
    """The stored trading state while a test looks, ACTIVE again afterwards; `closing` with a close-out under way."""
    site.hand.run(STORE, state, reason, owner, "closing" if closing else "")
    try:
        yield
    finally:
        site.hand.run(OVER, owner)


@pytest.mark.parametrize(("width", "scheme"), tried([(390, "dark"), (390, "light"), (1440, "dark"), (1440, "light")]))
def test_no_accessibility_violation(open_page: Any, width: int, scheme: str) -> None:
    page = open_page(width=width, scheme=scheme)

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

    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="Log out").click()

    page.wait_for_url("**/login/")
    expect(page.locator("#id_password")).to_be_visible()

"""The screens of a system that has not begun: nothing invented, and closed rather than open."""

from __future__ import annotations

import pytest

from cdb_site.clock import SYSTEM
from dashboard import snapshot
from dashboard.live import facts
from execution.models import TradingStateChange
from risk.models import CloseOut
from tests.builders import PAPER, open_paper_account, set_limits

pytestmark = pytest.mark.django_db


def test_an_empty_database_gives_an_empty_snapshot() -> None:
    assert snapshot.read() == {
        "orders": [],
        "decisions": [],
        "signals": [],
        "alerts": [],
        "sparks": {},
        "equity": [],
    }


def test_without_a_stored_trading_state_the_page_says_halted() -> None:
    assert facts.books()["trading_state"] == "HALTED"


def test_before_the_first_audit_the_books_are_not_called_clean() -> None:
    books = facts.books()

    assert (books["audited_at"], books["violations"]) == (None, None)


def test_a_close_out_is_shown_until_flat_and_one_given_up_until_trading_goes_on() -> None:
    now = SYSTEM.wall_now()
    open_paper_account()
    assert facts.books()["close_out"] is None
    row = CloseOut.objects.create(account=PAPER, cause="OPERATOR", asked_by="anna", reason="r", occurred_at=now)

    shown = facts.books()["close_out"]
    assert (shown["cause"], shown["asked_by"], shown["given_up"]) == ("OPERATOR", "anna", False)
    row.given_up_at = now
    row.save()
    assert facts.books()["close_out"] is None, "trading is ACTIVE"
    TradingStateChange.objects.create(account_id=PAPER, state="HALTED", reason="r", changed_by="anna")
    assert facts.books()["close_out"]["given_up"]
    row.given_up_at, row.flat_at = None, now
    row.save()
    assert facts.books()["close_out"] is None


def test_the_limits_shown_are_those_in_force_and_not_the_seed() -> None:
    set_limits(max_daily_drawdown_pct="0.03", max_drawdown_pct="0.04", max_data_silence_s="7")

    limits = facts.limits()

    assert (limits["max_daily_drawdown"], limits["max_drawdown"], limits["feed_silence_s"]) == ("0.03", "0.04", 7.0)


def test_before_the_first_ranking_nobody_is_near_or_out() -> None:
    assert facts.outlook() == {"ranked_at": None, "nearest": [], "out": [], "paused": {}}


def test_before_the_first_limit_version_the_seed_is_shown_without_a_version() -> None:
    limits = facts.limits()

    assert limits["version"] is None
    assert (limits["max_exposure"], limits["threshold"]) == ("0.5", "0.01")

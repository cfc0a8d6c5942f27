"""The screens of a system that has not begun: nothing invented, and closed rather than open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
    assert facts.outlook([]) == {"ranked_at": None, "nearest": [], "out": [], "paused": {}}
    assert facts.read()["ranks"] == {"ranked_at": None, "rows": []}


def test_before_the_first_limit_version_the_seed_is_shown_without_a_version() -> None:
    limits = facts.limits()

    assert limits["version"] is None
    assert (limits["max_exposure"], limits["threshold"]) == ("0.5", "0.01")


def halted(reason: str, owner: str) -> dict[str, Any]:
    """What the page is told of a halt."""
    open_paper_account()
    TradingStateChange.objects.create(account_id=PAPER, owner=owner, state="HALTED", reason=reason, changed_by="x")
    told: dict[str, Any] = facts.books()["halt"]
    return told


def test_a_halt_after_the_daily_loss_says_when_the_day_ends_and_which_commands_lead_on(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, DATA_DIR=Path("/var/lib/cdb"))
    lost_at = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    reason = "daily loss 5.01% of 5.00%"
    CloseOut.objects.create(account=PAPER, cause="DAILY_LOSS", asked_by="risk", reason=reason, occurred_at=lost_at)

    told = halted(reason, "LOSS")

    assert told["cause"] == "DAILY_LOSS"
    assert told["day_ends_s"] == datetime(2026, 3, 5, tzinfo=UTC).timestamp()
    assert told["resume"].startswith("manage.py resume_trading --reason")
    assert told["reset"].startswith("manage.py reset_account --reason")


def test_on_this_machine_the_commands_are_those_that_make_takes(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, DATA_DIR=Path("/x/.cdb/demo-seed3"))

    told = halted("looks wrong", "OPERATOR")

    assert told["cause"] == "OPERATOR"
    assert told["resume"] == "make exec PROFILE=demo-seed3 CMD=\"python manage.py resume_trading --reason '…'\""


def test_a_halt_by_the_audit_leads_to_the_audit() -> None:
    assert halted("the audit found 1 violations", "AUDIT")["cause"] == "AUDIT"


def test_trading_that_goes_on_is_no_halt() -> None:
    open_paper_account()

    assert facts.books()["halt"] is None

"""The screens of a system that has not begun: nothing invented, and closed rather than open."""

from __future__ import annotations

import pytest

from dashboard import snapshot
from dashboard.live import facts

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


def test_before_the_first_ranking_nobody_is_near_or_out() -> None:
    assert facts.outlook() == {"ranked_at": None, "nearest": [], "out": [], "paused": {}}


def test_before_the_first_limit_version_the_seed_is_shown_without_a_version() -> None:
    limits = facts.limits()

    assert limits["version"] is None
    assert (limits["max_exposure"], limits["threshold"]) == ("0.5", "0.01")

"""A limit in force: the newest version, read again every second, and what stands while nothing can be read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from cdb_site.clock import Clock
from cdb_site.limit_table import BY_NAME
from cdb_site.limits_in_force import LIFETIME_S, LimitInForce
from risk.models import LimitVersion
from tests.builders import LIMITS, make_board, make_quote, set_limits

pytestmark = pytest.mark.django_db


class Ticking(Clock):
    """A clock that the test moves."""

    at_s = 0.0

    def monotonic_s(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def price_age(clock: Ticking) -> LimitInForce:
    return LimitInForce("max_price_age_s", clock)


def test_before_the_first_version_the_default_stands(price_age: LimitInForce) -> None:
    assert price_age() == float(BY_NAME["max_price_age_s"].default)


def test_a_new_version_is_in_force_within_a_second(price_age: LimitInForce, clock: Ticking) -> None:
    set_limits(max_price_age_s="7")
    before = price_age()

    set_limits(max_price_age_s="3")
    clock.at_s += LIFETIME_S + 0.01

    assert (before, price_age()) == (7.0, 3.0)


def test_another_accounts_limits_do_not_count(price_age: LimitInForce) -> None:
    set_limits(max_price_age_s="7")
    LimitVersion.objects.create(**LIMITS | {"max_price_age_s": 3}, account="other", changed_by="x", reason="x")

    assert price_age() == 7.0


def test_while_the_database_is_away_the_last_value_stands(
    price_age: LimitInForce, clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise OperationalError("the server closed the connection")

    set_limits(max_price_age_s="7")
    assert price_age() == 7.0
    monkeypatch.setattr("cdb_site.limits_in_force.db.select", away)
    clock.at_s += LIFETIME_S + 0.01

    assert price_age() == 7.0


def test_a_quote_is_too_old_to_trade_on_as_soon_as_the_limit_says_so(price_age: LimitInForce, clock: Ticking) -> None:
    set_limits(max_price_age_s="60")
    board = make_board(make_quote(age_s=30))
    board.max_age_s = price_age
    before = board.fresh_book("AAAUSDT")

    set_limits(max_price_age_s="10")
    clock.at_s += LIFETIME_S + 0.01

    assert before is not None
    assert board.fresh_book("AAAUSDT") is None

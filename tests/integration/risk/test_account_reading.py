"""One statement answers how the account stands, also where there is nothing to tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdb_site.clock import Clock
from risk.account_reading import Reading, reading
from tests.builders import PAPER, make_desk, make_marks, open_paper_account, plant_instrument, set_limits, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
NOW = Clock().market_now()


def looked() -> Reading:
    return reading(PAPER, make_marks(), NOW)


def test_of_an_account_that_has_done_nothing_everything_is_empty() -> None:
    open_paper_account()

    seen = looked()

    nothing = [seen.portfolio.holdings, seen.portfolio.reserved, seen.known, seen.last_sells, seen.last_stops]
    assert [dict(part) for part in nothing] == [{}, {}, {}, {}, {}]
    assert (seen.trading_state, seen.breakers, seen.orders_last_minute) == ("ACTIVE", (), 0)
    assert (seen.paused, seen.not_buyable, seen.passage) == (frozenset(), frozenset(), None)


def test_positions_come_by_symbol_and_not_in_the_order_of_their_buying(tmp_path: Path) -> None:
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    for symbol in ("CUSDT", "AUSDT", "BUSDT"):
        plant_instrument(symbol=symbol)
        trade(desk, "buy 1 @ 100", symbol=symbol)

    assert list(looked().portfolio.holdings) == ["AUSDT", "BUSDT", "CUSDT"]


def test_limits_that_were_changed_are_in_force_from_the_next_reading() -> None:
    open_paper_account()
    before = looked().limits.stop_loss_pct
    changed = set_limits(stop_loss_pct="0.07")

    after = looked().limits
    assert (before != changed.stop_loss_pct, after.stop_loss_pct, after.version) == (
        True,
        changed.stop_loss_pct,
        changed.version,
    )


def test_an_account_without_limits_is_refused() -> None:
    open_paper_account(limits=False)

    with pytest.raises(LookupError, match="seed_limits"):
        looked()

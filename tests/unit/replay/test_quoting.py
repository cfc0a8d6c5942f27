"""Books beside a candle's prices, on the tick, and at which low a stop is touched: exact, on coarse ticks too."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.rules.accounting import ceil_to_step, floor_to_step
from proofs.slow_replay.markets import make_rules
from replay.rules.quoting import Quoting
from risk.rules.exiting import is_dust
from signals_app.rules.momentum import INT64_MAX

PRICES = st.integers(1, 10**9)
TICKS = st.sampled_from(["0.0001", "0.0005", "0.01", "0.00001", "3"])
SPREADS = st.decimals(0, 500, places=2)


def quoting(*, tick: str = "0.01", step: str = "0.001", least: str = "1", spread: str = "10") -> Quoting:
    """Prices are in units of 10^-4."""
    return Quoting(make_rules(tick=tick, step=step, least=least), 4, Decimal(spread))


def test_bid_and_ask_lie_half_a_spread_beside_the_price_on_the_tick() -> None:
    # 100.00 with 10 bps: 5 bps each side is 0.05, so 99.95 and 100.05. 100.01: 99.959995 down, 100.060005 up.
    assert (quoting().bid(1_000_000), quoting().ask(1_000_000)) == (Decimal("99.95"), Decimal("100.05"))
    assert (quoting().bid(1_000_100), quoting().ask(1_000_100)) == (Decimal("99.95"), Decimal("100.07"))


def test_a_bid_is_never_below_one_tick() -> None:
    assert quoting(tick="0.01").bid(1) == Decimal("0.01")


@given(PRICES, TICKS, SPREADS)
def test_books_are_those_of_decimal_arithmetic(units: int, tick: str, spread: Decimal) -> None:
    quoted, price, half = quoting(tick=tick, spread=str(spread)), Decimal(units).scaleb(-4), spread / 20_000

    assert quoted.bid(units) == max(floor_to_step(price * (1 - half), Decimal(tick)), Decimal(tick))
    assert quoted.ask(units) == ceil_to_step(price * (1 + half), Decimal(tick))
    assert quoted.widest_bps(units) >= (quoted.ask(units) - quoted.bid(units)) / quoted.ask(units) * 10_000


@given(PRICES, TICKS, SPREADS)
def test_a_stop_is_touched_up_to_the_highest_price_whose_bid_is_at_it(units: int, tick: str, spread: Decimal) -> None:
    quoted, stop = quoting(tick=tick, spread=str(spread)), Decimal(units).scaleb(-4)
    highest = quoted.touched_at(stop)

    assert quoted.bid(highest + 1) > stop
    assert not highest or quoted.bid(highest) <= stop


def test_a_stop_is_sold_at_itself_or_where_the_candle_opened_below() -> None:
    # A stop of 98.004 is 98.00 on the tick; an open of 97 is quoted 5 bps lower, 96.9515, so 96.95.
    assert quoting().stop_book(1_000_000, Decimal("98.004"), None).bid == Decimal("98.00")
    assert quoting().stop_book(970_000, Decimal("98.004"), None).bid == Decimal("96.95")


@given(PRICES, st.integers(1, 10**6), st.sampled_from(["1", "5", "900"]), SPREADS)
def test_the_lowest_open_at_which_a_stop_is_sold_is_the_first_that_is_no_dust(
    units: int, milli: int, least: str, spread: Decimal
) -> None:
    quoted, stop = quoting(least=least, spread=str(spread)), Decimal(units + 100).scaleb(-4)
    quantity = Decimal(milli) / 1000
    lowest = quoted.least_to_sell(quantity, stop)

    if lowest < INT64_MAX:
        assert not is_dust(quantity, quoted.rules, quoted.stop_book(max(lowest, 1), stop, None).bid)
    if lowest > 1:
        below = min(lowest, 10**12) - 1
        assert is_dust(quantity, quoted.rules, quoted.stop_book(below, stop, None).bid)


@pytest.mark.parametrize("quantity", ["0.0004", "0"])
def test_less_than_a_step_is_dust_at_every_price(quantity: str) -> None:
    assert quoting().least_to_sell(Decimal(quantity), Decimal(100)) == INT64_MAX

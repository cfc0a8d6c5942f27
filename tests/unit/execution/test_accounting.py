"""The arithmetic of the books, each formula worked by hand once, and what no sequence of fills may break."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.rules.accounting import Holding, Oversold, begun, book, ceil_to_step, fee_of, floor_to_step, notional
from tests.builders import fills

FEE = Decimal("0.001")
NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
quantities = st.decimals(min_value="0.000001", max_value="100000", places=6)
prices = st.decimals(min_value="0.00000001", max_value="100000", places=8)


def booked(text: str) -> Holding:
    return after(Holding(symbol="AAAUSDT"), text)


def after(holding: Holding, text: str) -> Holding:
    for side, quantity, price in fills(text):
        holding = book(holding, side=side, price=price, quantity=quantity, fee=Decimal(0)).holding
    return holding


def test_notional_is_price_times_quantity_to_twelve_decimals() -> None:
    # 0.000001 × 0.0000015 = 1.5e-12, a tie between 1e-12 and 2e-12: half even gives 2e-12
    tie = notional(Decimal("0.000001"), Decimal("0.0000015"))

    assert tie == Decimal("0.000000000002")
    assert notional(Decimal("100.25"), Decimal("1.5")) == Decimal("150.375")


def test_a_fee_is_a_fraction_of_the_notional() -> None:
    # 0.05 % of 1,234.56 = 0.61728
    assert fee_of(Decimal("1234.56"), Decimal("0.0005")) == Decimal("0.61728")


def test_buying_twice_averages_the_entry_by_quantity() -> None:
    # (2 × 100 + 1 × 130) / 3 = 110
    holding = booked("buy 2 @ 100; buy 1 @ 130")

    assert holding == Holding(symbol="AAAUSDT", quantity=Decimal(3), avg_entry_price=Decimal(110))


def test_selling_realises_the_difference_to_the_average_entry() -> None:
    # entry 100, sold 1 at 110: profit 10; one is left at 100
    holding = booked("buy 2 @ 100; sell 1 @ 110")

    assert holding == Holding(
        symbol="AAAUSDT", quantity=Decimal(1), avg_entry_price=Decimal(100), realized_pnl=Decimal(10)
    )


def test_selling_at_a_loss_realises_a_loss() -> None:
    # (90 − 100) × 2 = −20
    assert booked("buy 2 @ 100; sell 2 @ 90").realized_pnl == Decimal(-20)


def test_a_flat_position_has_no_entry_price() -> None:
    assert booked("buy 2 @ 100; sell 1 @ 110; sell 1 @ 95").avg_entry_price == 0


def test_a_new_episode_starts_with_its_own_entry_price() -> None:
    assert booked("buy 1 @ 100; sell 1 @ 110; buy 1 @ 50").avg_entry_price == Decimal(50)


def test_an_episode_lasts_from_the_first_fill_to_flat_and_names_its_opening() -> None:
    first, second = UUID(int=1), UUID(int=2)
    flat = Holding(symbol="AAAUSDT")

    opened = after(begun(flat, episode_id=first, opened_at=NOON), "buy 2 @ 100")
    added = after(begun(opened, episode_id=second, opened_at=NOON + timedelta(hours=1)), "buy 1 @ 110")
    closed = after(added, "sell 3 @ 120")

    assert (opened.episode_id, opened.opened_at) == (first, NOON)
    assert (added.episode_id, added.opened_at) == (first, NOON), "what is held goes on with its own"
    assert (closed.episode_id, closed.opened_at) == (None, None)


def test_an_average_that_never_ends_is_kept_to_eighteen_decimals() -> None:
    # (1 × 100 + 2 × 101) / 3 = 100.666…
    assert booked("buy 1 @ 100; buy 2 @ 101").avg_entry_price == Decimal("100.666666666666666667")


def test_a_buy_costs_notional_and_fee_and_a_sell_brings_notional_less_fee() -> None:
    bought = book(Holding(symbol="AAAUSDT"), side="BUY", price=Decimal(100), quantity=Decimal(2), fee=Decimal("0.2"))
    sold = book(bought.holding, side="SELL", price=Decimal(110), quantity=Decimal(2), fee=Decimal("0.22"))

    assert (bought.trade_amount, bought.fee_amount) == (Decimal(-200), Decimal("-0.2"))
    assert (sold.trade_amount, sold.fee_amount) == (Decimal(220), Decimal("-0.22"))


def test_selling_more_than_is_held_is_refused() -> None:
    with pytest.raises(Oversold, match="sell of 3 against a position of 2"):
        booked("buy 2 @ 100; sell 3 @ 110")


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), quantities, prices), max_size=30))
def test_cash_plus_cost_of_what_is_held_is_profit_whatever_was_traded(trades: list) -> None:
    holding, cash, profit = Holding(symbol="AAAUSDT"), Decimal(0), Decimal(0)
    bought = sold = Decimal(0)

    for side, wanted, price in trades:
        quantity = wanted if side == "BUY" else min(wanted, holding.quantity)
        if not quantity:
            continue
        booking = book(holding, side=side, price=price, quantity=quantity, fee=Decimal(0))
        holding, cash, profit = booking.holding, cash + booking.trade_amount, profit + booking.realized_pnl
        bought, sold = (bought + quantity, sold) if side == "BUY" else (bought, sold + quantity)

    # each buy may round the average by half of 1e-18 per base unit and each amount by half of 1e-12
    allowed = len(trades) * (Decimal("1e-12") + Decimal("1e-18") * (bought + 1))
    assert abs(cash + holding.quantity * holding.avg_entry_price - profit) <= allowed
    assert holding.quantity == bought - sold
    assert holding.realized_pnl == profit


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=20), prices)
def test_selling_all_that_was_bought_leaves_a_flat_position(buys: list, price: Decimal) -> None:
    holding = Holding(symbol="AAAUSDT")
    for quantity, paid in buys:
        holding = book(holding, side="BUY", price=paid, quantity=quantity, fee=Decimal(0)).holding

    flat = book(holding, side="SELL", price=price, quantity=holding.quantity, fee=Decimal(0)).holding

    assert (flat.quantity, flat.avg_entry_price) == (0, 0)


@given(prices, prices, quantities, quantities)
def test_an_average_entry_lies_between_the_prices_paid(low: Decimal, high: Decimal, one: Decimal, two: Decimal) -> None:
    holding = booked(f"buy {one:f} @ {low:f}; buy {two:f} @ {high:f}")

    assert min(low, high) <= holding.avg_entry_price <= max(low, high)


@given(st.decimals(min_value=0, max_value=10**9, places=8), st.sampled_from(["1", "0.001", "0.00000001", "5", "0.25"]))
def test_rounding_to_a_step_stays_on_its_side_and_within_one_step(value: Decimal, text: str) -> None:
    step = Decimal(text)

    floor, ceiling = floor_to_step(value, step), ceil_to_step(value, step)

    assert floor <= value <= ceiling
    assert value - floor < step
    assert ceiling - value < step
    assert floor % step == ceiling % step == 0

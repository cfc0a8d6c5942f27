"""The portfolio a decision sees, and how approvals move it on within a batch."""

from __future__ import annotations

from decimal import Decimal

import pytest

from execution.rules.accounting import Holding
from risk.rules.circuit_breakers import drawdown
from risk.rules.portfolio import Mark, Portfolio, stop_price


def make_portfolio(
    *, cash: str = "1000", held: str = "2", entry: str = "100", mark: str = "110", **reserved: str
) -> Portfolio:
    """A portfolio that holds `held` of AAAUSDT, and what open buys of symbols reserve."""
    holding = Holding(symbol="AAAUSDT", quantity=Decimal(held), avg_entry_price=Decimal(entry))
    return Portfolio(
        cash=Decimal(cash),
        holdings={"AAAUSDT": holding} if holding.quantity else {},
        marks={"AAAUSDT": Mark(price=Decimal(mark), source="BOOK")},
        reserved={symbol: Decimal(amount) for symbol, amount in reserved.items()},
    )


def test_equity_is_cash_plus_positions_at_their_marks() -> None:
    # 1,000 + 2 × 110
    assert make_portfolio().equity == Decimal(1220)


def test_exposure_is_positions_at_mark_plus_what_open_buys_reserve() -> None:
    # 2 × 110 + 50
    portfolio = make_portfolio(BBBUSDT="50")

    assert portfolio.exposure == Decimal(270)
    assert portfolio.equity == Decimal(1220), "a reservation is not spent yet"


def test_free_cash_leaves_the_reservations_and_their_fee_allowance_alone() -> None:
    # 1,000 − 500 × 1.002
    assert make_portfolio(held="0", BBBUSDT="500").free_cash == Decimal(499)


def test_an_instruments_fee_above_the_allowance_is_set_aside_whole() -> None:
    open_buy = {"BBBUSDT": Decimal(500)}
    fees = {"BBBUSDT": Decimal("0.02")}
    portfolio = Portfolio(cash=Decimal(1000), holdings={}, marks={}, reserved=open_buy, taker_fees=fees)

    # 1,000 − 500 × 1.02, then − 100 × 1.02, and of a cheap one − 100 × 1.002
    assert portfolio.free_cash == Decimal(490)
    portfolio.reserve("BBBUSDT", Decimal(100), Decimal("0.02"))
    assert portfolio.free_cash == Decimal(388)
    portfolio.reserve("CCCUSDT", Decimal(100), Decimal("0.0005"))
    assert portfolio.free_cash == Decimal("287.8")


def test_a_symbols_exposure_is_its_position_and_its_own_open_buys() -> None:
    portfolio = make_portfolio(AAAUSDT="30", BBBUSDT="50")

    assert portfolio.symbol_exposure("AAAUSDT") == Decimal(250)
    assert portfolio.symbol_exposure("BBBUSDT") == Decimal(50)
    assert portfolio.symbol_exposure("CCCUSDT") == 0


def test_an_approved_entry_moves_the_portfolio_on() -> None:
    portfolio = make_portfolio(BBBUSDT="50")

    portfolio.reserve("BBBUSDT", Decimal(25), Decimal(0))
    portfolio.reserve("CCCUSDT", Decimal(5), Decimal(0))

    assert (portfolio.exposure, portfolio.symbol_exposure("BBBUSDT")) == (Decimal(300), Decimal(75))
    assert portfolio.reserved_total == sum(portfolio.reserved.values())


def test_an_approved_exit_is_remembered() -> None:
    portfolio = make_portfolio()

    portfolio.start_exit("AAAUSDT", "order-1")

    assert portfolio.exiting == {"AAAUSDT": "order-1"}


def test_unrealized_profit_is_mark_less_entry_times_quantity() -> None:
    assert make_portfolio(held="2", entry="100", mark="95").unrealized_pnl("AAAUSDT") == Decimal(-10)


def test_a_stop_is_the_average_entry_less_the_allowed_loss() -> None:
    # 50 × 0.98
    assert stop_price(Decimal(50), Decimal("0.02")) == Decimal(49)


@pytest.mark.parametrize(("equity", "reference", "expected"), [
    ("950", "1000", "0.05"), ("1000", "1000", "0"), ("1100", "1000", "0"), ("-1", "0", "0"),
])  # fmt: skip
def test_drawdown_is_the_fraction_lost_and_never_negative(equity: str, reference: str, expected: str) -> None:
    assert drawdown(Decimal(equity), Decimal(reference)) == Decimal(expected)

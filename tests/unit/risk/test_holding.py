"""Holding the watched symbols in equal parts, by an example worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from risk.rules.holding import equal_weights

START = datetime(2026, 3, 4, tzinfo=UTC)
LATER = START + timedelta(hours=1)


def prices(**closes: str) -> dict[str, Decimal]:
    return {symbol: Decimal(close) for symbol, close in closes.items()}


def test_two_symbols_count_alike_whatever_they_cost() -> None:
    # A rises by 10 %, B falls by 50 %: (1.1 + 0.5) ÷ 2.
    path = equal_weights(prices(A="100", B="2"), [(START, prices(A="100", B="2")), (LATER, prices(A="110", B="1"))])

    assert path == [(START, Decimal(1)), (LATER, Decimal("0.8"))]


def test_a_symbol_without_a_newer_price_counts_at_its_last() -> None:
    closes = [(START, prices(A="110", B="3")), (LATER, prices(A="120"))]

    assert equal_weights(prices(A="100", B="2"), closes)[1] == (LATER, Decimal("1.35"))  # (1.2 + 1.5) ÷ 2


def test_a_symbol_that_had_no_price_at_the_start_is_left_out() -> None:
    assert equal_weights(prices(A="100"), [(LATER, prices(A="101", NEW="7"))]) == [(LATER, Decimal("1.01"))]


def test_without_a_symbol_the_benchmark_is_unknown() -> None:
    assert equal_weights({}, [(START, prices(A="1"))]) == []

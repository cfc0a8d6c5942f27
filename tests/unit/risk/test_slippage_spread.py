"""The distribution of slippage, by an example worked by hand."""

from __future__ import annotations

from decimal import Decimal

from risk.rules.slippage_spread import SlippageSpread, nearest_rank, spread_of


def test_ten_orders() -> None:
    # In order: −2 −2 0 1 4 4 4 7 30 200. The 5th is the median, the ⌈9.5⌉ = 10th the 95th percentile.
    orders = {Decimal(-2): 2, Decimal(0): 1, Decimal(1): 1, Decimal(4): 3, Decimal(7): 1, Decimal(30): 1}

    spread = spread_of(orders | {Decimal(200): 1})

    assert spread == SlippageSpread(
        orders=10,
        mean_bps=Decimal("24.6"),  # (−4 + 0 + 1 + 12 + 7 + 30 + 200) ÷ 10
        median_bps=Decimal(4),
        p95_bps=Decimal(200),
        worst_bps=Decimal(200),
        counts=(3, 4, 1, 0, 1, 0, 1),  # ≤ 0, ≤ 5, ≤ 10, ≤ 25, ≤ 50, ≤ 100, more
    )


def test_an_order_on_an_edge_counts_below_it() -> None:
    spread = spread_of({Decimal(5): 1, Decimal("5.01"): 1})

    assert spread is not None
    assert spread.counts == (0, 1, 1, 0, 0, 0, 0)


def test_without_an_order_nothing_is_known() -> None:
    assert spread_of({}) is None


def test_quantiles_are_values_that_were_seen() -> None:
    ordered = [(Decimal(1), 19), (Decimal(9), 1)]

    assert nearest_rank(ordered, Decimal("0.95")) == 1
    assert nearest_rank(ordered, Decimal("0.96")) == 9
    assert nearest_rank(ordered, Decimal(0)) == 1

"""Ranks, admission and strength of signals, and the screening of the whole instrument list."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from signals_app.rules import ranking
from signals_app.rules.screening import Candidate, screen
from signals_app.rules.strategy import Strategy


def make_strategy(*, top_n: int = 2, min_volume: str = "1000", **changes: object) -> Strategy:
    fields: dict[str, object] = {
        "interval": "1m",
        "interval_s": 60,
        "lookback_s": 900,
        "threshold": Decimal("0.01"),
        "exit": Decimal(0),
        "min_volume": Decimal(min_volume),
        "top_n": top_n,
        "ttl_s": 90,
        "grace_s": 2.0,
    }
    return Strategy(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_largest_momentum_ranks_first_ties_in_order_and_unknown_not_at_all() -> None:
    values = np.array([0.01, np.nan, 0.03, 0.01, -0.2])

    assert ranking.ranks(values).tolist() == [2, 0, 1, 3, 4]


def test_many_candles_are_ranked_column_by_column() -> None:
    first, second = np.array([0.1, 0.2, np.nan]), np.array([0.3, -0.1, 0.4])

    both = ranking.ranks(np.column_stack([first, second]))

    assert both[:, 0].tolist() == ranking.ranks(first).tolist() == [2, 1, 0]
    assert both[:, 1].tolist() == ranking.ranks(second).tolist() == [2, 3, 1]


def test_a_buy_needs_its_rank_and_its_volume() -> None:
    minimum = Decimal(100)

    assert ranking.refusal(10, Decimal(100), 10, minimum) == ""
    assert ranking.refusal(11, Decimal(100), 10, minimum) == "RANK"
    assert ranking.refusal(10, Decimal("99.99"), 10, minimum) == "VOLUME"


@pytest.mark.parametrize(("momentum", "strength"), [("0.01", "0.5"), ("0.015", "0.75"), ("0.03", "1"), ("-0.1", "0")])
def test_strength_is_full_at_twice_the_threshold(momentum: str, strength: str) -> None:
    # threshold 1 %: 0.015 / (2 x 0.01) = 0.75
    assert ranking.strength(Decimal(momentum), Decimal("0.01")) == Decimal(strength)


def test_a_lookback_that_is_no_whole_number_of_candles_is_refused() -> None:
    with pytest.raises(ValueError, match="LOOKBACK_MINUTES: 7 is not a multiple of INTERVAL=5m"):
        make_strategy(interval="5m", interval_s=300, lookback_s=420)


def test_an_exit_above_the_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="SIGNAL_EXIT_PCT"):
        make_strategy(exit=Decimal("0.02"))


def make_candidate(*, symbol: str, close: str = "100", volume: str = "5000", **changes: object) -> Candidate:
    fields: dict[str, object] = {
        "symbol": symbol,
        "trading": True,
        "close": Decimal(close),
        "base_close": Decimal(100),
        "lookback_volume": Decimal(volume),
        "bid": Decimal("99.95"),
        "ask": Decimal("100.05"),
    }
    return Candidate(**{**fields, **changes})  # type: ignore[arg-type]


def test_every_instrument_gets_its_place_and_why_it_is_out() -> None:
    listed = [
        make_candidate(symbol="A", close="103", trading=False),
        make_candidate(symbol="B", close="102", volume="999"),
        make_candidate(symbol="C", close="101", ask=Decimal(103)),
        make_candidate(symbol="D", close="104"),
        make_candidate(symbol="E", close="99"),
        Candidate(symbol="F", trading=True, volume_24h=Decimal(960_000)),
        make_candidate(symbol="G", close="98", paused=True),
        make_candidate(symbol="H", close="97", ask=Decimal("100.50")),
    ]

    ranked = screen(listed, make_strategy(top_n=2, max_spread_bps=Decimal(50)))

    assert [(item.symbol, item.rank, item.excluded) for item in ranked] == [
        ("D", 1, ""),
        ("A", 2, "STATUS"),
        ("B", 3, "VOLUME"),
        ("C", 4, "SPREAD"),
        ("E", 5, "RANK"),
        ("G", 6, "PAUSED"),
        ("H", 7, "SPREAD"),
        ("F", None, "RANK"),
    ]
    # 960 000 in 24 h is 10 000 in 15 minutes
    assert ranked[-1].quote_volume == Decimal(10_000)
    assert ranked[0].momentum == Decimal("0.04")

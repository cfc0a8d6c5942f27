"""Each layer by itself: what it observes, in which unit, and what it leaves of the request."""

from __future__ import annotations

from decimal import Decimal

import pytest

from risk.rules.layers import STOP_LOSS, PositionSize, StopLoss, TotalExposure
from tests.builders import make_inputs


def test_layer_3_observes_exposure_as_a_fraction_of_equity() -> None:
    # (4,000 + 10 × 100 × 1.01) / 10,000 = 0.501 > 0.5
    verdict = TotalExposure().check(make_inputs(exposure="4000"), Decimal(10))

    assert (verdict.verdict, verdict.observed, verdict.limit) == ("REJECT", Decimal("0.501"), Decimal("0.5"))
    assert verdict.quantity_after == 0


def test_layer_3_passes_an_exposure_exactly_at_the_limit() -> None:
    # 3,990 + 1,010 = 5,000 = 0.5 × 10,000
    verdict = TotalExposure().check(make_inputs(exposure="3990"), Decimal(10))

    assert (verdict.verdict, verdict.quantity_after) == ("PASS", Decimal(10))


def test_layer_3_counts_only_what_layer_4_will_leave() -> None:
    # 9 % are held: headroom 1 unit, 4,800 + 101 < 5,000 though 10 units would be too much
    inputs = make_inputs(exposure="4800", symbol_exposure="900")

    assert TotalExposure().check(inputs, Decimal(10)).verdict == "PASS"


def test_layer_4_trims_to_the_headroom_of_the_position_and_observes_the_wish() -> None:
    # wish: (700 + 8 × 100) / 10,000 = 0.15; left: 3 units
    verdict = PositionSize().check(make_inputs(symbol_exposure="700"), Decimal(8))

    assert (verdict.verdict, verdict.quantity_before, verdict.quantity_after) == ("TRIM", Decimal(8), Decimal(3))
    assert (verdict.observed, verdict.limit) == (Decimal("0.15"), Decimal("0.1"))


def test_layer_4_trims_to_what_free_cash_pays_at_the_worst_price_with_its_fee() -> None:
    # 505 / (101 × 1.001) = 4.995004…, in steps of 0.001
    verdict = PositionSize().check(make_inputs(free_cash="505", taker_fee="0.001"), Decimal(10))

    assert (verdict.verdict, verdict.quantity_after) == ("TRIM", Decimal("4.995"))


@pytest.mark.parametrize("changes", [{"min_notional": "1001"}, {"min_quantity": "10.001"}, {"quantity_step": "11"}])
def test_layer_4_rejects_what_is_below_the_exchanges_minimum(changes: dict[str, str]) -> None:
    verdict = PositionSize().check(make_inputs(**changes), Decimal(10))

    assert (verdict.verdict, verdict.reason, verdict.quantity_after) == ("REJECT", "POSITION_BELOW_MINIMUM", 0)


def test_layer_4_rejects_when_the_position_is_full() -> None:
    assert PositionSize().check(make_inputs(symbol_exposure="1000"), Decimal(1)).verdict == "REJECT"


def test_layer_5_observes_prices() -> None:
    # entry 100, stop 98
    inputs = make_inputs(held_quantity="1", avg_entry_price="100", bid="98.5")

    verdict = StopLoss().check(inputs, Decimal(1))

    assert (verdict.verdict, verdict.observed, verdict.limit) == ("PASS", Decimal("98.5"), Decimal(98))


def test_layer_5_adds_nothing_to_a_position_at_its_stop() -> None:
    inputs = make_inputs(held_quantity="1", avg_entry_price="100", bid="98")

    verdict = StopLoss().check(inputs, Decimal(1))

    assert (verdict.verdict, verdict.reason, verdict.quantity_after) == ("REJECT", "STOP_LOSS_REACHED", 0)


@pytest.mark.parametrize(("kind", "bid", "verdict", "left"), [
    ("STOP", "98", "TRIGGER", 1), ("STOP", "98.01", "REJECT", 0),
    ("SIGNAL", "98", "SKIP", 1), ("HALT", "99", "SKIP", 1),
])  # fmt: skip
def test_layer_5_asks_again_whether_its_own_exit_is_still_due(kind: str, bid: str, verdict: str, left: int) -> None:
    inputs = make_inputs(kind=kind, side="SELL", held_quantity="1", avg_entry_price="100", bid=bid)

    found = StopLoss().check(inputs, Decimal(1))

    assert (found.verdict, found.quantity_after) == (verdict, Decimal(left))


@pytest.mark.parametrize(("bid", "reached"), [("98.01", False), ("98", True), ("97.99", True)])
def test_the_stop_is_reached_at_the_limit_below_the_average_entry(bid: str, reached: bool) -> None:
    # 100 × (1 − 0.02) = 98
    found = STOP_LOSS.triggered(bid=Decimal(bid), avg_entry_price=Decimal(100), stop_loss_pct=Decimal("0.02"))

    assert found is reached


@pytest.mark.parametrize("layer", [TotalExposure(), PositionSize()])
def test_layers_3_and_4_let_every_exit_pass_unseen(layer: TotalExposure | PositionSize) -> None:
    inputs = make_inputs(side="SELL", exposure="999999", symbol_exposure="999999", held_quantity="7")

    verdict = layer.check(inputs, Decimal(7))

    assert (verdict.verdict, verdict.quantity_after, verdict.observed) == ("SKIP", Decimal(7), None)

"""The price of each layer: the same replay without it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from replay.rules.layer_prices import layer_prices
from replay.rules.measures import measures
from replay.rules.outcome import ReplayOutcome
from replay.rules.settings import ReplaySettings
from risk.rules.layers import LAYERS, STOP_LOSS
from tests.unit.replay.outcomes import curve, make_outcome, make_trip
from tests.unit.replay.test_settings import make_settings


def stopped(settings: ReplaySettings) -> ReplayOutcome:
    """With the stop loss two small losses, without it one large gain after a deep fall."""
    if STOP_LOSS in settings.layers:
        lost = (make_trip("-2", exit_reason="STOP"), make_trip("-3", exit_reason="STOP"))
        return make_outcome(equity=Decimal(95), curve=curve([98, 95]), trips=lost)
    return make_outcome(equity=Decimal(110), curve=curve([70, 110]), trips=(make_trip("10"),))


def test_the_price_of_a_layer_is_what_there_would_be_more_of_without_it() -> None:
    settings = make_settings()

    prices = {one.code: one for one in layer_prices(stopped, settings, measures(stopped(settings)))}

    assert list(prices) == [layer.code for layer in LAYERS]
    # 110 without it, 95 with it; a fall of 0.30 instead of 0.05; one trip instead of two
    stop = prices["STOP_LOSS"]
    assert (stop.net, stop.drawdown, stop.trips) == (15, pytest.approx(0.25), -1)
    assert {(one.net, one.drawdown, one.trips) for code, one in prices.items() if code != "STOP_LOSS"} == {(0, 0.0, 0)}


def test_each_layer_is_left_out_alone_and_once() -> None:
    asked: list[tuple[str, ...]] = []

    def play(settings: ReplaySettings) -> ReplayOutcome:
        asked.append(tuple(layer.code for layer in settings.layers))
        return make_outcome()

    layer_prices(play, make_settings(), measures(make_outcome()))

    codes = [layer.code for layer in LAYERS]
    assert asked == [tuple(code for code in codes if code != left_out) for left_out in codes]


def test_where_nothing_was_played_the_change_of_the_drawdown_is_not_known() -> None:
    nothing = make_outcome(curve=curve([]))

    prices = layer_prices(lambda settings: nothing, make_settings(), measures(nothing))

    assert {(one.drawdown, one.as_json()["drawdown"]) for one in prices} == {(None, None)}

"""The inputs of a decision are stored as plain JSON and read back exactly."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import orjson

from risk.rules.decision_inputs import DecisionInputs, from_json, to_json
from tests.builders import make_inputs


def test_decision_inputs_survive_json_to_the_last_digit() -> None:
    inputs = make_inputs(price="0.000000010000000000", equity="12345678901234567890.123456789012345678")

    read = from_json(orjson.loads(orjson.dumps(to_json(inputs))))

    assert read == inputs
    assert str(read.price) == str(inputs.price), "trailing zeros too: the same inputs, byte for byte"


def test_what_is_missing_stays_missing() -> None:
    read = from_json(to_json(make_inputs(price=None, bid=None, price_age_ms=None)))

    assert (read.price, read.bid, read.price_age_ms) == (None, None, None)


def test_every_field_is_stored() -> None:
    assert set(to_json(make_inputs())) == {field.name for field in fields(DecisionInputs)}


def test_the_worst_price_is_the_price_plus_the_allowed_slippage() -> None:
    # 100 × 1.01
    assert make_inputs().worst_price == Decimal(101)


def test_the_stop_is_the_average_entry_less_the_allowed_loss() -> None:
    # 50 × 0.98
    assert replace(make_inputs(), avg_entry_price=Decimal(50)).stop_price == Decimal(49)

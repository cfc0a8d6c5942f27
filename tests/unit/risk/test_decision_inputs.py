"""A situation is stored as plain JSON and read back exactly."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import orjson

from risk.rules.decision_inputs import Situation, from_json, to_json
from tests.builders import make_situation


def test_a_situation_survives_json_to_the_last_digit() -> None:
    situation = make_situation(price="0.000000010000000000", equity="12345678901234567890.123456789012345678")

    read = from_json(orjson.loads(orjson.dumps(to_json(situation))))

    assert read == situation
    assert str(read.price) == str(situation.price), "trailing zeros too: the same inputs, byte for byte"


def test_what_is_missing_stays_missing() -> None:
    read = from_json(to_json(make_situation(price=None, bid=None, price_age_ms=None)))

    assert (read.price, read.bid, read.price_age_ms) == (None, None, None)


def test_every_field_is_stored() -> None:
    assert set(to_json(make_situation())) == {field.name for field in fields(Situation)}


def test_the_worst_price_is_the_price_plus_the_allowed_slippage() -> None:
    # 100 × 1.01
    assert make_situation().worst_price == Decimal(101)


def test_the_stop_is_the_average_entry_less_the_allowed_loss() -> None:
    # 50 × 0.98
    assert replace(make_situation(), avg_entry_price=Decimal(50)).stop_price == Decimal(49)

"""The inputs of a decision are stored as plain JSON and read back exactly."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import orjson

from execution.rules.fill_model import Rules
from risk.rules.decide import decide
from risk.rules.decision_inputs import DecisionInputs, from_json, to_json
from tests.builders import RULE_NAMES, make_inputs


def test_decision_inputs_survive_json_to_the_last_digit() -> None:
    inputs = make_inputs(price="0.000000010000000000", equity="12345678901234567890.123456789012345678")

    read = from_json(orjson.loads(orjson.dumps(to_json(inputs))))

    assert read == inputs
    assert str(read.price) == str(inputs.price), "trailing zeros too: the same inputs, byte for byte"


def test_what_is_missing_stays_missing() -> None:
    read = from_json(to_json(make_inputs(price=None, bid=None, price_age_ms=None)))

    assert (read.price, read.bid, read.price_age_ms) == (None, None, None)


def test_every_field_is_stored() -> None:
    names = {field.name for kind in (DecisionInputs, Rules) for field in fields(kind)} - {"rules"} | {"listed"}

    assert set(to_json(make_inputs())) == names


def test_an_unlisted_symbol_is_stored_without_rules_instead_of_with_zeros() -> None:
    stored = to_json(make_inputs(listed=False))

    assert [stored[name] for name in RULE_NAMES] == [None] * 5
    assert from_json(stored).rules is None


def test_inputs_stored_with_stand_ins_for_an_unlisted_symbols_rules_decide_the_same() -> None:
    stored = to_json(make_inputs(listed=False)) | {
        "price_tick": "1", "quantity_step": "1", "min_quantity": "0", "min_notional": "0", "taker_fee": "0",
    }  # fmt: skip

    ruling = decide(from_json(stored))

    assert (ruling.outcome, ruling.reason_code) == ("REJECTED", "INSTRUMENT_UNKNOWN")


def test_the_worst_price_is_the_price_plus_the_allowed_slippage() -> None:
    # 100 × 1.01
    assert make_inputs().worst_price == Decimal(101)


def test_the_stop_is_the_average_entry_less_the_allowed_loss() -> None:
    # 50 × 0.98
    assert replace(make_inputs(), avg_entry_price=Decimal(50)).stop_price == Decimal(49)

"""One decision: the worked examples, every gate, and what holds for any inputs whatsoever."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.rules.decide import decide
from risk.rules.decision_inputs import DecisionInputs, from_json, to_json
from risk.rules.layers import LAYERS
from tests.builders import make_inputs


def shares(*, exposure: int, in_symbol: int, wants: int) -> DecisionInputs:
    """Exposures and the wish in percent of 10,000 equity; position limit 10 %, exposure limit 50 %, price 100."""
    return make_inputs(
        exposure=str(exposure * 100),
        symbol_exposure=str(in_symbol * 100),
        strength=str(Decimal(wants) / 10),
        held_quantity=str(in_symbol),
        avg_entry_price="100",
        price="100",
        bid="99.9",
        max_slippage_pct="0.001",
    )


def test_46_percent_exposure_with_7_in_the_symbol_trims_a_wish_of_8_to_3() -> None:
    # 7 % are held, 10 % allowed: 3 % of 10,000 at 100 = 3 units; 46 % + 3 % at worst price < 50 %
    ruling = decide(shares(exposure=46, in_symbol=7, wants=8))

    assert (ruling.outcome, ruling.reason_code) == ("TRIMMED", "POSITION_LIMIT_TRIMMED")
    assert (ruling.wanted_quantity, ruling.quantity) == (Decimal(8), Decimal(3))
    assert (ruling.params["observed"], ruling.params["limit"]) == ("0.15000000", "0.1")


def test_49_percent_exposure_blocks_a_new_symbol_that_wants_5() -> None:
    # 49 % + 5 % × 1.001 = 54.005 %
    ruling = decide(shares(exposure=49, in_symbol=0, wants=5))

    assert (ruling.outcome, ruling.reason_code) == ("REJECTED", "EXPOSURE_LIMIT_EXCEEDED")
    assert (ruling.wanted_quantity, ruling.quantity) == (Decimal(5), Decimal(0))
    assert (ruling.params["observed"], ruling.params["limit"]) == ("0.54005000", "0.5")


def test_8_percent_in_the_symbol_trims_a_wish_of_5_to_2() -> None:
    ruling = decide(shares(exposure=8, in_symbol=8, wants=5))

    assert (ruling.outcome, ruling.quantity) == ("TRIMMED", Decimal(2))


def test_the_wish_is_position_limit_times_strength_floored_to_the_step() -> None:
    # 0.1 × 0.5 × 10,000 / 30 = 16.666…, in steps of 0.01
    ruling = decide(make_inputs(strength="0.5", price="30", bid="29", quantity_step="0.01"))

    assert (ruling.outcome, ruling.quantity) == ("APPROVED", Decimal("16.66"))


def test_an_entry_reserves_its_quantity_at_the_worst_price_and_limits_itself_to_it() -> None:
    # 10 units at 100 × 1.01 = 1,010
    ruling = decide(make_inputs(exposure="500"))

    assert (ruling.limit_price, ruling.reserved, ruling.exposure_after) == (
        Decimal("101.00"),
        Decimal(1010),
        Decimal(1510),
    )


def test_the_limit_price_is_rounded_down_to_the_tick() -> None:
    # 99.99 × 1.01 = 100.9899
    assert decide(make_inputs(price="99.99")).limit_price == Decimal("100.98")


GATES: list[tuple[dict[str, Any], str, str]] = [
    ({"listed": False}, "REJECTED", "INSTRUMENT_UNKNOWN"),
    ({"expired": True}, "EXPIRED", "SIGNAL_EXPIRED"),
    ({"tradable": False}, "REJECTED", "INSTRUMENT_NOT_TRADABLE"),
    ({"paused": True}, "REJECTED", "INSTRUMENT_PAUSED"),
    ({"trading_state": "HALTED"}, "REJECTED", "TRADING_HALTED"),
    ({"trading_state": "REDUCING"}, "REJECTED", "TRADING_REDUCING"),
    ({"price": None}, "REJECTED", "PRICE_MISSING"),
    ({"price_age_ms": None}, "REJECTED", "PRICE_MISSING"),
    ({"price_age_ms": 10_001}, "REJECTED", "PRICE_STALE"),
    ({"live_exit": True}, "REJECTED", "POSITION_EXITING"),
    ({"equity": "0"}, "REJECTED", "EQUITY_NONE"),
    ({"equity": "-1"}, "REJECTED", "EQUITY_NONE"),
    ({"side": "SELL"}, "REJECTED", "POSITION_NONE"),
]


@pytest.mark.parametrize(("changes", "outcome", "code"), GATES)
def test_a_gate_refuses_before_any_layer_looks(changes: dict[str, Any], outcome: str, code: str) -> None:
    ruling = decide(make_inputs(**changes))

    assert (ruling.outcome, ruling.reason_code, ruling.layers, ruling.quantity) == (outcome, code, (), 0)
    assert not ruling.approved


def test_a_second_exit_joins_the_one_under_way() -> None:
    ruling = decide(make_inputs(side="SELL", held_quantity="3", live_exit=True, live_exit_order="first"))

    assert (ruling.outcome, ruling.reason_code, ruling.joined_order) == ("APPROVED", "POSITION_EXIT_JOINED", "first")
    assert (ruling.quantity, ruling.reserved) == (Decimal(3), 0)


def test_a_price_exactly_at_the_allowed_age_is_good_enough() -> None:
    assert decide(make_inputs(price_age_ms=10_000)).approved


def test_a_refusal_for_age_says_both_ages() -> None:
    assert decide(make_inputs(price_age_ms=10_001)).params == {"age_ms": 10_001, "limit_ms": 10_000}


def test_the_first_refusing_layer_ends_the_decision() -> None:
    ruling = decide(shares(exposure=50, in_symbol=0, wants=5))

    assert [(layer.layer, layer.verdict) for layer in ruling.layers] == [(1, "PASS"), (2, "PASS"), (3, "REJECT")]


def test_an_approval_has_passed_every_layer_in_their_order() -> None:
    ruling = decide(make_inputs())

    assert [(layer.layer, layer.verdict) for layer in ruling.layers] == [(layer.number, "PASS") for layer in LAYERS]
    assert [layer.number for layer in LAYERS] == sorted(layer.number for layer in LAYERS)


amounts = st.decimals(min_value=0, max_value=10**7, places=6)
fractions = st.decimals(min_value="0.0001", max_value=1, places=4)
positive = st.decimals(min_value="0.000001", max_value=10**5, places=6)
grid = st.sampled_from([Decimal("0.00001"), Decimal("0.001"), Decimal("0.5"), Decimal(1), Decimal(10)])
any_inputs = st.builds(
    make_inputs,
    kind=st.sampled_from(["SIGNAL", "STOP", "HALT", "OPERATOR"]),
    side=st.sampled_from(["BUY", "SELL"]),
    symbol=st.just("AAAUSDT"),
    strength=st.decimals(min_value=0, max_value=1, places=6),
    expired=st.booleans(),
    listed=st.booleans(),
    price=st.none() | positive,
    bid=st.none() | positive,
    price_age_ms=st.none() | st.integers(0, 20_000),
    price_tick=grid,
    quantity_step=grid,
    min_quantity=amounts,
    min_notional=amounts,
    taker_fee=st.decimals(0, "0.01", places=4),
    trading_state=st.sampled_from(["ACTIVE", "ACTIVE", "REDUCING", "HALTED"]),
    equity=st.decimals(min_value=-(10**6), max_value=10**7, places=6),
    exposure=amounts,
    symbol_exposure=amounts,
    free_cash=st.decimals(min_value=-(10**6), max_value=10**7, places=6),
    held_quantity=amounts,
    avg_entry_price=positive,
    live_exit=st.booleans(),
    limits_version=st.integers(1, 9),
    max_exposure_pct=fractions,
    max_position_pct=fractions,
    stop_loss_pct=fractions,
    max_slippage_pct=fractions,
    max_price_age_ms=st.integers(100, 20_000),
)
entries = st.builds(
    make_inputs,
    strength=st.decimals("0.01", 1, places=4),
    price=positive,
    bid=st.none() | positive,
    quantity_step=grid,
    equity=st.decimals(1, 10**7, places=6),
    exposure=amounts,
    symbol_exposure=amounts,
    free_cash=amounts,
    max_exposure_pct=fractions,
    max_position_pct=fractions,
    max_slippage_pct=fractions,
    min_notional=st.just("0"),
)


@given(entries | any_inputs)
def test_an_approved_entry_keeps_within_the_exposure_limit_its_wish_and_the_grid(inputs: DecisionInputs) -> None:
    ruling = decide(inputs)

    if ruling.approved and inputs.side == "BUY":
        assert ruling.exposure_after is not None
        assert ruling.exposure_after <= inputs.max_exposure_pct * inputs.equity
        assert 0 < ruling.quantity <= ruling.wanted_quantity
        assert ruling.quantity % inputs.venue_rules.quantity_step == 0
        assert ruling.reserved <= max(Decimal(0), inputs.free_cash)
        assert (ruling.outcome == "TRIMMED") == (ruling.quantity < ruling.wanted_quantity)


@given(entries | any_inputs)
def test_an_approved_entry_keeps_its_position_within_the_position_limit(inputs: DecisionInputs) -> None:
    ruling = decide(inputs)

    if ruling.approved and inputs.side == "BUY":
        assert inputs.price is not None
        after = inputs.symbol_exposure + ruling.quantity * inputs.price
        # headroom is a quotient of 28 digits; multiplied back it may be off in the last of them
        assert after <= inputs.max_position_pct * inputs.equity * (1 + Decimal("1e-25"))


@given(any_inputs)
def test_no_entry_without_a_fresh_price_and_an_active_market(inputs: DecisionInputs) -> None:
    ruling = decide(inputs)

    if ruling.approved and inputs.side == "BUY":
        assert inputs.price is not None
        assert inputs.price_age_ms is not None
        assert inputs.price_age_ms <= inputs.max_price_age_ms
        assert inputs.trading_state == "ACTIVE"
        assert not inputs.expired


@given(any_inputs)
def test_an_exit_of_what_is_held_is_never_blocked(inputs: DecisionInputs) -> None:
    ruling = decide(inputs)

    stop_is_off = inputs.kind == "STOP" and inputs.bid is not None and inputs.bid > inputs.stop_price
    if inputs.side == "SELL" and inputs.listed and inputs.held_quantity and not inputs.live_exit:
        expected = ("REJECTED", 0) if stop_is_off else ("APPROVED", inputs.held_quantity)
        assert (ruling.outcome, ruling.quantity) == expected


@given(any_inputs)
def test_a_decision_can_be_made_again_from_its_stored_inputs(inputs: DecisionInputs) -> None:
    stored = to_json(inputs)

    assert from_json(stored) == inputs
    assert decide(from_json(stored)) == decide(inputs)


@given(any_inputs)
def test_a_refusal_buys_nothing_and_an_approval_something(inputs: DecisionInputs) -> None:
    ruling = decide(inputs)

    assert ruling.approved == (ruling.quantity > 0)
    assert ruling.reason_code


HELD = {"side": "SELL", "held_quantity": "2.345", "avg_entry_price": "100", "bid": "99", "price": "99"}


def test_an_exit_sells_what_the_exchange_takes_of_a_position() -> None:
    ruling = decide(make_inputs(**HELD, sellable_quantity="2.34"))

    assert (ruling.outcome, ruling.wanted_quantity, ruling.quantity) == ("APPROVED", Decimal("2.34"), Decimal("2.34"))


def test_inputs_from_before_steps_were_known_sell_the_whole_position() -> None:
    assert decide(make_inputs(**HELD)).quantity == Decimal("2.345")


@pytest.mark.parametrize(("changes", "code"), [
    ({"sellable_quantity": "0"}, "POSITION_DUST"),
    ({"sellable_quantity": "0", "entry_open": True}, "POSITION_NOT_YET"),
    ({"sellable_quantity": "0", "held_quantity": "0", "entry_open": True}, "POSITION_NOT_YET"),
    ({"sellable_quantity": "0", "held_quantity": "0"}, "POSITION_NONE"),
])  # fmt: skip
def test_an_exit_of_nothing_that_can_be_sold_says_why(changes: dict[str, Any], code: str) -> None:
    assert decide(make_inputs(**HELD | changes)).reason_code == code


def test_a_stop_whose_bid_recovered_is_carried_out_once_it_is_wanted() -> None:
    stop = HELD | {"kind": "STOP", "held_quantity": "2"}

    assert decide(make_inputs(**stop)).reason_code == "STOP_LOSS_NOT_REACHED"
    assert decide(make_inputs(**stop, exit_wanted=True)).outcome == "APPROVED"


@pytest.mark.parametrize(("changes", "code"), [
    ({"overtaken": True}, "SIGNAL_OVERTAKEN"), ({"exit_wanted": True}, "POSITION_EXITING"),
])  # fmt: skip
def test_an_entry_into_what_is_to_be_flat_is_refused(changes: dict[str, Any], code: str) -> None:
    assert decide(make_inputs(**changes)).reason_code == code

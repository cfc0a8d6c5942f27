"""The inputs of a decision are stored as plain JSON and read back exactly."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import orjson
from msgspec.structs import asdict, replace

from execution.rules.accounting import Holding
from execution.rules.fill_model import Rules
from risk.decision.requests import Request
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.decide import decide
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs, from_json, to_json
from risk.rules.limits import NAMES, Limits
from risk.rules.portfolio import Mark, Portfolio
from tests.builders import RULE_NAMES, make_book, make_inputs, make_rules
from tests.clocks import NOON


def test_decision_inputs_survive_json_to_the_last_digit() -> None:
    inputs = make_inputs(price="0.000000010000000000", equity="12345678901234567890.123456789012345678")

    read = from_json(orjson.loads(orjson.dumps(to_json(inputs))))

    assert read == inputs
    assert str(read.price) == str(inputs.price), "trailing zeros too: the same inputs, byte for byte"


def test_what_is_missing_stays_missing() -> None:
    read = from_json(to_json(make_inputs(price=None, bid=None, price_age_ms=None)))

    assert (read.price, read.bid, read.price_age_ms) == (None, None, None)


def test_every_field_is_stored() -> None:
    names = {*DecisionInputs.__struct_fields__, *Rules.__struct_fields__, "listed"} - {"rules"}

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


LIMITS = Limits(**{name: Decimal(number) for number, name in enumerate(NAMES, 100)}, version=7)


def telling_state() -> AccountState:
    """An account of which nothing is as usual."""
    portfolio = Portfolio(
        cash=Decimal(1000),
        holdings={"AAAUSDT": Holding(symbol="AAAUSDT", quantity=Decimal(3), avg_entry_price=Decimal(8))},
        marks={"AAAUSDT": Mark(price=Decimal(11), source="BOOK")},
        reserved={"AAAUSDT": Decimal(50)},
        exiting={"AAAUSDT": "first"},
        leaving={"AAAUSDT"},
        taker_fees={"AAAUSDT": Decimal("0.01")},
    )
    return AccountState(
        trading_state="REDUCING",
        limits=LIMITS,
        portfolio=portfolio,
        breakers=(OpenBreaker(id=1, kind="JUMP", symbol="AAAUSDT"), OpenBreaker(id=2, kind="JUMP", symbol="BBBUSDT")),
        orders_last_minute=5,
        paused=frozenset({"AAAUSDT"}),
        not_buyable=frozenset({"AAAUSDT"}),
        last_stops={"AAAUSDT": NOON - timedelta(seconds=13)},
        last_sells={"AAAUSDT": NOON},
    )


def telling_inputs() -> DecisionInputs:
    """What a batch makes of it for a late BUY."""
    request = Request(
        decision_id=UUID(int=1),
        kind="SIGNAL",
        side="BUY",
        symbol="AAAUSDT",
        occurred_at=NOON,
        strength=Decimal("0.5"),
        expires_at=NOON - timedelta(seconds=1),
        open_time=NOON - timedelta(minutes=1),
    )
    market = SymbolMarket(rules=make_rules(step="2"), book=make_book(bid="9", ask="10"), book_age_ms=40)
    levels = Levels(day=NOON.date(), opening=Decimal(900), peak=Decimal(950))
    batch = DecisionBatch(state=telling_state(), markets={"AAAUSDT": market}, levels=levels, market_now=NOON, placed=2)
    return batch.inputs(request)


# Equity 1,000 + 3 × 11; exposure 33 + 50; free cash 1,000 − 50 × 1.01; of 3 units in steps of 2 the exchange takes 2.
SEEN = {
    "kind": "SIGNAL",
    "side": "BUY",
    "symbol": "AAAUSDT",
    "strength": Decimal("0.5"),
    "expired": True,
    "rules": make_rules(step="2"),
    "price": Decimal(10),
    "bid": Decimal(9),
    "price_age_ms": 40,
    "trading_state": "REDUCING",
    "equity": Decimal(1033),
    "exposure": Decimal(83),
    "symbol_exposure": Decimal(83),
    "free_cash": Decimal("949.50"),
    "held_quantity": Decimal(3),
    "avg_entry_price": Decimal(8),
    "live_exit": True,
    "limits_version": 7,
    "max_exposure_pct": LIMITS.max_exposure_pct,
    "max_position_pct": LIMITS.max_position_pct,
    "stop_loss_pct": LIMITS.stop_loss_pct,
    "max_slippage_pct": LIMITS.max_slippage_pct,
    "max_price_age_ms": int(LIMITS.max_price_age_s) * 1000,
    "live_exit_order": "first",
    "day_opening_equity": Decimal(900),
    "peak_equity": Decimal(950),
    "orders_last_minute": 7,
    "breakers": ("JUMP AAAUSDT",),
    "cooldown_left_s": LIMITS.stop_cooldown_s - 13,
    "paused": True,
    "sellable_quantity": Decimal(2),
    "entry_open": True,
    "exit_wanted": True,
    "overtaken": True,
    "tradable": False,
    "max_daily_drawdown_pct": LIMITS.max_daily_drawdown_pct,
    "max_drawdown_pct": LIMITS.max_drawdown_pct,
    "max_spread_bps": LIMITS.max_spread_bps,
    "max_orders_per_minute": LIMITS.max_orders_per_minute,
}


def test_a_batch_puts_every_field_in_its_place() -> None:
    made = asdict(telling_inputs())
    later = set(DecisionInputs.__struct_fields__[-len(DecisionInputs.__struct_defaults__) :])

    assert {name: made[name] for name in SEEN} == SEEN
    assert set(made) - set(SEEN) <= later, "a field that every stored decision has stands here"

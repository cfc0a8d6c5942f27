"""Payloads that are not validated again when they are said: whatever their builders can make fits the schema."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import execution.booking
from cdb_site.bus import schema
from cdb_site.bus.builders import BUILDERS, BuiltPayload, builds, fits_by_construction
from cdb_site.bus.events import make
from cdb_site.bus.payloads import OrderStatus
from cdb_site.bus.schema import InvalidEvent
from cdb_site.units import plain
from execution.operations import result_payload
from execution.placing import place_payload
from execution.rules.orders import LiveOrder, OrderDraft, live
from execution.venues.protocol import Trade
from risk.decision.records import decision_payload
from risk.decision.requests import Request
from risk.rules.decide import Ruling
from risk.rules.layers import Verdict
from signals_app.operations import signal_payload
from tests.builders import make_inputs

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
Draw = st.DrawFn

words = st.text(min_size=1, max_size=20)
symbols = st.text(min_size=1, max_size=64)
numbers = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False)
wealth = st.decimals(min_value="0.01", max_value=10**12, places=4) | st.just(Decimal(0)) | st.just(Decimal(-5))
counts = st.integers(1, 2**31)
times = st.datetimes(timezones=st.just(UTC)) | st.datetimes(timezones=st.timezones()).filter(
    lambda moment: datetime.min.replace(tzinfo=UTC) + timedelta(days=2) < moment < datetime.max.replace(tzinfo=UTC)
)
sides = st.sampled_from(["BUY", "SELL"])
kinds = st.sampled_from(["SIGNAL", "STOP", "HALT", "OPERATOR"])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def signals(draw: Draw) -> BuiltPayload:
    row = {
        "signal_id": str(draw(st.uuids())),
        "strategy": draw(words),
        "symbol": draw(symbols),
        "interval": draw(words),
    }
    row |= {name: draw(times) for name in ("open_time", "expires_at")}
    row |= {name: draw(numbers) for name in ("momentum", "strength", "quote_volume")}
    row |= {name: plain(draw(numbers)) for name in ("close", "base_close")}
    return signal_payload(row | {"side": draw(sides), "rank": draw(counts), "universe_size": draw(counts)})


verdicts = st.builds(
    Verdict,
    layer=st.integers(1, 5),
    code=words,
    verdict=st.sampled_from(["PASS", "TRIM", "REJECT", "SKIP", "TRIGGER"]),
    quantity_before=numbers,
    quantity_after=numbers,
    observed=maybe(numbers),
    limit=maybe(numbers),
    unit=st.sampled_from(["FRACTION", "PRICE", "BPS", "ORDERS", "SECONDS"]),
)
rulings = st.builds(
    Ruling,
    outcome=st.sampled_from(["APPROVED", "TRIMMED", "REJECTED", "EXPIRED"]),
    reason_code=words,
    params=st.dictionaries(words, maybe(words), max_size=2),
    wanted_quantity=numbers,
    quantity=numbers,
    exposure_after=maybe(st.decimals(min_value=0, max_value=10**12, places=4)),
    layers=st.lists(verdicts, max_size=3).map(tuple),
    joined_order=maybe(st.uuids().map(str)),
)


@st.composite
def decisions(draw: Draw) -> BuiltPayload:
    request = Request(
        decision_id=draw(st.uuids()),
        kind=draw(kinds),
        side=draw(sides),
        symbol=draw(symbols),
        occurred_at=draw(times),
        signal_id=draw(maybe(st.uuids())),
        note=draw(st.dictionaries(words, words, max_size=2)),
    )
    seen = make_inputs(
        price=draw(maybe(numbers)),
        price_age_ms=draw(maybe(st.integers(0, 10**12))),
        equity=draw(wealth),
        trading_state=draw(st.sampled_from(["ACTIVE", "REDUCING", "HALTED"])),
        limits_version=draw(counts),
    )
    return decision_payload(draw(words), request, seen, draw(rulings))


drafts = st.builds(
    OrderDraft,
    decision_id=st.uuids(),
    signal_id=maybe(st.uuids()),
    account=words,
    symbol=symbols,
    kind=words,
    side=sides,
    quantity=numbers,
    limit_price=maybe(numbers),
    decision_price=maybe(numbers),
    reserved_notional=numbers,
    occurred_at=times,
)


@st.composite
def orders(draw: Draw) -> BuiltPayload:
    draft = draw(drafts)
    return place_payload(draft, _changed(draw, live(draft)))


@st.composite
def results(draw: Draw) -> BuiltPayload:
    order = _changed(draw, live(draw(drafts)))
    order.filled_quantity = draw(st.decimals(min_value=0, max_value=10**6, places=3))
    order.filled_notional = draw(st.decimals(min_value=0, max_value=10**9, places=6))
    order.fee, order.realized_pnl, order.reason_code = draw(numbers), draw(numbers), draw(st.just("") | words)
    order.decision_price = draw(maybe(st.decimals(min_value="0.01", max_value=10**6, places=2)))
    trades = st.builds(
        Trade, trade_id=words, price=numbers, quantity=numbers, fee=numbers, fee_asset=words, executed_at=times
    )
    return result_payload(order, [execution.booking._spoken(trade) for trade in draw(st.lists(trades, max_size=2))])


def _changed(draw: Draw, order: LiveOrder) -> LiveOrder:
    order.state, order.version = draw(st.sampled_from(get_args(OrderStatus))), draw(counts)
    return order


PROVEN: dict[str, Callable[[], st.SearchStrategy[BuiltPayload]]] = {
    "signals_app.operations.signal_payload": signals,
    "risk.decision.records.decision_payload": decisions,
    "execution.rules.orders.place_command": orders,
    "execution.operations.result_payload": results,
}


def refuse_what_does_not_fit(payload: BuiltPayload) -> None:
    schema.validate_payload(payload.topic, dict(payload))


def test_every_builder_that_is_not_looked_at_again_is_proven_here() -> None:
    assert BUILDERS.keys() == PROVEN.keys()


@pytest.mark.parametrize("builder", PROVEN)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_a_builder_can_make_fits_its_topic(builder: str, data: st.DataObject) -> None:
    payload = data.draw(PROVEN[builder]())

    assert payload.topic == BUILDERS[builder]
    refuse_what_does_not_fit(payload)


@pytest.mark.parametrize("builder", PROVEN)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_builder_that_leaves_out_a_field_or_spells_one_otherwise_is_found(builder: str, data: st.DataObject) -> None:
    payload = data.draw(PROVEN[builder]())

    for name in schema.document()["topics"][payload.topic]["required"]:
        for planted in ({key: value for key, value in payload.items() if key != name}, payload | {name: 1.5}):
            wrong = BuiltPayload(planted)
            wrong.topic = payload.topic
            with pytest.raises(InvalidEvent):
                refuse_what_does_not_fit(wrong)


def test_a_built_payload_is_an_ordinary_one_once_it_is_changed_or_said_elsewhere() -> None:
    built = builds("orders")(lambda: {"command": "PLACE"})()
    del BUILDERS["tests.unit.house.test_builders.<lambda>"]

    assert fits_by_construction("orders", built)
    for topic, payload in (("orders", built | {"command": "HOLD"}), ("signals", built)):
        with pytest.raises(InvalidEvent):
            make(topic, payload, key="one", producer="risk", occurred_at=NOON)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_not_spelled_as_one(number: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        plain(Decimal(number))

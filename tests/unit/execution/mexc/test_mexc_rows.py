"""Private rows and frames are read strictly: nothing is guessed, and what cannot be used names its field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.venues.mexc.frames import DEALS, ORDERS, decode_private
from execution.venues.mexc.rows import MalformedRow, balances, order_row, placed_id, trade_row
from marketdata.mexc.errors import BadFrame
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from tests.unit.execution.mexc.rows_of import NAME, ORDER_ID, make_order_row, make_trade_row, told_order, told_trade

NO_NUMBERS = [None, "", "NaN", "Infinity", "-1", "1_000", "١", "abc", [], {}, True]


def order_frame(**changes: Any) -> bytes:
    told: dict[str, Any] = {
        "id": ORDER_ID, "clientId": NAME, "price": "25", "quantity": "10", "orderType": 3, "tradeType": 1,
        "cumulativeQuantity": "4", "status": 3,
    }  # fmt: skip
    body = pb.PrivateOrder(**(told | changes))
    return pb.PushDataV3ApiWrapper(channel=ORDERS, symbol="SOLUSDT", privateOrders=body).SerializeToString()


def deal_frame(**changes: Any) -> bytes:
    told: dict[str, Any] = {
        "price": "25", "quantity": "4", "tradeType": 1, "tradeId": "505X1", "clientOrderId": NAME, "orderId": ORDER_ID,
        "feeAmount": "0.001", "feeCurrency": "SOL", "time": 1_795_000_200_000,
    }  # fmt: skip
    body = pb.PrivateDeal(**(told | changes))
    return pb.PushDataV3ApiWrapper(channel=DEALS, symbol="SOLUSDT", privateDeals=body).SerializeToString()


def test_an_order_is_read() -> None:
    assert order_row(told_order()) == make_order_row("4", status="PARTIALLY_FILLED", kind="LIMIT")


def test_the_documented_spelling_of_its_quantity_is_read_as_well() -> None:
    told = told_order()
    told["Qty"] = told.pop("origQty")

    assert order_row(told).quantity == Decimal(10)


def test_somebody_elses_order_may_have_no_clients_id() -> None:
    assert order_row(told_order(clientOrderId=None)).client_order_id == ""


@pytest.mark.parametrize("field", ["executedQty", "origQty"])
@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=repr)
def test_an_order_with_what_is_no_number_names_the_field(field: str, wrong: Any) -> None:
    with pytest.raises(MalformedRow, match=field):
        order_row(told_order(**{field: wrong}))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("symbol", ""), ("orderId", None), ("side", "HOLD"), ("status", "DONE"), ("type", 3), ("status", None),
        ("executedQty", "11"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_names_the_field(field: str, wrong: Any) -> None:
    with pytest.raises(MalformedRow, match=field):
        order_row(told_order(**{field: wrong}))


@pytest.mark.parametrize("field", ["symbol", "orderId", "side", "type", "status", "executedQty"])
def test_a_field_that_is_absent_is_not_made_up(field: str) -> None:
    told = told_order()
    del told[field]

    with pytest.raises(MalformedRow, match=field):
        order_row(told)


def test_a_trade_is_read_with_its_fee_in_its_asset() -> None:
    row = trade_row(told_trade())

    assert (row.side, row.order_id, row.client_order_id) == ("BUY", ORDER_ID, NAME)
    assert (row.trade.price, row.trade.quantity) == (Decimal("25.01"), Decimal(4))
    assert (row.trade.fee, row.trade.fee_asset, row.trade.maker) == (Decimal("0.002"), "SOL", False)
    assert row.trade.executed_at.isoformat() == "2026-11-18T11:10:00.001000+00:00"


@pytest.mark.parametrize("field", ["price", "qty", "commission"])
@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=repr)
def test_a_trade_with_what_is_no_number_names_the_field(field: str, wrong: Any) -> None:
    with pytest.raises(MalformedRow, match=field):
        trade_row(told_trade(**{field: wrong}))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("price", "0"), ("qty", "0"), ("id", ""), ("commissionAsset", None), ("time", "now"), ("time", 0),
        ("isBuyer", "true"), ("isMaker", None), ("time", 1 << 60),
    ],
)  # fmt: skip
def test_a_trade_that_cannot_be_names_the_field(field: str, wrong: Any) -> None:
    with pytest.raises(MalformedRow, match=field):
        trade_row(told_trade(**{field: wrong}))


@pytest.mark.parametrize("row", [None, [], "row", 1, {}])
def test_what_is_no_row_is_refused(row: Any) -> None:
    for read in (order_row, trade_row, placed_id, balances):
        with pytest.raises(MalformedRow):
            read(row)


def test_balances_are_read_and_none_is_made_up() -> None:
    told = {"balances": [{"asset": "USDT", "free": "10.5", "locked": "0"}]}

    assert balances(told)["USDT"].free == Decimal("10.5")
    with pytest.raises(MalformedRow, match="locked"):
        balances({"balances": [{"asset": "USDT", "free": "10.5"}]})


def test_frames_tell_the_same_rows_as_rest() -> None:
    assert decode_private(order_frame()) == make_order_row("4", status="PARTIALLY_FILLED")
    assert decode_private(deal_frame()) == make_trade_row("505X1", "4")


@pytest.mark.parametrize(
    "body",
    [
        order_frame(cumulativeQuantity=""), order_frame(status=9), order_frame(orderType=100), order_frame(tradeType=0),
        order_frame(id=""), order_frame(cumulativeQuantity="11"), order_frame(status=2, cumulativeQuantity="0"),
        deal_frame(price="NaN"), deal_frame(quantity="0"), deal_frame(feeAmount=""), deal_frame(feeCurrency=""),
        deal_frame(time=0), deal_frame(tradeId=""), b"", b"\xff\xff", order_frame()[:-7],
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_used_is_bad(body: bytes) -> None:
    with pytest.raises(BadFrame):
        decode_private(body)


def test_frames_of_balances_are_left_alone() -> None:
    balance = pb.PrivateAccount(vcoinName="USDT", balanceAmount="1")

    assert decode_private(pb.PushDataV3ApiWrapper(privateAccount=balance).SerializeToString()) is None


@given(st.binary(max_size=200), st.integers(0, 300))
def test_no_bytes_break_the_decoder(noise: bytes, place: int) -> None:
    frame = order_frame()
    for body in (noise, frame[:place] + noise + frame[place:]):
        try:
            row = decode_private(body)
        except BadFrame:
            continue
        assert row is None or row.symbol

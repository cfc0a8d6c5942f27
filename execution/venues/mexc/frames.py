"""The frames of an account's own stream as the same rows that REST tells: orders and trades.

`decode_private` raises BadFrame with a short reason for what cannot be used; frames of balances, and of kinds that
nobody here asked for, are None.
"""

from __future__ import annotations

from decimal import Decimal

from google.protobuf.message import DecodeError

from execution.venues.mexc.rows import (
    CANCELED,
    FILL_OR_KILL,
    FILLED,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    NEW,
    PARTIALLY_CANCELED,
    PARTIALLY_FILLED,
    ExchangeOrder,
    ExchangeTrade,
    MalformedRow,
    above_zero,
    amount,
    checked,
    moment,
)  # fmt: skip
from execution.venues.protocol import Trade
from marketdata.mexc.errors import BadFrame
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from marketdata.mexc.rows import SURPRISES, name

ORDERS = "spot@private.orders.v3.api.pb"
DEALS = "spot@private.deals.v3.api.pb"
ACCOUNT = "spot@private.account.v3.api.pb"
KIND_NUMBERS = {1: LIMIT, 2: LIMIT_MAKER, 3: IMMEDIATE_OR_CANCEL, 4: FILL_OR_KILL, 5: MARKET}
STATUS_NUMBERS = {1: NEW, 2: FILLED, 3: PARTIALLY_FILLED, 4: CANCELED, 5: PARTIALLY_CANCELED}
SIDE_NUMBERS = {1: "BUY", 2: "SELL"}


def decode_private(body: bytes) -> ExchangeOrder | ExchangeTrade | None:
    """One frame. Raises BadFrame."""
    try:
        wrapper = pb.PushDataV3ApiWrapper.FromString(body)
    except DecodeError as problem:
        raise BadFrame("protobuf", str(problem)[:80]) from problem
    kind = wrapper.WhichOneof("body")
    try:
        if kind == "privateOrders":
            return _order(wrapper.symbol, wrapper.privateOrders)
        if kind == "privateDeals":
            return _deal(wrapper.symbol, wrapper.privateDeals)
    except (MalformedRow, *SURPRISES) as problem:
        raise BadFrame(kind, f"{type(problem).__name__} {problem}"[:120]) from problem
    if kind is None:
        raise BadFrame("empty", wrapper.channel[:80])
    return None


def _order(symbol: str, told: pb.PrivateOrder) -> ExchangeOrder:
    filled = amount(told.cumulativeQuantity)
    return checked(
        ExchangeOrder(
            symbol=name(symbol),
            order_id=name(told.id),
            client_order_id=told.clientId,
            side=SIDE_NUMBERS[told.tradeType],
            kind=KIND_NUMBERS[told.orderType],
            status=STATUS_NUMBERS[told.status],
            quantity=amount(told.quantity) if told.quantity else Decimal(0),
            filled=filled,
        )
    )


def _deal(symbol: str, told: pb.PrivateDeal) -> ExchangeTrade:
    return ExchangeTrade(
        symbol=name(symbol),
        order_id=name(told.orderId),
        client_order_id=told.clientOrderId,
        side=SIDE_NUMBERS[told.tradeType],
        trade=Trade(
            trade_id=name(told.tradeId),
            price=above_zero(told.price),
            quantity=above_zero(told.quantity),
            fee=amount(told.feeAmount),
            fee_asset=name(told.feeCurrency),
            executed_at=moment(told.time),
            maker=told.isMaker,
        ),
    )

"""The binary frames of an account's own streams: its orders, its trades, and what it has."""

from __future__ import annotations

from cdb_site.units import plain
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from mexc_sim.server.frames import BUY, SELL, symbol_id
from mexc_sim.trading.accounts import ZERO, BalanceChange
from mexc_sim.trading.floor import FloorOrder, FloorTrade, Shown
from mexc_sim.trading.matching import Kind, Side, State

ORDERS = "spot@private.orders.v3.api.pb"
DEALS = "spot@private.deals.v3.api.pb"
ACCOUNT = "spot@private.account.v3.api.pb"
TYPES = {
    Kind.LIMIT: 1,
    Kind.LIMIT_MAKER: 2,
    Kind.IMMEDIATE_OR_CANCEL: 3,
    Kind.FILL_OR_KILL: 4,
    Kind.MARKET: 5,
}
STATES = {
    State.NEW: 1,
    State.FILLED: 2,
    State.PARTIALLY_FILLED: 3,
    State.CANCELED: 4,
    State.PARTIALLY_CANCELED: 5,
}


def frame_of(news: Shown, at_ms: int) -> tuple[str, str, bytes]:
    """Channel, symbol and frame."""
    if isinstance(news, FloorOrder):
        return ORDERS, news.asked.symbol, _order(news, at_ms)
    if isinstance(news, FloorTrade):
        return DEALS, news.placed.asked.symbol, _deal(news, at_ms)
    return ACCOUNT, "", _account(news, at_ms)


def _order(placed: FloorOrder, at_ms: int) -> bytes:
    asked = placed.asked
    amount = asked.amount if asked.amount is not None else (asked.price or ZERO) * (asked.quantity or ZERO)
    return pb.PushDataV3ApiWrapper(
        channel=ORDERS,
        symbol=asked.symbol,
        sendTime=at_ms,
        privateOrders=pb.PrivateOrder(
            id=placed.order.order_id,
            clientId=asked.client_id,
            price=plain(asked.price or ZERO),
            quantity=plain(asked.quantity or ZERO),
            amount=plain(amount),
            avgPrice=plain(round(placed.paid / placed.filled, 12)) if placed.filled else "0",
            orderType=TYPES[asked.kind],
            tradeType=_side(asked.side),
            isMaker=asked.kind is Kind.LIMIT_MAKER,
            remainAmount=plain(max(ZERO, amount - placed.paid)),
            remainQuantity=plain(max(ZERO, (asked.quantity or placed.filled) - placed.filled)),
            cumulativeQuantity=plain(placed.filled),
            cumulativeAmount=plain(placed.paid),
            status=STATES[placed.state],
            createTime=placed.created_ms,
        ),
    ).SerializeToString()


def _deal(trade: FloorTrade, at_ms: int) -> bytes:
    asked = trade.placed.asked
    return pb.PushDataV3ApiWrapper(
        channel=DEALS,
        symbol=asked.symbol,
        sendTime=at_ms,
        privateDeals=pb.PrivateDeal(
            price=plain(trade.price),
            quantity=plain(trade.quantity),
            amount=plain(trade.price * trade.quantity),
            tradeType=_side(asked.side),
            isMaker=trade.maker,
            isSelfTrade=trade.self_trade,
            tradeId=trade.trade_id,
            clientOrderId=asked.client_id,
            orderId=trade.placed.order.order_id,
            feeAmount=plain(trade.fee),
            feeCurrency=trade.fee_asset,
            time=trade.at_ms,
        ),
    ).SerializeToString()


def _account(change: BalanceChange, at_ms: int) -> bytes:
    return pb.PushDataV3ApiWrapper(
        channel=ACCOUNT,
        createTime=at_ms,
        sendTime=at_ms,
        privateAccount=pb.PrivateAccount(
            vcoinName=change.asset,
            coinId=symbol_id(change.asset),
            balanceAmount=plain(change.free),
            balanceAmountChange=plain(change.free_change),
            frozenAmount=plain(change.locked),
            frozenAmountChange=plain(change.locked_change),
            type=change.why,
            time=at_ms,
        ),
    ).SerializeToString()


def _side(side: Side) -> int:
    return BUY if side is Side.BUY else SELL

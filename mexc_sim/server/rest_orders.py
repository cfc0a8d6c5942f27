"""The simulated exchange's private REST endpoints: orders, what an account has, and its trades.

Orders are matched at once on the market's book of that moment; what rests trades when the pair is looked at again. Rows
are spelled as the exchange spells them, "cummulativeQuoteQty" included; an order that was placed says no status.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aiohttp import web

from cdb_site.units import plain
from mexc_sim.faults.control import DESK
from mexc_sim.faults.trading_side import Answered
from mexc_sim.server.answers import ILLEGAL, MISSING, RestRefusal, answer, invalid_symbol
from mexc_sim.server.private import FLOOR, Signed, signed
from mexc_sim.server.weights import OrderRates, too_many
from mexc_sim.trading.accounts import ZERO
from mexc_sim.trading.floor import FloorOrder, FloorTrade, OrderRefused, OrderRequest
from mexc_sim.trading.matching import Kind, Side

UNKNOWN_ORDER = -2011
NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{0,20})?")
TRADES_MAX, ORDERS_MAX = 100, 1000
CLIENT_ID_MAX = 32
RATES = web.AppKey("rates", OrderRates)


def routes() -> list[web.RouteDef]:
    return [
        web.post("/api/v3/order", signed(place)),
        web.post("/api/v3/order/test", signed(judge)),
        web.get("/api/v3/order", signed(one)),
        web.delete("/api/v3/order", signed(cancel)),
        web.get("/api/v3/openOrders", signed(open_orders)),
        web.delete("/api/v3/openOrders", signed(cancel_all)),
        web.get("/api/v3/allOrders", signed(all_orders)),
        web.get("/api/v3/account", signed(account)),
        web.get("/api/v3/myTrades", signed(my_trades)),
        web.get("/api/v3/capital/config/getall", signed(coins)),
    ]


async def place(request: web.Request, who: Signed) -> web.StreamResponse:
    if not request.app[RATES].allows(who.account.name, who.now_s):
        return too_many(1)
    asked = asked_for(who)

    def placing() -> Answered:
        try:
            placed = request.app[FLOOR].place(who.account, asked, who.at_ms)
        except OrderRefused as refused:
            raise RestRefusal(refused.code, refused.message) from None
        return Answered(placed, answer(_named(placed) | {"transactTime": placed.created_ms}))

    return await request.app[DESK].trading.answer(request, asked.symbol, placing)


async def judge(request: web.Request, who: Signed) -> web.Response:
    """Everything is checked but what the account has, and nothing is placed."""
    try:
        request.app[FLOOR].judge(who.account, asked_for(who), who.at_ms)
    except OrderRefused as refused:
        raise RestRefusal(refused.code, refused.message) from None
    return answer({})


def asked_for(who: Signed) -> OrderRequest:
    """The order that a request describes. Raises RestRefusal."""
    client_id = who.parameters.get("newClientOrderId", "")
    if len(client_id) > CLIENT_ID_MAX:
        raise _illegal("newClientOrderId")
    quantity, amount = _number(who, "quantity"), _number(who, "quoteOrderQty")
    if quantity is None and amount is None:
        raise RestRefusal(MISSING, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.")
    return OrderRequest(
        symbol=who.required("symbol"),
        side=Side(_choice(who, "side", Side)),
        kind=Kind(_choice(who, "type", Kind)),
        quantity=quantity,
        amount=amount,
        price=_number(who, "price"),
        client_id=client_id,
    )


def _choice(who: Signed, name: str, choices: Iterable[str]) -> str:
    text = who.required(name)
    if text not in list(choices):
        raise _illegal(name)
    return text


def _number(who: Signed, name: str) -> Decimal | None:
    text = who.parameters.get(name)
    if not text:
        return None
    if not NUMBER.fullmatch(text):
        raise _illegal(name)
    return Decimal(text)


def _illegal(name: str) -> RestRefusal:
    return RestRefusal(ILLEGAL, f"Illegal characters found in parameter '{name}'.")


async def one(request: web.Request, who: Signed) -> web.Response:
    return answer(order_told(_known(request, who)))


async def cancel(request: web.Request, who: Signed) -> web.Response:
    """An order that is at its end is as unknown as one that never was."""
    placed = _known(request, who)
    if not request.app[FLOOR].cancel(placed, who.at_ms):
        raise _unknown()
    return answer(order_told(placed))


async def cancel_all(request: web.Request, who: Signed) -> web.Response:
    open_ones = _open(request, who)
    return answer([order_told(placed) for placed in open_ones if request.app[FLOOR].cancel(placed, who.at_ms)])


def _known(request: web.Request, who: Signed) -> FloorOrder:
    symbol = who.required("symbol")
    if symbol not in request.app[FLOOR].listings:
        raise invalid_symbol()
    request.app[FLOOR].move(symbol, who.at_ms)
    order_id, client_id = who.parameters.get("orderId", ""), who.parameters.get("origClientOrderId", "")
    if not order_id and not client_id:
        raise RestRefusal(MISSING, "Mandatory parameter 'orderId' was not sent, was empty/null, or malformed.")
    placed = who.account.orders.get(order_id) if order_id else who.account.named(client_id)
    if placed is None or placed.asked.symbol != symbol:
        raise _unknown()
    return placed


def _unknown() -> RestRefusal:
    return RestRefusal(UNKNOWN_ORDER, "Unknown order sent.")


async def open_orders(request: web.Request, who: Signed) -> web.Response:
    return answer([order_told(placed) for placed in _open(request, who)])


def _open(request: web.Request, who: Signed) -> list[FloorOrder]:
    symbols = set(filter(None, who.required("symbol").split(",")))
    for symbol in symbols:
        request.app[FLOOR].move(symbol, who.at_ms)
    return [one for one in who.account.orders.values() if one.asked.symbol in symbols and one.order.open]


async def all_orders(request: web.Request, who: Signed) -> web.Response:
    symbol = who.required("symbol")
    request.app[FLOOR].move(symbol, who.at_ms)
    rows = [order_told(placed) for placed in who.account.orders.values() if placed.asked.symbol == symbol]
    return answer(rows[-min(who.whole("limit") or 500, ORDERS_MAX) :])


async def account(request: web.Request, who: Signed) -> web.Response:
    for symbol in {placed.asked.symbol for placed in who.account.orders.values() if placed.order.open}:
        request.app[FLOOR].move(symbol, who.at_ms)
    balances = who.account.balances.by_asset
    return answer(
        {
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "updateTime": None,
            "accountType": "SPOT",
            "balances": [
                {"asset": asset, "free": plain(has.free), "locked": plain(has.locked), "available": plain(has.free)}
                for asset, has in balances.items()
                if has.free or has.locked
            ],
            "permissions": ["SPOT"],
        }
    )


async def my_trades(request: web.Request, who: Signed) -> web.Response:
    """The newest first."""
    symbol, order_id = who.required("symbol"), who.parameters.get("orderId")
    start_ms, end_ms = who.whole("startTime") or 0, who.whole("endTime")
    request.app[FLOOR].move(symbol, who.at_ms)
    rows = [
        _trade_row(trade)
        for trade in reversed(request.app[DESK].trading.listed(who.account.trades, who.at_ms))
        if trade.placed.asked.symbol == symbol
        and (not order_id or trade.placed.order.order_id == order_id)
        and start_ms <= trade.at_ms
        and (end_ms is None or trade.at_ms <= end_ms)
    ]
    return answer(rows[: min(who.whole("limit") or TRADES_MAX, TRADES_MAX)])


async def coins(request: web.Request, who: Signed) -> web.Response:
    """There is nothing to send coins to; clients that ask in passing are content with none."""
    return answer([])


def _named(placed: FloorOrder) -> dict[str, Any]:
    asked = placed.asked
    return {
        "symbol": asked.symbol,
        "orderId": placed.order.order_id,
        "orderListId": -1,
        "price": plain(asked.price or ZERO),
        "origQty": plain(asked.quantity or ZERO),
        "type": asked.kind,
        "side": asked.side,
    }


def order_told(placed: FloorOrder) -> dict[str, Any]:
    """An order as it is now."""
    return _named(placed) | {
        "clientOrderId": placed.asked.client_id or None,
        "executedQty": plain(placed.filled),
        "cummulativeQuoteQty": plain(placed.paid),
        "status": placed.state,
        "timeInForce": None,
        "stopPrice": None,
        "icebergQty": None,
        "time": placed.created_ms,
        "updateTime": placed.updated_ms,
        "isWorking": placed.order.open,
        "origQuoteOrderQty": plain(placed.asked.amount or ZERO),
    }


def _trade_row(trade: FloorTrade) -> dict[str, Any]:
    placed = trade.placed
    return {
        "symbol": placed.asked.symbol,
        "id": trade.trade_id,
        "orderId": placed.order.order_id,
        "orderListId": -1,
        "price": plain(trade.price),
        "qty": plain(trade.quantity),
        "quoteQty": plain(trade.price * trade.quantity),
        "commission": plain(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at_ms,
        "isBuyer": placed.asked.side is Side.BUY,
        "isMaker": trade.maker,
        "isBestMatch": True,
        "isSelfTrade": trade.self_trade,
        "clientOrderId": placed.asked.client_id or None,
    }

"""The lines of the trading floor's journal: what one act changed, as JSON, and the accounts that such lines make.

    {"market": {"source": …, "seed": …, …}}                                        the first: of which market it is
    {"at_ms": 1767225600000, "orders": […], "trades": […], "payments": […], "balances": [["paper", "USDT", "99", "0"]]}

A line is an act, whole: an order with what it traded at once, a cancel, a look at the market. Orders and balances are
told as they are after it, trades and payments once. Amounts are texts in their own units, free before locked; an order
keeps its ticks and steps beside them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from mexc_sim.trading.accounts import Balance, BalanceChange
from mexc_sim.trading.floor import FloorOrder, FloorTrade, News, OrderRequest, Payment, SimAccount
from mexc_sim.trading.matching import Kind, Side, SimOrder

Row = dict[str, Any]
IN_TICKS = ("price", "quantity", "amount", "filled", "paid")


def market_line(market: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"market": dict(market)}) + b"\n"


def act_line(heard: Sequence[tuple[SimAccount, News, int]], orders: Iterable[FloorOrder]) -> bytes:
    """What was heard of one act, and the orders it touched as they are now."""
    balances = {
        (account.name, news.asset): [account.name, news.asset, _text(news.free), _text(news.locked)]
        for account, news, _ in heard
        if isinstance(news, BalanceChange)
    }
    return _line(
        max((at_ms for _, _, at_ms in heard), default=0),
        [order_row(one) for one in orders],
        [trade_row(news) for _, news, _ in heard if isinstance(news, FloorTrade)],
        [payment_row(account, news) for account, news, _ in heard if isinstance(news, Payment)],
        list(balances.values()),
    )


def account_lines(account: SimAccount, at_ms: int) -> Iterable[bytes]:
    """All there is of an account: a line an order, and one of the rest."""
    for placed in account.orders.values():
        yield _line(placed.updated_ms, [order_row(placed)], [], [], [])
    balances = [
        [account.name, asset, _text(has.free), _text(has.locked)] for asset, has in account.balances.by_asset.items()
    ]
    trades = [trade_row(trade) for trade in account.trades]
    yield _line(at_ms, [], trades, [payment_row(account, one) for one in account.payments], balances)


def _line(at_ms: int, orders: list[Row], trades: list[Row], payments: list[Row], balances: list[list[str]]) -> bytes:
    told = {"orders": orders, "trades": trades, "payments": payments, "balances": balances}
    return orjson.dumps({"at_ms": at_ms, **{name: rows for name, rows in told.items() if rows}}) + b"\n"


def order_row(placed: FloorOrder) -> Row:
    asked = placed.asked
    return {
        "account": placed.account,
        "id": placed.order.order_id,
        "client_id": asked.client_id,
        "symbol": asked.symbol,
        "side": asked.side,
        "type": asked.kind,
        "quantity": _text_or_none(asked.quantity),
        "amount": _text_or_none(asked.amount),
        "price": _text_or_none(asked.price),
        "state": placed.state,
        "filled": _text(placed.filled),
        "paid": _text(placed.paid),
        "over": placed.over,
        "locked": _text(placed.locked),
        "locked_asset": placed.locked_asset,
        "created_ms": placed.created_ms,
        "updated_ms": placed.updated_ms,
        "canceled": placed.order.canceled,
        # As texts: an amount in ticks times steps may have more than 64 bits.
        "in_ticks": {name: str(value) for name in IN_TICKS if (value := getattr(placed.order, name)) is not None},
    }


def trade_row(trade: FloorTrade) -> Row:
    return {
        "account": trade.placed.account,
        "id": trade.trade_id,
        "order": trade.placed.order.order_id,
        "price": _text(trade.price),
        "quantity": _text(trade.quantity),
        "fee": _text(trade.fee),
        "fee_asset": trade.fee_asset,
        "maker": trade.maker,
        "self_trade": trade.self_trade,
        "at_ms": trade.at_ms,
    }


def payment_row(account: SimAccount, payment: Payment) -> Row:
    return {
        "account": account.name,
        "asset": payment.asset,
        "amount": _text(payment.amount),
        "at_ms": payment.at_ms,
    }


def take(accounts: dict[str, SimAccount], line: Mapping[str, Any]) -> None:
    """Bring the accounts to where they were after this act. Raises KeyError, TypeError, ValueError or ArithmeticError
    for what is no such line."""

    def of(name: str) -> SimAccount:
        return accounts.setdefault(name, SimAccount(name=name))

    for row in line.get("orders", []):
        _keep(of(row["account"]).orders, row)
    for row in line.get("trades", []):
        account = of(row["account"])
        account.trades.append(_trade(account.orders[row["order"]], row))
    for row in line.get("payments", []):
        paid = Payment(row["asset"], Decimal(row["amount"]), int(row["at_ms"]))
        of(row["account"]).payments.append(paid)
    for name, asset, free, locked in line.get("balances", []):
        of(name).balances.by_asset[asset] = Balance(Decimal(free), Decimal(locked))


def _keep(orders: dict[str, FloorOrder], row: Row) -> None:
    """The order of a row in its place; one that is known stays the same object, for its trades know it."""
    fresh = _order(row)
    known = orders.setdefault(fresh.order.order_id, fresh)
    if known is not fresh:
        for name in FloorOrder.__slots__:
            setattr(known, name, getattr(fresh, name))


def _order(row: Row) -> FloorOrder:
    side, kind = Side(row["side"]), Kind(row["type"])
    in_ticks: dict[str, int] = {name: int(text) for name, text in row["in_ticks"].items()}
    return FloorOrder(
        asked=OrderRequest(
            symbol=row["symbol"],
            side=side,
            kind=kind,
            quantity=_number_or_none(row["quantity"]),
            amount=_number_or_none(row["amount"]),
            price=_number_or_none(row["price"]),
            client_id=row["client_id"],
        ),
        order=SimOrder(order_id=row["id"], side=side, kind=kind, canceled=row["canceled"], **in_ticks),
        account=row["account"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        filled=Decimal(row["filled"]),
        paid=Decimal(row["paid"]),
        over=row["over"],
        locked_asset=row["locked_asset"],
        locked=Decimal(row["locked"]),
    )


def _trade(placed: FloorOrder, row: Row) -> FloorTrade:
    return FloorTrade(
        trade_id=row["id"],
        placed=placed,
        price=Decimal(row["price"]),
        quantity=Decimal(row["quantity"]),
        fee=Decimal(row["fee"]),
        fee_asset=row["fee_asset"],
        maker=row["maker"],
        self_trade=row["self_trade"],
        at_ms=row["at_ms"],
    )


def _text(number: Decimal) -> str:
    return format(number, "f")


def _text_or_none(number: Decimal | None) -> str | None:
    return None if number is None else _text(number)


def _number_or_none(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

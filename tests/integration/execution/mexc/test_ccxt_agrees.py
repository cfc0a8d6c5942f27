"""ccxt, which others wrote, and our client read the same of one account: order, trades, fees, balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt.async_support as ccxt

from tests.integration.execution.mexc.exchange_rig import KEY, SECRET, SYMBOL, ExchangeRig

PAIR = "SOL/USDT"


async def read_with_ccxt(exchange: ExchangeRig, client_order_id: str) -> tuple[Any, Any, Any]:
    site = exchange.site
    spot = {"public": site.url, "private": site.url}
    contract = {"public": f"{site.url}/api/v1/contract", "private": f"{site.url}/api/v1/private"}
    urls = {"api": {"spot": spot, "contract": contract}}
    client = ccxt.mexc({"urls": urls, "enableRateLimit": False, "apiKey": KEY, "secret": SECRET, "number": str})
    try:
        await client.load_markets()
        client.options["timeDifference"] = client.milliseconds() - int(site.clock.now_s() * 1000)
        order = await client.fetch_order(None, PAIR, {"clientOrderId": client_order_id})
        trades = await client.fetch_my_trades(PAIR)
        return order, [trade for trade in trades if trade["order"] == order["id"]], await client.fetch_balance()
    finally:
        await client.close()


def test_ccxt_and_we_read_the_same(exchange: ExchangeRig) -> None:
    venue, ticket = exchange.venue(), exchange.ticket(quantity="3")
    [report] = venue.submit([ticket])

    order, trades, balance = exchange.loop.run(read_with_ccxt(exchange, ticket.client_order_id))

    assert (order["id"], order["status"]) == (report.venue_order_id, "closed")
    assert Decimal(order["filled"]) == sum(trade.quantity for trade in report.trades) == 3
    ours = {one.trade_id: (one.price, one.quantity, one.fee, one.fee_asset, one.maker) for one in report.trades}
    theirs = {
        trade["id"]: (
            Decimal(trade["price"]), Decimal(trade["amount"]), Decimal(trade["fee"]["cost"]), trade["fee"]["currency"],
            trade["takerOrMaker"] == "maker",
        )
        for trade in trades
    }  # fmt: skip
    assert ours == theirs
    records = venue.records([SYMBOL], ticket.claimed_at)
    assert {asset: Decimal(balance[asset]["total"]) for asset in records.balances} == records.balances
    assert {one.trade.trade_id for one in records.trades if one.venue_order_id == order["id"]} == set(ours)

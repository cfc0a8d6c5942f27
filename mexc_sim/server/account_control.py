"""Where an operator acts on the simulated accounts from outside: /control/accounts, beside the exchange's endpoints.

GET tells what each account has, POST …/NAME/payments pays in or out ({"asset": "USDT", "amount": "-100"}), POST
…/NAME/orders places an order as somebody else with the same key would, with the fields of the exchange's endpoint, and
DELETE …/NAME/orders/ID cancels one. The account's own stream tells of all of it. Guarded as the orders of faults are.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import web

from cdb_site.units import plain
from mexc_sim.faults.control import check, refusal
from mexc_sim.server.answers import RestRefusal
from mexc_sim.server.private import FLOOR, Signed, stated_ms
from mexc_sim.server.rest_facts import CLOCK
from mexc_sim.server.rest_orders import asked_for, order_told
from mexc_sim.trading.accounts import Overdrawn
from mexc_sim.trading.floor import OrderRefused, SimAccount

PATH = "/control/accounts"
ASSET, AMOUNT = re.compile(r"\w{1,20}"), re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")


class ControlRefusal(Exception):
    """A request of an operator that cannot be used: the HTTP status, and what would be."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def routes() -> list[web.RouteDef]:
    return [
        web.get(PATH, _guarded(_tell)),
        web.post(PATH + "/{name}/payments", _guarded(_pay)),
        web.post(PATH + "/{name}/orders", _guarded(_place)),
        web.delete(PATH + "/{name}/orders/{id}", _guarded(_cancel)),
    ]


def _guarded(handler: Callable[[web.Request], Awaitable[web.Response]]) -> Callable[..., Awaitable[web.Response]]:
    """Not for web pages; what the exchange refuses is refused in the words of the control endpoint."""

    async def guarded(request: web.Request) -> web.Response:
        check(request)
        try:
            return await handler(request)
        except ControlRefusal as refused:
            return refusal(refused.status, str(refused))
        except (RestRefusal, OrderRefused) as refused:
            return refusal(400, f"{refused.code}: {refused}")
        except Overdrawn as asset:
            return refusal(400, f"amount: there is less of {asset} free.")

    return guarded


async def _tell(request: web.Request) -> web.Response:
    accounts = request.app[FLOOR].accounts.values()
    return web.json_response({"accounts": [_told(account) for account in accounts]})


def _told(account: SimAccount) -> dict[str, Any]:
    return {
        "name": account.name,
        "balances": {
            asset: {"free": plain(has.free), "locked": plain(has.locked)}
            for asset, has in account.balances.by_asset.items()
        },
        "open_orders": [order_told(one) for one in account.orders.values() if one.order.open],
        "orders": len(account.orders),
        "trades": len(account.trades),
    }


async def _pay(request: web.Request) -> web.Response:
    who = await _asked(request)
    asset, amount = who.required("asset"), who.required("amount")
    if not ASSET.fullmatch(asset) or not AMOUNT.fullmatch(amount) or not Decimal(amount):
        return refusal(400, "asset, amount: expected such as USDT and 100, or -100 to pay out.")
    request.app[FLOOR].pay(who.account, asset, Decimal(amount), who.at_ms)
    return web.json_response(_told(who.account), status=201)


async def _place(request: web.Request) -> web.Response:
    who = await _asked(request)
    placed = request.app[FLOOR].place(who.account, asked_for(who), who.at_ms)
    return web.json_response(order_told(placed), status=201)


async def _cancel(request: web.Request) -> web.Response:
    account, order_id = _account(request), request.match_info["id"]
    placed = account.orders.get(order_id)
    if placed is None or not request.app[FLOOR].cancel(placed, stated_ms(request.app)):
        return refusal(404, f"id: {account.name} has no open order {order_id}.")
    return web.json_response(order_told(placed))


async def _asked(request: web.Request) -> Signed:
    """What is asked for, as if the account had signed it."""
    if request.content_type != "application/json":
        raise ControlRefusal(415, f"Content-Type: expected application/json, got {request.content_type}.")
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as problem:
        raise ControlRefusal(400, f"body: no JSON ({problem}).") from problem
    if not isinstance(body, Mapping) or not all(isinstance(value, str) for value in body.values()):
        raise ControlRefusal(400, "body: expected an object of texts.")
    now_s = request.app[CLOCK].clock.monotonic_s()
    return Signed(_account(request), dict(body), stated_ms(request.app), now_s)


def _account(request: web.Request) -> SimAccount:
    accounts, name = request.app[FLOOR].accounts, request.match_info["name"]
    if name not in accounts:
        known = f"There are {', '.join(accounts)}." if accounts else "There are none; start with --accounts FILE."
        raise ControlRefusal(404, f"name: no account {name!r}. {known}")
    return accounts[name]

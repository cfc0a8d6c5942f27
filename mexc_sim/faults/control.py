"""Where an operator orders faults of the simulated exchange: /control/faults, beside the exchange's own endpoints.

POST orders one (JSON body, see the table of faults), GET tells what holds, what was done and what there is, DELETE
ends all or, with an id, one. Every request needs the header `X-Sim-Control: 1`, and one that a web page sent
(browsers then add Origin) is refused: no page open in the operator's browser can break the market.
"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from mexc_sim.faults.catalog import KINDS, FaultProblem, read_fault
from mexc_sim.faults.desk import CONTROL_HEADER, FaultDesk
from mexc_sim.faults.kinds import SYMBOLS

DESK = web.AppKey("desk", FaultDesk)
PATH = "/control/faults"


def routes() -> list[web.RouteDef]:
    return [
        web.post(PATH, _order),
        web.get(PATH, _tell),
        web.delete(PATH, _end_all),
        web.delete(PATH + "/{id}", _end_one),
    ]


async def _order(request: web.Request) -> web.Response:
    check(request)
    if request.content_type != "application/json":
        return refusal(415, f"Content-Type: expected application/json, got {request.content_type}.")
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as problem:
        return refusal(400, f'body: no JSON ({problem}). Send an object such as {{"kind": "silence"}}.')
    if not isinstance(body, dict):
        return refusal(400, 'body: expected an object such as {"kind": "silence", "seconds": 20}.')
    desk = request.app[DESK]
    try:
        fault = read_fault(body, desk.exchange.rows)
        if KINDS[fault.kind].needs_accounts and not desk.accounts:
            raise FaultProblem(f"kind: {fault.kind} needs an exchange with accounts. Start it with --accounts FILE.")
        acting = desk.begin(fault)
    except FaultProblem as problem:
        return refusal(400, str(problem))
    return web.json_response({"id": acting.fault_id, "fault": acting.fault.sentence}, status=201)


async def _tell(request: web.Request) -> web.Response:
    check(request)
    return web.json_response({**request.app[DESK].report(), "kinds": described()})


async def _end_all(request: web.Request) -> web.Response:
    check(request)
    return web.json_response({"ended": request.app[DESK].end()})


async def _end_one(request: web.Request) -> web.Response:
    check(request)
    text = request.match_info["id"]
    if not text.isdigit() or not request.app[DESK].end(int(text)):
        return refusal(404, f"id: no fault {text} holds now. GET {PATH} lists those that do.")
    return web.json_response({"ended": 1})


def described() -> list[dict[str, Any]]:
    """The table of faults as plain values."""
    return [
        {
            "kind": kind.name,
            "help": kind.help,
            "seen": kind.seen,
            "category": kind.category,
            "needs_accounts": kind.needs_accounts,
            SYMBOLS: kind.by_symbol,
            "fields": [
                {"name": item.name, "default": item.default, "low": item.low, "high": item.high, "help": item.help}
                for item in kind.fields
            ],
        }
        for kind in KINDS.values()
    ]


def check(request: web.Request) -> None:
    """Refuse what a web page could have sent."""
    if request.headers.get(CONTROL_HEADER) != "1":
        raise _forbidden(f"{CONTROL_HEADER}: header missing. Send `{CONTROL_HEADER}: 1`.")
    if "Origin" in request.headers:
        raise _forbidden("Origin: faults are not ordered from web pages. Use `manage.py sim_fault`.")


def _forbidden(message: str) -> web.HTTPForbidden:
    return web.HTTPForbidden(text=orjson.dumps({"error": message}).decode(), content_type="application/json")


def refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)

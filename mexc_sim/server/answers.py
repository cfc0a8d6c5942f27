"""How the simulated exchange refuses a request, and how its endpoints read their parameters.

Seen at the exchange or documented: -1121 for a symbol or interval it does not know, 700004 for a parameter that is
missing, 700008 for characters that do not belong there, 429. By analogy: -1128 for a range that ends before it
begins or is too long, 404 and 405 as code and status for what is no endpoint, 500 for a failure of our own.
"""

from __future__ import annotations

import logging
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

log = logging.getLogger(__name__)

BAD_SYMBOL, MISSING, ILLEGAL, BAD_COMBINATION = -1121, 700004, 700008, -1128


class RestRefusal(Exception):
    """An answer of the exchange that says no: its code, its sentence, the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def answer(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is told as JSON with the exchange's fields."""
    try:
        return await handler(request)
    except RestRefusal as refusal:
        return answer({"code": refusal.code, "msg": refusal.message}, refusal.status)
    except web.HTTPNotFound:
        return answer({"code": 404, "msg": f"no endpoint {request.path}"}, 404)
    except web.HTTPMethodNotAllowed:
        return answer({"code": 405, "msg": f"no {request.method} {request.path}"}, 405)
    except web.HTTPException:
        raise
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return answer({"code": 500, "msg": "Internal error"}, 500)


def invalid_symbol() -> RestRefusal:
    return RestRefusal(BAD_SYMBOL, "Invalid symbol.")


def required(request: web.Request, name: str) -> str:
    text = request.query.get(name, "")
    if not text:
        raise RestRefusal(MISSING, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return text


def whole_number(request: web.Request, name: str) -> int | None:
    """None where it was not sent."""
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise RestRefusal(ILLEGAL, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,16}}$'.")
    return int(text)


def limit(request: web.Request, *, default: int, maximum: int) -> int:
    """How many rows are wanted; more than the maximum is taken as the maximum."""
    wanted = whole_number(request, "limit")
    if wanted == 0:
        raise RestRefusal(ILLEGAL, "Illegal characters found in parameter 'limit'; at least 1 is legal.")
    return min(default if wanted is None else wanted, maximum)


def time_range(request: web.Request) -> tuple[int | None, int | None]:
    """`startTime` and `endTime` in milliseconds as far as they were sent."""
    start_ms, end_ms = whole_number(request, "startTime"), whole_number(request, "endTime")
    if start_ms is not None and end_ms is not None and start_ms > end_ms:
        raise RestRefusal(BAD_COMBINATION, "Combination of optional parameters invalid.")
    return start_ms, end_ms

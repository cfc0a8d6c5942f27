"""How an answer of the exchange's REST API is read, of public and private endpoints alike.

A trouble of the exchange's own may come with status 200: its code tells. What asking again may mend is TryAgain, with
a short label for the metric; an error answer is RequestRefused with the exchange's code; content that is not what the
endpoint is documented to send is BadAnswer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import orjson

from marketdata.mexc import rows
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused

BODY_MAX = 16 * 1024 * 1024
CHUNK = 64 * 1024
TOO_MANY = (418, 429)
CODE = re.compile(r"-?[0-9]{1,9}")


class TryAgain(MexcProblem):
    """No usable answer, but asking again may bring one. `outcome` is the metric's label, `pause_s` what the exchange
    wants to be left alone for."""

    def __init__(self, outcome: str, reason: str, *, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.outcome, self.pause_s = outcome, pause_s


class Pauses(Protocol):
    """Who is told that the exchange said 429, and says how long all wait now. Seconds."""

    async def refused(self, told_s: float | None) -> float: ...


async def usable_answer(endpoint: str, response: aiohttp.ClientResponse, pauses: Pauses) -> Any:
    """The content of an answer. Raises TryAgain, RequestRefused, BadAnswer."""
    told_s = retry_after_s(response.headers)
    if response.status in TOO_MANY:
        pause_s = await pauses.refused(told_s)
        raise TryAgain("too_many", f"HTTP {response.status}, all wait {pause_s:.1f} s")
    if response.status >= 500:
        raise TryAgain("server_error", f"HTTP {response.status}", pause_s=told_s or 0.0)
    body = read_content(endpoint, response.status, await _body(endpoint, response))
    if told_code(body) in TOO_MANY:
        pause_s = await pauses.refused(None)
        raise TryAgain("too_many", f"HTTP 200, code {told_code(body)}, all wait {pause_s:.1f} s")
    return body


async def _body(endpoint: str, response: aiohttp.ClientResponse) -> bytes:
    """All of it, in as many pieces as it comes. Raises BadAnswer when there is no end to it."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        content += chunk
        if len(content) > BODY_MAX:
            raise BadAnswer(endpoint, f"more than {BODY_MAX >> 20} MiB")
    return bytes(content)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds the exchange wants to be left alone; None where it does not say, or says a date."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read_content(endpoint: str, status: int, content: bytes) -> Any:
    """What a body says. Raises TryAgain for a code that means the exchange's own trouble, RequestRefused, BadAnswer."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        raise BadAnswer(endpoint, f"no JSON (HTTP {status}): {problem}") from problem
    code = told_code(body)
    if status == 200 and code is not None and 500 <= code < 600:
        raise TryAgain("server_error", f"HTTP 200, code {code}")
    if status != 200 or code not in (None, 0, 200, *TOO_MANY):
        told = body if isinstance(body, dict) else {}
        raise RequestRefused(endpoint, status=status, code=code, message=str(told.get("msg", ""))[:200])
    return body


def told_code(body: Any) -> int | None:
    """The exchange's own code in an answer's content, which some of its gateways write as a text."""
    code = body.get("code") if isinstance(body, dict) else None
    if isinstance(code, str) and CODE.fullmatch(code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def listed(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise TypeError(f"no list but {type(content).__name__}")
    return content


class shape_of:
    """Turns a surprise in an answer's content into BadAnswer naming the endpoint."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, _: object) -> None:
        if isinstance(problem, rows.SURPRISES):
            raise BadAnswer(self.endpoint, f"unexpected content: {problem!r}"[:300]) from problem

"""The two calls of Telegram's Bot API that commands need: what was written to the bot, and an answer.

The token is part of every address, so no address reaches a log or an error: what failed is told by its kind alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import aiohttp

POLL_S = 25
# Beyond what the other side promised, an answer is not waited for.
POLL_MOST_S = POLL_S + 10
SEND_MOST_S = 10
TEXT_MOST = 3_500
BODY_MOST = 4_000_000


class BotProblem(Exception):
    """Telegram did not do it: what it said, and how long it asks to wait."""

    def __init__(self, words: str, *, wait_s: float = 0.0) -> None:
        super().__init__(words)
        self.wait_s = wait_s


@dataclass(frozen=True, kw_only=True)
class BotApi:
    base_url: str
    token: str

    async def updates(self, offset: int | None) -> list[dict[str, Any]]:
        """What was written since; waits up to POLL_S for something. BotProblem when it cannot be had."""
        asked: dict[str, Any] = {"timeout": POLL_S, "limit": 50, "allowed_updates": ["message"]}
        if offset is not None:
            asked["offset"] = offset
        found = await self._call("getUpdates", asked, POLL_MOST_S)
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    async def say(self, chat_id: int, text: str) -> None:
        await self._call("sendMessage", {"chat_id": chat_id, "text": text[:TEXT_MOST]}, SEND_MOST_S)

    async def _call(self, method: str, asked: dict[str, Any], within_s: float) -> Any:
        address = f"{self.base_url.rstrip('/')}/bot{self.token}/{method}"
        limit = aiohttp.ClientTimeout(total=within_s, connect=SEND_MOST_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, trust_env=True) as session,
                session.post(address, json=asked, allow_redirects=False) as answer,
            ):
                return _result(answer.status, await _body(answer))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as problem:
            raise BotProblem(f"{method}: {type(problem).__name__}") from None


async def _body(answer: aiohttp.ClientResponse) -> Any:
    raw = bytearray()
    async for piece in answer.content.iter_chunked(65_536):
        raw += piece
        if len(raw) > BODY_MOST:
            raise BotProblem("the answer is too long")
    return json.loads(raw)


def _result(status: int, body: Any) -> Any:
    told = body if isinstance(body, dict) else {}
    if status == 200 and told.get("ok"):
        return told.get("result")
    more = told.get("parameters")
    wait_s = more.get("retry_after", 0) if isinstance(more, dict) else 0
    words = {401: "the token is not known", 404: "the token is not known", 409: "another program asks for this bot"}
    raise BotProblem(
        f"{status}: {words.get(status, 'refused')}", wait_s=float(wait_s) if isinstance(wait_s, (int, float)) else 0.0
    )

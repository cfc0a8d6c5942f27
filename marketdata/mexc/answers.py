"""The exchange's text answers on a socket: which channel is granted or refused, and that a ping was heard.

A refusal carries code 0 like an acknowledgement; only the text tells them apart. An answer that is neither raises
BadFrame with a short reason, whatever its bytes are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from marketdata.mexc.errors import BadFrame

REFUSED = re.compile(r"Not Subscribed successfully! \[(.+?)\]\.")
CHANNEL = "spot@"


class ChannelAnswer(NamedTuple):
    """`channel` is empty for the answer to a ping."""

    channel: str
    granted: bool


PONG = ChannelAnswer("", True)


def read_answer(text: bytes | str) -> ChannelAnswer:
    """One text frame. Raises BadFrame."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise BadFrame("text", str(problem)) from problem
    said = told.get("msg") if isinstance(told, dict) else None
    if not isinstance(said, str):
        raise BadFrame("answer", "no msg")
    if said.upper() == "PONG":
        return PONG
    refused = REFUSED.match(said)
    if refused:
        return ChannelAnswer(refused[1], False)
    if not said.startswith(CHANNEL):
        raise BadFrame("answer", said[:80])
    return ChannelAnswer(said, True)

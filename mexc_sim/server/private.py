"""Who asks: keys, signatures and times of the simulated exchange's private endpoints.

Refused as the exchange does: 10072 for a key it does not know, 700002 for a signature that does not fit, 700003 for a
time outside of the window of the exchange's clock, 700004 for what is missing. Times are the market's, windows are wall
milliseconds: at rate 60 one of them is 60 of the market, as the network between is not faster there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from mexc_sim.faults.control import DESK
from mexc_sim.server.answers import ILLEGAL, MISSING, RestRefusal
from mexc_sim.server.rest_facts import CLOCK
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.floor import SimAccount, TradingFloor
from mexc_sim.trading.signing import split, valid

BAD_KEY, BAD_SIGNATURE, BAD_TIME = 10072, 700002, 700003
WINDOW_MS, WINDOW_MAX_MS, AHEAD_MS = 5000, 60000, 1000
KEY_HEADER = "X-MEXC-APIKEY"


@dataclass(frozen=True, slots=True)
class Signed:
    """A request that was verified, and what it says; `at_ms` is the exchange's time, `now_s` monotonic wall time."""

    account: SimAccount
    parameters: Mapping[str, str]
    at_ms: int
    now_s: float

    def required(self, name: str) -> str:
        text = self.parameters.get(name, "")
        if not text:
            raise RestRefusal(MISSING, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        return text

    def whole(self, name: str) -> int | None:
        """None where it was not sent."""
        text = self.parameters.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 16):
            raise RestRefusal(ILLEGAL, f"Illegal characters found in parameter '{name}'.")
        return int(text)


FLOOR = web.AppKey("floor", TradingFloor)
KEYS: web.AppKey[dict[str, ApiKey]] = web.AppKey("keys")


def stated_ms(app: web.Application) -> int:
    """The exchange's time, which a fault may skew."""
    return int((app[CLOCK].now_s() + app[DESK].clock_skew_s()) * 1000)


def signed(
    handler: Callable[[web.Request, Signed], Awaitable[web.StreamResponse]],
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """The endpoint for whoever signs with a known key."""

    async def verified(request: web.Request) -> web.StreamResponse:
        return await handler(request, await verify(request))

    return verified


async def verify(request: web.Request) -> Signed:
    """Raises RestRefusal."""
    key = request.app[KEYS].get(request.headers.get(KEY_HEADER, ""))
    if key is None:
        raise RestRefusal(BAD_KEY, "Api key info invalid")
    query, body = request.raw_path.partition("?")[2].encode(), await request.read()
    message, signature = split(query, body)
    if not signature or not valid(message, signature, key.secret):
        raise RestRefusal(BAD_SIGNATURE, "Signature for this request is not valid.")
    parameters = dict(parse_qsl(b"&".join(filter(None, (query, body))).decode("utf-8", "replace")))
    found = Signed(key.account, parameters, stated_ms(request.app), request.app[CLOCK].clock.monotonic_s())
    _in_time(found, request.app[CLOCK].market.rate)
    return found


def _in_time(found: Signed, rate: float) -> None:
    sent_ms, window_ms = found.whole("timestamp"), found.whole("recvWindow")
    if sent_ms is None:
        found.required("timestamp")
        return
    allowed_ms = min(WINDOW_MS if window_ms is None else window_ms, WINDOW_MAX_MS)
    if not found.at_ms - allowed_ms * rate <= sent_ms <= found.at_ms + AHEAD_MS * rate:
        raise RestRefusal(BAD_TIME, "Timestamp for this request is outside of the recvWindow.")

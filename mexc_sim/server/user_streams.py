"""Listen keys: whoever has one may open sockets that show the account's own orders, trades and balances.

A key lives an hour and is extended by asking; an account has 60 at most, a key 5 sockets. All in wall time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from aiohttp import web

from mexc_sim.server.answers import RestRefusal, answer
from mexc_sim.server.private import Signed, signed
from mexc_sim.trading.floor import SimAccount

LIFETIME_S, KEYS_MAX, SOCKETS_MAX = 3600.0, 60, 5
TOO_MANY, UNKNOWN = 700006, 700007


@dataclass(slots=True)
class ListenKey:
    account: SimAccount
    ends_s: float


class ListenKeys:
    """`now_s` is always monotonic wall time."""

    def __init__(self) -> None:
        self._keys: dict[str, ListenKey] = {}

    def create(self, account: SimAccount, now_s: float) -> str:
        if len(self.of(account, now_s)) >= KEYS_MAX:
            raise RestRefusal(TOO_MANY, f"An account has {KEYS_MAX} listen keys at most.")
        key = secrets.token_hex(32)
        self._keys[key] = ListenKey(account, now_s + LIFETIME_S)
        return key

    def of(self, account: SimAccount, now_s: float) -> list[str]:
        return [key for key, known in self._keys.items() if known.account is account and known.ends_s > now_s]

    def account(self, key: str, now_s: float) -> SimAccount | None:
        """Whose key it is; None when it is unknown or its time is over."""
        known = self._keys.get(key)
        return known.account if known is not None and known.ends_s > now_s else None

    def extend(self, account: SimAccount, key: str, now_s: float) -> None:
        self._own(account, key, now_s).ends_s = now_s + LIFETIME_S

    def end(self, account: SimAccount, key: str, now_s: float) -> None:
        self._own(account, key, now_s)
        del self._keys[key]

    def _own(self, account: SimAccount, key: str, now_s: float) -> ListenKey:
        if self.account(key, now_s) is not account:
            raise RestRefusal(UNKNOWN, "This listen key does not exist.")
        return self._keys[key]


LISTEN_KEYS = web.AppKey("listen_keys", ListenKeys)
PATH = "/api/v3/userDataStream"


def routes() -> list[web.RouteDef]:
    return [
        web.post(PATH, signed(create)),
        web.get(PATH, signed(known)),
        web.put(PATH, signed(extend)),
        web.delete(PATH, signed(end)),
    ]


async def create(request: web.Request, who: Signed) -> web.Response:
    return answer({"listenKey": request.app[LISTEN_KEYS].create(who.account, who.now_s)})


async def known(request: web.Request, who: Signed) -> web.Response:
    return answer({"listenKey": request.app[LISTEN_KEYS].of(who.account, who.now_s)})


async def extend(request: web.Request, who: Signed) -> web.Response:
    key = who.required("listenKey")
    request.app[LISTEN_KEYS].extend(who.account, key, who.now_s)
    return answer({"listenKey": key})


async def end(request: web.Request, who: Signed) -> web.Response:
    key = who.required("listenKey")
    request.app[LISTEN_KEYS].end(who.account, key, who.now_s)
    return answer({"listenKey": key})

"""The two ways in to a socket: a page of this site with its session, or a program with a token of the API."""

from __future__ import annotations

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.security.websocket import AllowedHostsOriginValidator

from dashboard.tokens import key_of, token_of

SOCKET_KEY = "cdb.socket_key"


class SocketDoors:
    """Who brings a token is known by it alone; anybody else must come from a page of this site."""

    def __init__(self, sockets: Any) -> None:
        self.sockets = sockets
        self.of_pages = AllowedHostsOriginValidator(AuthMiddlewareStack(sockets))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        token = token_of(scope)
        if token is None:
            return await self.of_pages(scope, receive, send)
        return await self.sockets({**scope, SOCKET_KEY: key_of(token)}, receive, send)


def socket_key(scope: dict[str, Any]) -> str | None:
    """What the socket's person is asked for by: the token's key, or that of the session."""
    if SOCKET_KEY in scope:
        return str(scope[SOCKET_KEY])
    key: str | None = scope["session"].session_key
    return key

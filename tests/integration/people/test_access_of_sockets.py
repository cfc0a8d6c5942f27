"""Every word of every socket, said by who may and by who may not (any more)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client

from dashboard.routing import websocket_urlpatterns
from people.access import SOCKETS, SocketRow
from tests.integration.people.house import browser, person

NOT_LOGGED_IN = "4401"


def test_every_socket_has_a_row() -> None:
    assert {str(item.pattern) for item in websocket_urlpatterns} == {row.route for row in SOCKETS}


def spoken(client: Client | None, says: str, expected: int = 1) -> list[str]:
    """What a socket does for that browser once this is said: the types of its answers, or the code it closes with."""
    from cdb_site.asgi import application

    async def talk() -> list[str]:
        cookies = "; ".join(f"{name}={item.value}" for name, item in client.cookies.items()) if client else ""
        headers = [(b"origin", b"http://localhost"), (b"cookie", cookies.encode())]
        socket = WebsocketCommunicator(application, "/ws/overview/", headers)
        heard = []
        try:
            await socket.connect(10)
            if says:
                await socket.send_to(text_data=says)
            while not heard or not await socket.receive_nothing(0.2 if len(heard) >= expected else 5):
                message = await socket.receive_output(10)
                if message["type"] == "websocket.close":
                    return [str(message["code"])]
                heard.append(json.loads(message["text"])["type"])
        finally:
            await socket.disconnect()
        return heard

    return asyncio.run(talk())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row", SOCKETS, ids=lambda row: row.action)
def test_a_word_on_a_socket_is_heard_from_who_may_say_it(row: SocketRow, valkey: Any) -> None:
    viewer = browser(person("viewer"))

    assert spoken(None, row.says) == [NOT_LOGGED_IN]
    assert spoken(viewer, row.says, len(row.heard))[: len(row.heard)] == list(row.heard)
    User.objects.update(is_active=False)
    assert spoken(viewer, row.says) == [NOT_LOGGED_IN]

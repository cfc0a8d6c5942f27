"""For programs: the socket opened with a token and closed when it is revoked; Swagger UI comes to life."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.ui.planting import PASSWORD, USER
from tests.ui.site import Site, order
from tests.ui.test_socket import WAIT_S, batches_until, begun, heard


def posted(site: Site, path: str, body: Any, token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(f"{site.url}/api/v1/{path}", json.dumps(body).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")


def token(site: Site) -> str:
    return str(posted(site, "auth/login/", {"username": USER, "password": PASSWORD})["token"])


@contextmanager
def opened(site: Site, *, bearer: str = "", offered: list[str] | None = None) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    address = f"ws://127.0.0.1:{site.port}/ws/overview/"
    spoken = [Subprotocol(name) for name in offered] if offered else None
    with connect(address, additional_headers=headers, subprotocols=spoken, proxy=None) as connection:
        yield connection


def closed_with(connection: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        for _ in range(1000):
            connection.recv(timeout=WAIT_S)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_a_program_with_a_token_follows_order_results_without_an_origin(marked_site: Site) -> None:
    last = str(uuid.uuid4())
    with opened(marked_site, bearer=token(marked_site)) as connection:
        begun(connection)
        marked_site.say("order_results", order(last, status="NEW", version=1))
        batches = batches_until(connection, last)

    assert batches[-1]["changes"]["orders"][-1]["id"] == last


def test_a_page_elsewhere_sends_its_token_as_a_subprotocol(marked_site: Site) -> None:
    with opened(marked_site, offered=["cdb.v1", f"bearer.{token(marked_site)}"]) as connection:
        assert connection.subprotocol == "cdb.v1"
        heard(connection, "hello")


def test_a_logout_closes_the_sockets_of_its_token_and_of_no_other(marked_site: Site) -> None:
    mine, other = token(marked_site), token(marked_site)
    with opened(marked_site, bearer=mine) as connection, opened(marked_site, bearer=other) as another:
        heard(connection, "hello")
        begun(another)
        posted(marked_site, "auth/logout/", {}, mine)

        assert closed_with(connection) == 4401
        heard(another, "tick")
    with opened(marked_site, bearer=mine) as again:
        assert closed_with(again) == 4401


@pytest.mark.parametrize("bearer", ["0" * 64, "none at all"])
def test_what_is_no_token_is_closed_with_4401(site: Site, bearer: str) -> None:
    with opened(site, bearer=bearer) as connection:
        assert closed_with(connection) == 4401


def test_swagger_ui_comes_to_life_from_this_site_alone(browser: Browser, site: Site, viewer: StorageState) -> None:
    faults: list[str] = []
    with browser.new_context(storage_state=viewer) as context:
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda problem: faults.append(str(problem)))
        page.on(
            "request", lambda asked: faults.append(asked.url) if not asked.url.startswith((site.url, "data:")) else None
        )
        page.goto(f"{site.url}/api/v1/docs/")
        page.click("#operations-trading-list_decisions .opblock-summary-control")
        page.wait_for_selector("#operations-trading-list_decisions .responses-table")
        shown = page.inner_text("#operations-trading-list_decisions")

    assert "what each layer saw" in shown and "outcome" in shown
    assert faults == []

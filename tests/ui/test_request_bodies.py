"""What is said in the body of a request is bounded before anybody has kept it, by the real server."""

from __future__ import annotations

import socket as sockets
from collections.abc import Iterator

import pytest

from dashboard.live.bounds import BODY_BYTES_MAX
from tests.ui.site import Site

HEAD = "POST /api/v1/auth/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNK = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"


def answer(site: Site, head: str, parts: Iterator[bytes]) -> bytes:
    """The first line of the answer to what is said part by part, until the server has had enough."""
    with sockets.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(head.encode())
        try:
            for part in parts:
                connection.sendall(part)
        except ConnectionError:
            pass
        return connection.makefile("rb").readline()


@pytest.mark.parametrize("length", [BODY_BYTES_MAX + 1, 300_000_000])
def test_a_body_that_is_announced_as_too_long_is_refused_before_it_is_sent(site: Site, length: int) -> None:
    said = answer(site, f"{HEAD}Content-Length: {length}\r\n\r\n", iter([b"{"]))

    assert said == b"HTTP/1.1 413 Content Too Large\r\n"


def test_a_body_of_no_announced_length_is_cut_off_with_its_connection(site: Site) -> None:
    parts = (CHUNK for _ in range(2 * BODY_BYTES_MAX // 0x10000))

    assert answer(site, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n", parts) in (
        b"HTTP/1.1 413 Content Too Large\r\n",
        b"",
    )


def test_a_body_of_the_longest_length_is_read_and_refused_for_what_it_says(site: Site) -> None:
    body = b"[" * BODY_BYTES_MAX

    said = answer(site, f"{HEAD}Content-Length: {len(body)}\r\n\r\n", iter([body]))

    assert said.startswith(b"HTTP/1.1 400 ")

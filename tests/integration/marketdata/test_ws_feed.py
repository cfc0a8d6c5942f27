"""Sockets to an exchange that misbehaves: channels come, go and are refused, streams break, fall silent and flood."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from cdb_site.clock import SYSTEM
from marketdata.mexc import link as links
from marketdata.mexc import ws
from marketdata.mexc.errors import BadFrame, LinkLost
from marketdata.mexc.feed import MarketFeed
from marketdata.mexc.ws import Connection, Gate
from tests.integration.marketdata.scripted_exchange import ScriptedExchange, scripted_exchange, until

BAD = b"bad"


class Owner:
    """Runs connections to the exchange and notes what they tell."""

    def __init__(self, exchange: ScriptedExchange, session: aiohttp.ClientSession) -> None:
        self.exchange, self.session = exchange, session
        self.frames: list[bytes] = []
        self.malformed: list[str] = []
        self.lost: list[list[str]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def connection(self, *channels: str, silence_s: float = 5.0, lifetime_s: float = 3600.0) -> Connection:
        return Connection(
            url=self.exchange.url.replace("http", "ws") + "/ws",
            channels=list(channels),
            session=self.session,
            clock=SYSTEM,
            on_frame=self._take,
            on_lost=lambda lost: self.lost.append(list(lost)),
            on_malformed=lambda reason, body: self.malformed.append(reason),
            silence_s=silence_s,
            lifetime_s=lifetime_s,
        )

    def run(self, *channels: str, silence_s: float = 5.0, lifetime_s: float = 3600.0) -> Connection:
        made = self.connection(*channels, silence_s=silence_s, lifetime_s=lifetime_s)
        self.tasks.append(asyncio.create_task(made.run()))
        return made

    def _take(self, body: bytes) -> None:
        if body.startswith(BAD):
            raise BadFrame("test")
        self.frames.append(body)


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    async with scripted_exchange() as made:
        yield made


@pytest.fixture
async def owner(exchange: ScriptedExchange) -> AsyncIterator[Owner]:
    async with aiohttp.ClientSession() as session:
        made = Owner(exchange, session)
        yield made
        for task in made.tasks:
            task.cancel()
        results = await asyncio.gather(*made.tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results


async def test_channels_change_on_the_living_socket_and_the_others_notice_nothing(
    exchange: ScriptedExchange, owner: Owner
) -> None:
    feed = MarketFeed(lambda channels: owner.connection(*channels))
    feed.want([["spot@a1", "spot@a2"], ["spot@b1", "spot@b2"]])
    await until(lambda: feed.connections[0].connected, "the acks")

    feed.want([["spot@b1", "spot@b2"], ["spot@c1", "spot@c2"]])
    await until(lambda: exchange.subscribed == ["spot@b1", "spot@b2", "spot@c1", "spot@c2"], "the change")
    await until(lambda: feed.connections[0].acknowledged == 4, "its acks")
    asked = exchange.clients[0].asked[4:]
    await feed.close()

    assert [method for method, _ in asked] == ["UNSUBSCRIPTION"] * 2 + ["SUBSCRIPTION"] * 2
    assert exchange.attempts == 1
    assert owner.lost == []


async def test_a_universe_that_grows_and_shrinks_opens_and_closes_sockets(
    exchange: ScriptedExchange, owner: Owner
) -> None:
    feed = MarketFeed(lambda channels: owner.connection(*channels))
    groups = [[f"spot@a{number:02}", f"spot@b{number:02}"] for number in range(20)]
    feed.want(groups[:10])
    feed.want(groups)
    await until(lambda: len(exchange.subscribed) == 40, "two shards")
    per_socket = sorted(len(client.channels) for client in exchange.open)

    feed.want(groups[:10])
    await until(lambda: len(exchange.open) == 1, "the end of the second socket")
    await feed.close()

    assert per_socket == [10, 30]
    assert owner.lost == []


async def test_a_refused_channel_is_asked_for_again_later_and_the_others_go_on(
    exchange: ScriptedExchange, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "REFUSED_PAUSE_S", 0.2)
    exchange.refused = {"spot@b"}
    connection = owner.run("spot@a", "spot@b")
    await until(lambda: connection.rejected, "the refusal")
    refused, connected = connection.rejected, connection.connected

    exchange.refused = set()
    await until(lambda: connection.acknowledged == 2, "the second asking")

    assert (refused, connected) == ({"spot@b"}, True)
    assert connection.rejected == set()
    assert exchange.attempts == 1


async def test_channels_that_are_not_acknowledged_in_time_cost_the_socket(
    exchange: ScriptedExchange, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "ACK_S", 0.2)
    exchange.answering = False
    connection = owner.run("spot@a", silence_s=60)
    await until(lambda: connection.reconnects == 1, "giving up")

    exchange.answering = True
    await until(lambda: connection.connected, "the acks of a new socket")

    assert owner.lost == [["spot@a"]]


async def test_an_exchange_that_admits_nobody_is_tried_with_growing_pauses_and_then_again_soon(
    exchange: ScriptedExchange, owner: Owner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ws, "HEALTHY_AFTER_S", 0.05)
    monkeypatch.setattr(ws.JITTER, "uniform", lambda low, high: 1.0)
    exchange.admitting = False
    connection = owner.run("spot@a")
    await until(lambda: exchange.attempts == 3, "three attempts")

    exchange.admitting = True
    await until(lambda: connection.connected, "the socket")
    await asyncio.sleep(0.1)
    await exchange.push("spot@a", b"data")
    await until(lambda: owner.frames, "data")
    await exchange.hang_up(exchange.open[0])
    await until(lambda: connection.reconnects == 4, "the loss")

    pauses = [record.getMessage().rpartition("in ")[2] for record in caplog.records]
    assert pauses == ["0.3 s", "0.6 s", "1.2 s", "0.3 s"]


async def test_many_connections_open_their_sockets_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws, "ATTEMPT_EVERY_S", 0.1)
    gate = Gate(SYSTEM)
    started_s = SYSTEM.monotonic_s()

    await asyncio.gather(*(gate.enter() for _ in range(ws.ATTEMPTS_AT_ONCE)))
    burst_s = SYSTEM.monotonic_s() - started_s
    await asyncio.gather(*(gate.enter() for _ in range(4)))

    assert SYSTEM.monotonic_s() - started_s - burst_s >= 0.3
    assert SYSTEM.monotonic_s() - started_s >= 0.4


async def test_pings_do_not_keep_a_silent_socket(exchange: ScriptedExchange, owner: Owner) -> None:
    links_before = exchange.attempts
    connection = owner.run("spot@a", silence_s=0.5)
    await until(lambda: connection.connected, "the acks")
    connected_s = SYSTEM.monotonic_s()

    await until(lambda: connection.reconnects == 1, "giving up the silent socket")

    assert SYSTEM.monotonic_s() - connected_s >= 0.25
    await until(lambda: exchange.attempts == links_before + 2, "the next socket")


async def test_frames_that_cannot_be_used_do_not_count_as_data(exchange: ScriptedExchange, owner: Owner) -> None:
    connection = owner.run("spot@a", silence_s=0.5)
    await until(lambda: connection.connected, "the acks")

    async with asyncio.timeout(10):
        while not connection.reconnects:
            await exchange.push("spot@a", BAD)
            await asyncio.sleep(0.05)

    assert set(owner.malformed) == {"test"}


async def test_rubbish_is_counted_and_never_ends_the_socket(exchange: ScriptedExchange, owner: Owner) -> None:
    connection = owner.run("spot@a")
    await until(lambda: connection.connected, "the acks")
    socket = exchange.clients[0].socket

    for text in ("<html>", "[1]", '{"msg":"Invalid request"}', '{"id":0,"code":0,"msg":"spot@never-asked"}'):
        await socket.send_str(text)
    await socket.send_frame(b"\xff\xfe not utf-8", aiohttp.WSMsgType.TEXT)
    await socket.send_bytes(BAD)
    await exchange.push("spot@a", b"data")
    await until(lambda: owner.frames, "data after all of it")

    assert owner.malformed == ["text", "answer", "answer", "text", "test"]
    assert connection.reconnects == 0


async def test_an_oversized_message_ends_the_socket_with_1009_and_a_new_one_follows(
    exchange: ScriptedExchange, owner: Owner
) -> None:
    connection = owner.run("spot@a")
    await until(lambda: connection.connected, "the acks")
    first = exchange.clients[0]

    sending = asyncio.create_task(first.socket.send_bytes(bytes(links.FRAME_MAX + 1)))
    await until(lambda: not first.open, "the end of the socket")
    await asyncio.gather(sending, return_exceptions=True)
    await until(lambda: connection.connected and len(exchange.open) == 1, "the next socket")

    assert first.socket.close_code == 1009
    assert owner.malformed == ["oversized"]
    assert connection.reconnects == 1


async def test_a_socket_is_renewed_before_its_age_limit_without_a_gap(exchange: ScriptedExchange, owner: Owner) -> None:
    connection = owner.run("spot@a", lifetime_s=1.0)
    await until(lambda: connection.connected, "the acks")

    sent = 0
    async with asyncio.timeout(10):
        while len(exchange.clients) < 3 or len(exchange.open) > 1:
            await exchange.push("spot@a", b"%d" % sent)
            sent += 1
            await asyncio.sleep(0.01)
    await until(lambda: owner.frames[-1] == b"%d" % (sent - 1), "the last frame")

    assert list(dict.fromkeys(map(int, owner.frames))) == list(range(sent))
    assert len(owner.frames) > sent, "for a moment both sockets must have delivered, or nothing is proven"
    assert owner.lost == []


async def test_a_successor_that_stays_silent_does_not_replace_the_living_socket(
    exchange: ScriptedExchange, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws, "RENEWAL_S", 0.3)
    connection = owner.run("spot@a", lifetime_s=0.5)
    await until(lambda: connection.connected, "the acks")

    exchange.answering = False
    await until(lambda: len(exchange.clients) == 2 and len(exchange.open) == 1, "the end of the successor")
    await exchange.push("spot@a", b"data")
    await until(lambda: owner.frames, "data of the old socket")

    assert exchange.clients[0].open
    assert owner.lost == []


class Endless:
    """A socket whose messages are all there at once: reading them never waits."""

    close_code = 1000

    def __init__(self, messages: int) -> None:
        self.left = messages

    async def receive(self) -> aiohttp.WSMessage:
        if not self.left:
            return aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None)
        self.left -= 1
        return aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, b"data", None)


async def test_a_flood_lets_the_timers_turn(owner: Owner) -> None:
    socket, turns = Endless(50 * links.FRAMES_A_TURN), 0
    connection = owner.connection("spot@a")
    link = connection._open().link

    async def turning() -> None:
        nonlocal turns
        while socket.left:
            turns += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(turning())
    with pytest.raises(LinkLost, match="closed"):
        await link._read(socket)  # type: ignore[arg-type]
    await ticking
    await connection._end(connection._serving[0])

    assert turns >= 40

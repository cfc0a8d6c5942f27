"""The simulated exchange's WebSocket as the exchange documents it: acks, limits, channels, chains of versions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import pytest
import pytest_asyncio

from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from mexc_sim.server.subscriber import Lifetimes
from tests.integration.mexc_sim.exchange_site import Site, running_exchange

pytestmark = pytest.mark.asyncio(loop_scope="module")

KLINE = "spot@public.kline.v3.api.pb@SOLUSDT@Min1"
DEALS = "spot@public.aggre.deals.v3.api.pb@100ms@SOLUSDT"
BOOK = "spot@public.aggre.bookTicker.v3.api.pb@100ms@SOLUSDT"
DEPTH = "spot@public.aggre.depth.v3.api.pb@100ms@SOLUSDT"
QUICK_DEPTH = "spot@public.aggre.depth.v3.api.pb@10ms@SOLUSDT"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A minute of this market takes 60 ms."""
    async with running_exchange(tmp_path_factory.mktemp("exchange"), rate=1000) as running:
        yield running


async def test_ping_is_answered_whatever_its_case(site: Site) -> None:
    async with site.follow() as follower:
        await follower.ask("ping")

        assert await follower.answer() == "PONG"


@pytest.mark.parametrize(
    "channel",
    [
        "spot@public.kline.v3.api.pb@NOPEUSDT@Min1",
        "spot@public.kline.v3.api.pb@SOLUSDT@Min2",
        "spot@public.aggre.deals.v3.api.pb@SOLUSDT",
        "spot@public.aggre.depth.v3.api.pb@50ms@SOLUSDT",
        "spot@public.limit.depth.v3.api.pb@SOLUSDT@7",
        "spot@public.miniTicker.v3.api.pb@SOLUSDT",
        "spot@public.miniTickers.v3.api.pb",
        "rubbish",
    ],
)
async def test_a_channel_that_does_not_exist_is_refused_with_code_zero(site: Site, channel: str) -> None:
    async with site.follow() as follower:
        await follower.ask("SUBSCRIPTION", [channel])

        assert await follower.answer() == f"Not Subscribed successfully! [{channel}].  Reason\uff1a Blocked! "


async def test_requests_that_are_none_are_answered_and_hurt_nobody(site: Site) -> None:
    async with site.follow() as follower:
        for text in ("no json", "[]", "{}", '{"method": "DANCE"}'):
            await follower.socket.send_str(text)
        await follower.ask("PING")

        while (answer := await follower.answer()) != "PONG":
            assert answer == "Invalid request" or answer.startswith("Unknown method")


async def test_the_thirty_first_subscription_is_refused_until_one_is_given_back(site: Site) -> None:
    symbols = [item.symbol for item in await site.rest.instruments()][:31]
    channels = [f"spot@public.aggre.bookTicker.v3.api.pb@100ms@{symbol}" for symbol in symbols]
    async with site.follow(*channels[:30]) as follower:
        await follower.ask("SUBSCRIPTION", channels[30:])
        refused = await follower.answer()
        await follower.ask("UNSUBSCRIPTION", channels[:1])
        given_back = await follower.answer()
        await follower.ask("SUBSCRIPTION", channels[30:])
        accepted = await follower.answer()

    assert refused.startswith(f"Not Subscribed successfully! [{channels[30]}]")
    assert (given_back, accepted) == (channels[0], channels[30])


async def test_after_unsubscribing_nothing_more_comes(site: Site) -> None:
    async with site.follow(BOOK) as follower:
        await follower.until(2)
        await follower.ask("UNSUBSCRIPTION", [BOOK])
        await follower.answer()
        count = len(follower.frames)
        await asyncio.sleep(0.5)
        await follower.ask("PING")
        await follower.answer()

    assert len(follower.frames) == count


async def test_every_window_is_closed_by_its_last_push(site: Site) -> None:
    async with site.follow(KLINE, KLINE.replace("Min1", "Min5")) as follower:
        await follower.until(120)

    for name, interval, length_s in (("Min1", "1m", 60), ("Min5", "5m", 300)):
        bodies = [frame.publicSpotKline for frame in follower.frames if frame.publicSpotKline.interval == name]
        last = {body.windowStart: body for body in bodies}
        finished = sorted(last)[1:-1]
        rows = {row.open_s: row for row in await site.rest.klines("SOLUSDT", interval, start_s=finished[0])}
        assert len(finished) >= 5
        assert finished == list(range(finished[0], finished[-1] + 1, length_s))
        assert {start_s: _numbers(last[start_s]) for start_s in finished} == {
            start_s: rows[start_s][3:9] for start_s in finished
        }


def _numbers(body: pb.SpotKline) -> tuple[Decimal, ...]:
    texts = (body.openingPrice, body.highestPrice, body.lowestPrice, body.closingPrice, body.volume, body.amount)
    return tuple(map(Decimal, texts))


async def test_long_candles_are_pushed_as_rest_tells_them(site: Site) -> None:
    names = {"Hour4": "4h", "Day1": "1d"}
    async with site.follow(*(KLINE.replace("Min1", name) for name in names)) as follower:
        while {frame.publicSpotKline.interval for frame in follower.frames} < names.keys():
            await follower.step()
    for frame in follower.frames:
        body = frame.publicSpotKline
        asked = {"interval": names[body.interval], "startTime": body.windowStart * 1000, "limit": 1}
        row = (await site.get("/api/v3/klines", symbol="SOLUSDT", **asked))[0]
        assert row[1] == body.openingPrice
        assert Decimal(row[3]) <= Decimal(body.lowestPrice) <= Decimal(body.highestPrice) <= Decimal(row[2])
        assert Decimal(body.volume) <= Decimal(row[5])


async def test_deals_make_the_candle_and_meet_the_book(site: Site) -> None:
    async with site.follow(KLINE, DEALS, BOOK) as follower:
        await follower.until(150)

    deals = [deal for frame in follower.frames for deal in frame.publicAggreDeals.deals]
    times = [deal.time for deal in deals]
    assert times == sorted(times)
    assert len({deal.tradeId for deal in deals}) == len(deals)
    candles = {
        frame.publicSpotKline.windowStart: frame.publicSpotKline for frame in follower.frames if frame.createTime
    }
    whole = [start_s for start_s in sorted(candles)[1:] if start_s * 1000 + 60_000 <= times[-1]]
    assert len(whole) > 5
    for start_s in whole:
        inside = [deal for deal in deals if start_s * 1000 <= deal.time < start_s * 1000 + 60_000]
        prices = [Decimal(deal.price) for deal in inside]
        volume = sum(Decimal(deal.quantity) for deal in inside)
        expected = (prices[0], max(prices), min(prices), prices[-1], volume)
        assert _numbers(candles[start_s])[:5] == expected
    assert _meets_the_book(follower.frames) > 10


def _meets_the_book(frames: list[pb.PushDataV3ApiWrapper]) -> int:
    """How many last deals of a frame were seen at the bid or ask pushed with them."""
    met = 0
    for deals, book in zip(frames, frames[1:], strict=False):
        if deals.publicAggreDeals.deals and book.publicAggreBookTicker.bidPrice:
            deal = deals.publicAggreDeals.deals[-1]
            sides = {1: book.publicAggreBookTicker.askPrice, 2: book.publicAggreBookTicker.bidPrice}
            assert sides[deal.tradeType] == deal.price
            met += 1
    return met


async def test_depth_frames_form_a_chain_that_a_snapshot_joins(site: Site) -> None:
    async with site.follow(DEPTH, QUICK_DEPTH) as follower:
        await follower.until(30)
        snapshot = await site.get("/api/v3/depth", symbol="SOLUSDT", limit=5000)
        await follower.until(len(follower.frames) + 30)
        target = await site.get("/api/v3/depth", symbol="SOLUSDT", limit=20)
        await follower.until(len(follower.frames) + 30)

    for channel in (DEPTH, QUICK_DEPTH):
        deltas = [frame.publicAggreDepths for frame in follower.frames if frame.channel == channel]
        ends = [int(delta.toVersion) for delta in deltas]
        assert [int(delta.fromVersion) for delta in deltas[1:]] == [end + 1 for end in ends[:-1]]
        assert snapshot["lastUpdateId"] in ends
        assert _replayed(snapshot, deltas, target["lastUpdateId"]) == (target["bids"], target["asks"])


def _replayed(snapshot: dict, deltas: list[pb.AggreDepths], version: int) -> tuple[list[list[str]], list[list[str]]]:
    """The best twenty levels after every delta up to the version."""
    bids, asks = dict(snapshot["bids"]), dict(snapshot["asks"])
    for delta in deltas:
        if snapshot["lastUpdateId"] < int(delta.toVersion) <= version:
            for side, changes in ((bids, delta.bids), (asks, delta.asks)):
                side.update({level.price: level.quantity for level in changes})
    left = [[[price, quantity] for price, quantity in side.items() if quantity != "0"] for side in (bids, asks)]
    for levels, reverse in zip(left, (True, False), strict=True):
        levels.sort(key=lambda level: Decimal(level[0]), reverse=reverse)
    return left[0][:20], left[1][:20]


async def test_the_limited_depth_is_the_top_of_the_book(site: Site) -> None:
    async with site.follow("spot@public.limit.depth.v3.api.pb@SOLUSDT@5", BOOK) as follower:
        await follower.until(20)

    tops = {
        frame.sendTime: frame.publicAggreBookTicker for frame in follower.frames if frame.publicAggreBookTicker.version
    }
    books = {frame.sendTime: frame.publicLimitDepths for frame in follower.frames if frame.publicLimitDepths.version}
    shared = tops.keys() & books.keys()
    assert shared
    for sent_ms in shared:
        top, book = tops[sent_ms], books[sent_ms]
        assert (len(book.bids), len(book.asks)) == (5, 5)
        assert (book.bids[0].price, book.bids[0].quantity) == (top.bidPrice, top.bidQuantity)
        assert (book.asks[0].price, book.asks[0].quantity) == (top.askPrice, top.askQuantity)
        assert top.version == book.version


async def test_mini_tickers_tell_what_the_ticker_endpoint_tells(site: Site) -> None:
    single = "spot@public.miniTicker.v3.api.pb@SOLUSDT@UTC+8"
    async with site.follow(single, "spot@public.miniTickers.v3.api.pb@24H") as follower:
        while not (pairs := _sent_together(follower.frames)):
            await follower.step()

    one, everything = pairs[0]
    items = {item.symbol: item for item in everything.publicMiniTickers.items}
    assert set(items) == {row["symbol"] for row in await site.get("/api/v3/ticker/24hr")}
    same = items["SOLUSDT"]
    assert (one.publicMiniTicker.price, one.publicMiniTicker.volume) == (same.price, same.volume)
    assert same.rate == same.zonedRate != one.publicMiniTicker.zonedRate
    turnover, quantity = Decimal(same.volume), Decimal(same.quantity)
    assert Decimal(same.low) <= turnover / quantity <= Decimal(same.high)


def _sent_together(
    frames: list[pb.PushDataV3ApiWrapper],
) -> list[tuple[pb.PushDataV3ApiWrapper, pb.PushDataV3ApiWrapper]]:
    """Frames of one symbol and of all symbols that tell of the same moment."""
    everything = {frame.sendTime: frame for frame in frames if not frame.HasField("symbol")}
    return [(frame, everything[frame.sendTime]) for frame in frames if frame.symbol and frame.sendTime in everything]


async def test_odd_symbols_are_subscribed_like_any_other(site: Site) -> None:
    odd = [
        item.symbol for item in await site.rest.instruments() if not item.symbol.isalnum() or not item.symbol.isascii()
    ]
    async with site.follow(*(KLINE.replace("SOLUSDT", symbol) for symbol in odd)) as follower:
        await follower.until(len(odd))

    assert len(odd) >= 2
    assert {frame.symbol for frame in follower.frames} == set(odd)


async def test_connections_end_as_documented(tmp_path_factory: pytest.TempPathFactory) -> None:
    short = Lifetimes(unsubscribed_s=1.5, without_data_s=2.0, connected_s=4.0, requests_per_s=5)
    quiet = "spot@public.miniTickers.v3.api.pb@UTC+8"
    async with running_exchange(tmp_path_factory.mktemp("short"), lifetimes=short) as hasty:
        reasons = await asyncio.gather(
            _goodbye(hasty), _goodbye(hasty, quiet), _goodbye(hasty, BOOK), _goodbye(hasty, BOOK, requests=20)
        )

    assert reasons[0] == (1001, "no subscription for 1.5 s")
    assert reasons[1] == (1001, "no data for 2 s")
    assert reasons[2] == (1001, "connected for 4 s")
    assert reasons[3] == (1008, "too many requests")


async def _goodbye(site: Site, *channels: str, requests: int = 0) -> tuple[int | None, str]:
    async with site.session.ws_connect(site.ws_url) as socket:
        for channel in channels:
            await socket.send_json({"method": "SUBSCRIPTION", "params": [channel]})
        for _ in range(requests):
            await socket.send_json({"method": "PING"})
        async with asyncio.timeout(20):
            while (message := await socket.receive()).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                pass
        return message.data, message.extra or ""

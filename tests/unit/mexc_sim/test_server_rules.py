"""Rules of the simulated exchange's protocol that need no server: names, windows, limits, book changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from cdb_site.clock import Clock
from mexc_sim.market.source import Candles
from mexc_sim.market.windows import CHANNEL_OF_INTERVAL, closes_s, offered, opens_s
from mexc_sim.server.book_pushes import changes
from mexc_sim.server.candle_pushes import joined
from mexc_sim.server.channels import Channel, parse
from mexc_sim.server.subscriber import BACKLOG_BYTES_MAX, BACKLOG_MAX, Lifetimes, Subscriber, framed
from mexc_sim.server.weights import RequestLimits, Scales
from tests.clocks import MonotonicClock


def scales(**limits: float) -> tuple[Scales, MonotonicClock]:
    clock = MonotonicClock()
    return Scales(RequestLimits(**limits), cast(Clock, clock)), clock  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spot@public.kline.v3.api.pb@BTCUSDT@Min60", {"kind": "kline", "symbol": "BTCUSDT", "interval": "60m"}),
        ("spot@public.kline.v3.api.pb@GOLD(PAXG)USDT@Month1", {"symbol": "GOLD(PAXG)USDT", "interval": "1M"}),
        (
            "spot@public.aggre.depth.v3.api.pb@10ms@索拉拉USDT",
            {"kind": "depth", "symbol": "索拉拉USDT", "every_ms": 10},
        ),
        ("spot@public.aggre.bookTicker.v3.api.pb@100ms@AUSDT", {"kind": "book_ticker", "every_ms": 100}),
        ("spot@public.limit.depth.v3.api.pb@AUSDT@20", {"kind": "limit_depth", "levels": 20}),
        ("spot@public.miniTickers.v3.api.pb@UTC+8", {"kind": "mini_tickers", "symbol": "", "zone_s": 28800}),
        ("spot@public.miniTicker.v3.api.pb@AUSDT@UTC-4:30", {"kind": "mini_ticker", "zone_s": -16200}),
        ("spot@public.miniTicker.v3.api.pb@AUSDT@24H", {"symbol": "AUSDT", "zone_s": None}),
    ],
)
def test_a_channel_is_read_from_its_name(name: str, expected: dict[str, object]) -> None:
    channel = parse(name)

    assert channel is not None
    assert channel.name == name
    assert {field: getattr(channel, field) for field in expected} == expected


@given(st.text(max_size=60))
def test_any_other_text_is_no_channel(text: str) -> None:
    assert parse(text) is None


def test_equal_names_are_one_channel() -> None:
    first, second = (parse("spot@public.aggre.deals.v3.api.pb@100ms@AUSDT") for _ in range(2))

    assert isinstance(first, Channel)
    assert len({first, second}) == 1


@pytest.mark.parametrize(
    ("interval", "opened", "closes"),
    [
        ("15m", "2026-09-30T13:45", "2026-09-30T14:00"),
        ("8h", "2026-09-30T08:00", "2026-09-30T16:00"),
        ("1d", "2026-09-30T00:00", "2026-10-01T00:00"),
        ("1W", "2026-09-28T00:00", "2026-10-05T00:00"),
        ("1M", "2026-09-01T00:00", "2026-10-01T00:00"),
    ],
)
def test_a_window_opens_and_closes_at_its_time(interval: str, opened: str, closes: str) -> None:
    at_s = _seconds("2026-09-30T13:59")

    assert opens_s(interval, at_s) == _seconds(opened)
    assert closes_s(interval, opens_s(interval, at_s)) == _seconds(closes)


@given(st.sampled_from(sorted(CHANNEL_OF_INTERVAL)), st.floats(0, 4e9))
def test_windows_cover_time_without_gaps(interval: str, at_s: float) -> None:
    opened_s = opens_s(interval, at_s)
    ends_s = closes_s(interval, opened_s)

    assert opened_s <= at_s < ends_s
    assert opens_s(interval, ends_s) == ends_s
    assert opens_s(interval, ends_s - 1) == opened_s


def test_a_source_offers_multiples_of_its_own_interval() -> None:
    assert not offered("1m", 300)
    assert all(offered(interval, 300) for interval in CHANNEL_OF_INTERVAL if interval != "1m")
    assert not offered("3m", 60)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_an_address_may_spend_its_weight_once_in_ten_seconds() -> None:
    weighing, clock = scales(address=300, endpoint=500)

    spent = [weighing.wait_s("a", "/api/v3/ticker/24hr") for _ in range(12)]
    clock.now_s += 4
    refused = weighing.wait_s("a", "/api/v3/ping")
    other = weighing.wait_s("b", "/api/v3/ping")
    clock.now_s += refused
    after = weighing.wait_s("a", "/api/v3/ping")

    assert spent == [0.0] * 12
    assert refused == pytest.approx(6)
    assert (other, after) == (0.0, 0.0)


def test_one_endpoint_may_not_spend_everything() -> None:
    weighing, _ = scales(address=1000, endpoint=5)

    waits = [weighing.wait_s("a", "/api/v3/trades") for _ in range(2)]
    others = weighing.wait_s("a", "/api/v3/klines")

    assert waits[0] == others == 0.0
    assert waits[1] > 0


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["/api/v3/ping", "/api/v3/depth", "/api/v3/trades"]))))
def test_no_ten_seconds_ever_hold_more_than_the_limit(requests: list[tuple[float, str]]) -> None:
    weighing, clock = scales(address=12, endpoint=500)
    weights = {"/api/v3/ping": 1, "/api/v3/depth": 3, "/api/v3/trades": 5}
    passed: list[tuple[float, int]] = []

    for pause_s, path in requests:
        clock.now_s += pause_s
        if weighing.wait_s("a", path) <= 0:
            passed.append((clock.now_s, weights[path]))

    for end_s, _ in passed:
        assert sum(weight for at_s, weight in passed if end_s - 10 < at_s <= end_s) <= 12


def subscriber(**limits: float) -> Subscriber:
    """A connection since second 0 with one subscription."""
    socket, transport = cast(web.WebSocketResponse, None), cast(asyncio.Transport, None)
    client = Subscriber(socket, Lifetimes(**limits), 0.0, transport)  # type: ignore[arg-type]
    client.channels["some"] = Channel("some", "deals", "AUSDT")
    return client


def test_a_client_that_does_not_read_is_cut_off_before_it_costs_memory() -> None:
    many, heavy = subscriber(), subscriber()

    for _ in range(BACKLOG_MAX):
        many.put(b"frame")
    for _ in range(40):
        heavy.put(bytes(2**20))

    assert many.over(1.0) == ""
    many.put(b"one more")
    assert (many.over(1.0), heavy.over(1.0)) == ("too slow", "too slow")
    assert heavy.waiting_bytes <= BACKLOG_BYTES_MAX + 2**20


def test_a_connection_lives_as_long_as_documented() -> None:
    client = subscriber()

    assert client.over(59.9) == ""
    assert client.over(60.0) == "no data for 60 s"
    client.alive_s = 86399.0
    assert client.over(86399.9) == ""
    assert client.over(86400.0) == "connected for 86400 s"


def test_the_thirty_seconds_without_a_subscription_begin_with_the_last_one() -> None:
    client = subscriber()
    client.over(50.0)
    client.channels.clear()

    assert client.over(79.9) == ""
    assert client.over(80.0) == "no subscription for 30 s"


def test_a_hundred_requests_a_second_are_heard() -> None:
    client = subscriber()

    heard = [client.heard(5.0) for _ in range(101)]

    assert heard == [True] * 100 + [False]
    assert client.heard(6.1)


# Open, high, low, close, volume, turnover; None: nothing traded.
MINUTE = st.one_of(
    st.none(),
    st.tuples(st.integers(10, 20), st.integers(21, 30), st.integers(1, 9), st.integers(10, 20), st.just(2), st.just(3)),
)


def column(minute: tuple[int, ...] | None) -> Candles:
    return Candles(np.array([0]), *(np.array([[number]]) for number in minute or (0,) * 6))


@given(st.lists(MINUTE, min_size=1, max_size=6))
def test_a_long_candle_grows_minute_by_minute(minutes: list[tuple[int, ...] | None]) -> None:
    whole = column(None)

    for minute in minutes:
        whole = joined(whole, column(minute))

    traded = [minute for minute in minutes if minute]
    first, last = (traded[0], traded[-1]) if traded else ((0,) * 6, (0,) * 6)
    high, low = (max(m[1] for m in traded), min(m[2] for m in traded)) if traded else (0, 0)
    sums = [sum(minute[place] for minute in traded) for place in (4, 5)]
    assert [int(part[0, 0]) for part in whole[1:]] == [first[0], high, low, last[3], *sums]


LEVELS = st.dictionaries(st.integers(1, 30).map(str), st.integers(1, 4).map(str))


@given(LEVELS, LEVELS)
def test_changes_turn_one_book_into_the_other(former: dict[str, str], now: dict[str, str]) -> None:
    told = changes(list(former.items()), list(now.items()))

    book = {**former, **dict(told)}
    assert {price: quantity for price, quantity in book.items() if quantity != "0"} == now
    assert len(told) == len({price for price, _ in told})
    assert all(former.get(price) != quantity for price, quantity in told)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_frames_written_together_are_read_as_what_they_were(size: int) -> None:
    body = b"a" * size

    assert framed(body) == Frame(Opcode.BINARY, body).serialize(mask=False)
    assert framed(body.decode()) == Frame(Opcode.TEXT, body).serialize(mask=False)

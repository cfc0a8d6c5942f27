"""The parts of the WS screener that need no socket: quotes, channels on connections, answers, what is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import REGISTRY

from marketdata.mexc.answers import PONG, ChannelAnswer, read_answer
from marketdata.mexc.errors import BadFrame
from marketdata.mexc.feed import placed
from marketdata.mexc.wire import BookTicker, CandlePush, MiniTicker
from marketdata.screeners.ws.feed_conditions import Seen, judged
from marketdata.screeners.ws.malformed import Malformed
from marketdata.screeners.ws.quotes import BELIEVED_S, OutgoingQuotes
from tests.clocks import MonotonicClock

LIMIT_S = 30.0


def book(
    *, symbol: str = "BTCUSDT", bid: str = "99.6", ask: str = "101", at_ms: int = 1000, version: int = 0
) -> BookTicker:
    return BookTicker(symbol, Decimal(bid), Decimal(1), Decimal(ask), Decimal(2), at_ms, version)


def traded(close: str = "100.2") -> CandlePush:
    price = Decimal(close)
    return CandlePush("BTCUSDT", "1m", 60, 120, price, price, price, price, Decimal(1), price, 1)


def board() -> OutgoingQuotes:
    """One symbol with a last price."""
    made = OutgoingQuotes({"BTCUSDT": Decimal("0.5")})
    made.last(traded(), 0.0)
    return made


def below_tick() -> float:
    """Quotes counted as malformed for a price below one tick."""
    return REGISTRY.get_sample_value("cdb_malformed_total", {"where": "quotes", "reason": "below_tick"}) or 0.0


def bids(quotes: OutgoingQuotes) -> list[str]:
    return [quote["bid"] for quote in quotes.take_changed()[0]]


def seen(**changed: Any) -> Seen:
    calm = Seen(
        feed_age_s=0.1,
        heard=True,
        quote_ages={f"S{number}USDT": 1.0 for number in range(20)},
        unheard=(),
        malformed_per_s=0.0,
        malformed_reason="",
        refused=(),
    )
    return calm._replace(**changed)


def test_only_the_newest_quote_of_a_changed_and_known_symbol_leaves_snapped_to_its_tick() -> None:
    quotes = board()
    for at_ms, bid in ((1000, "99.6"), (2000, "100.1")):
        quotes.book(book(bid=bid, at_ms=at_ms), 1_700_000_000.5, 1.0)
    quotes.book(book(symbol="UNKNOWN"), 0.0, 1.0)

    (first, oldest_ms), second = quotes.take_changed(), quotes.take_changed()

    assert first == [
        {
            "symbol": "BTCUSDT",
            "bid": "100",
            "ask": "101",
            "bid_quantity": "1",
            "ask_quantity": "2",
            "last": "100",
            "event_at": "1970-01-01T00:00:02.000000Z",
            "received_at": "2023-11-14T22:13:20.500000Z",
        }
    ]
    assert oldest_ms == 2000
    assert second[0] == []


@pytest.mark.parametrize(("bid", "ask"), [("0.2", "0.7"), ("0.3", "0.4")])
def test_a_book_below_one_tick_is_malformed_and_never_leaves_as_a_bid_of_nothing(bid: str, ask: str) -> None:
    quotes = board()
    quotes.book(book(bid="100", version=1), 0.0, 1.0)
    before = below_tick()

    quotes.book(book(bid=bid, ask=ask, version=2), 0.0, 1.2)

    assert bids(quotes) == ["100"]
    assert below_tick() - before == 1
    assert quotes.ages(2.0) == {"BTCUSDT": 1.0}


def test_a_last_price_below_one_tick_is_malformed_and_the_known_one_stays() -> None:
    quotes = board()
    quotes.book(book(), 0.0, 1.0)
    before = below_tick()

    quotes.last(traded("0.2"), 1.2)
    quotes.day(MiniTicker("BTCUSDT", Decimal("0.2"), Decimal("0.01"), Decimal(5000), 1))

    assert [quote["last"] for quote in quotes.take_changed()[0]] == ["100"]
    assert below_tick() - before == 2


def test_what_is_known_is_forgotten_when_the_exchange_makes_its_tick_too_coarse_for_it() -> None:
    quotes = board()
    quotes.book(book(bid="3", ask="4"), 0.0, 1.0)
    quotes.last(traded("3.5"), 1.0)

    quotes.watch({"BTCUSDT": Decimal(10)}, 1.5)
    coarse = quotes.take_changed()[0]
    quotes.book(book(bid="101", ask="113", at_ms=1500), 0.0, 2.0)
    quotes.last(traded("107"), 2.0)

    assert coarse == []
    assert [(quote["bid"], quote["last"]) for quote in quotes.take_changed()[0]] == [("100", "110")]


def test_a_symbol_leaves_once_both_sides_and_a_last_price_are_known() -> None:
    quotes = OutgoingQuotes({"BTCUSDT": Decimal("0.5")})
    quotes.book(book(), 0.0, 1.0)
    incomplete = quotes.take_changed()[0]

    quotes.day(MiniTicker("BTCUSDT", Decimal("100"), Decimal("0.01"), Decimal(5000), 1))
    quotes.book(book(at_ms=1001), 0.0, 1.0)

    assert incomplete == []
    assert [(quote["last"], quote["change_24h"]) for quote in quotes.take_changed()[0]] == [("100", "0.01")]


@pytest.mark.parametrize(
    ("known", "overtaken"),
    [
        (book(bid="100", version=7), book(bid="90", version=6, at_ms=2000)),
        (book(bid="100", version=7), book(bid="90", version=7, at_ms=2000)),
        (book(bid="100", at_ms=2000), book(bid="90", at_ms=1999)),
    ],
)
def test_an_older_or_doubled_book_does_not_overwrite_a_newer_one(known: BookTicker, overtaken: BookTicker) -> None:
    quotes = board()
    quotes.book(known, 0.0, 1.0)

    newer = quotes.book(overtaken, 0.0, 1.1)

    assert not newer
    assert bids(quotes) == ["100"]


def test_a_last_price_does_not_send_a_silent_book_once_more() -> None:
    quotes = board()
    quotes.book(book(), 1000.0, 0.0)
    quotes.take_changed()

    quotes.last(traded("100.4"), 4.9)
    assert len(quotes.take_changed()[0]) == 1
    quotes.last(traded("100.6"), 5.1)
    assert quotes.take_changed()[0] == []


def test_versions_that_begin_anew_are_believed_once_the_known_book_has_aged() -> None:
    quotes = board()
    quotes.book(book(bid="100", version=1_000_000), 0.0, 1.0)

    assert quotes.book(book(bid="90", version=1), 0.0, 1.0 + BELIEVED_S)
    assert bids(quotes) == ["90"]


def test_quotes_that_could_not_be_sent_leave_later_as_they_are_then() -> None:
    quotes = board()
    quotes.book(book(bid="100", version=1), 0.0, 1.0)
    quotes.put_back(quote["symbol"] for quote in quotes.take_changed()[0])
    quotes.book(book(bid="90", version=2), 0.0, 1.2)

    assert bids(quotes) == ["90"]


def test_the_age_of_a_quote_counts_from_its_last_book_and_first_from_when_it_is_watched() -> None:
    quotes = OutgoingQuotes({"BTCUSDT": Decimal(1), "ETHUSDT": Decimal(1)}, 10.0)
    quotes.book(book(), 0.0, 14.0)

    assert quotes.ages(15.0) == {"BTCUSDT": 1.0, "ETHUSDT": 5.0}
    assert quotes.unheard() == {"ETHUSDT"}


def test_a_symbol_that_stays_in_the_universe_keeps_its_quote() -> None:
    quotes = board()
    quotes.book(book(bid="100"), 0.0, 1.0)

    quotes.watch({"BTCUSDT": Decimal("0.1"), "SOLUSDT": Decimal(1)}, 2.0)

    assert bids(quotes) == ["100"]
    assert quotes.ages(3.0) == {"BTCUSDT": 2.0, "SOLUSDT": 1.0}


def test_the_channels_of_a_symbol_share_a_connection_of_at_most_thirty() -> None:
    groups = [*([f"kline {number}", f"book {number}"] for number in range(30)), ["tickers"]]

    shards = placed(groups, [])

    assert [len(shard) for shard in shards] == [30, 30, 1]
    assert all((f"kline {number}" in shard) == (f"book {number}" in shard) for shard in shards for number in range(30))


def test_a_changed_universe_moves_nobody_who_stays_and_fills_free_places_first() -> None:
    before = placed([[f"a {number}", f"b {number}"] for number in range(20)], [])

    after = placed([[f"a {number}", f"b {number}"] for number in range(1, 23)], before)

    assert [len(shard) for shard in after] == [30, 14]
    assert after[0] == [*before[0][2:], "a 20", "b 20"]
    assert after[1] == [*before[1], "a 21", "b 21", "a 22", "b 22"]


def test_a_shard_without_wanted_channels_is_left_empty_for_its_connection_to_end() -> None:
    assert placed([["a"]], [["a"], ["b"]]) == [["a"], []]


def test_an_answer_grants_or_refuses_a_channel_whatever_its_code() -> None:
    refusal = '{"id":0,"code":0,"msg":"Not Subscribed successfully! [spot@x].  Reason\uff1a Blocked! "}'

    assert read_answer(b'{"id":0,"code":0,"msg":"spot@x"}') == ChannelAnswer("spot@x", True)
    assert read_answer(refusal.encode()) == ChannelAnswer("spot@x", False)
    assert read_answer('{"msg":"PONG"}') is PONG


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe", "text"),
        (b"<html>", "text"),
        (b"[" * 100_000, "text"),
        (b"[]", "answer"),
        (b'{"msg":7}', "answer"),
        (b'{"msg":"Invalid request"}', "answer"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_a_reason(text: bytes, reason: str) -> None:
    with pytest.raises(BadFrame) as refused:
        read_answer(text)

    assert refused.value.reason == reason


def test_a_calm_feed_holds_no_condition() -> None:
    assert judged(seen(), LIMIT_S) == ({}, set())


def test_a_silent_feed_is_one_condition_and_says_nothing_of_single_symbols() -> None:
    ages = {"BTCUSDT": 40.0, "ETHUSDT": 45.0}

    holding, undecided = judged(seen(feed_age_s=40.2, quote_ages=ages), LIMIT_S)

    assert holding == {("FEED_SILENT", "feed"): {"age_s": 40}}
    assert ("SYMBOL_SILENT", "BTCUSDT") in undecided


def test_a_silent_symbol_is_named_and_many_of_them_are_one_condition() -> None:
    ages = dict(seen().quote_ages)

    one, _ = judged(seen(quote_ages=ages | {"S1USDT": 31.0}), LIMIT_S)
    many, _ = judged(seen(quote_ages=ages | {f"S{number}USDT": 31.0 for number in range(6)}), LIMIT_S)

    assert one == {("SYMBOL_SILENT", "S1USDT"): {"symbol": "S1USDT", "age_s": 31}}
    assert list(many) == [("FEED_PARTLY_SILENT", "feed")]
    assert (many["FEED_PARTLY_SILENT", "feed"]["count"], many["FEED_PARTLY_SILENT", "feed"]["watched"]) == (6, 20)


def test_before_any_data_nothing_is_taken_for_over() -> None:
    _, undecided = judged(seen(heard=False, unheard={"S1USDT"}), LIMIT_S)

    assert {("FEED_SILENT", "feed"), ("SYMBOL_SILENT", "S1USDT"), ("FEED_MALFORMED", "feed")} <= undecided


def test_refused_channels_are_named_few_each_many_together() -> None:
    few, _ = judged(seen(refused={"spot@a"}), LIMIT_S)
    many, _ = judged(seen(refused={f"spot@{number}" for number in range(9)}), LIMIT_S)

    assert few == {("SUBSCRIPTION_REFUSED", "spot@a"): {"channel": "spot@a"}}
    assert many == {("SUBSCRIPTION_REFUSED", "feed"): {"channel": "spot@0, spot@1, spot@2 and 6 more"}}


def test_unusable_messages_hold_from_a_few_per_second_on_until_they_nearly_stopped() -> None:
    clock = MonotonicClock()
    malformed = Malformed("test", clock)
    held = []
    for per_s in (1, 8, 8, 8, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0):
        for _ in range(per_s):
            malformed.count("protobuf", b"\xff")
        held.append(malformed.holds())
        clock.now_s += 1

    assert held[:4] == [False, False, True, True]
    assert held[4:11] == [True] * 7
    assert held[-1] is False


def test_the_log_has_one_line_per_reason_in_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    clock = MonotonicClock()
    malformed = Malformed("test", clock)
    for _ in range(500):
        malformed.count("protobuf", b"\xff" * 1000)
    malformed.count("text", b"x")
    clock.now_s += 11

    malformed.count("protobuf", b"\xff")

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "unusable message (protobuf), 1 so far",
        "unusable message (text), 1 so far",
        "unusable message (protobuf), 501 so far",
    ]

"""When a candle counts as closed, and how closed candles are collected before they are stored."""

from __future__ import annotations

from decimal import Decimal

from marketdata.mexc.wire import CandlePush
from marketdata.operations import ClosedCandle
from marketdata.screeners.batches import COLLECT_S, ClosedBatches
from marketdata.screeners.closing import ClosingRule


def push(*, symbol: str = "BTCUSDT", minute: int = 1, close: str = "100") -> CandlePush:
    price = Decimal(close)
    return CandlePush(
        symbol, "1m", minute * 60, minute * 60 + 60, price, price, price, price, Decimal(1), price, minute * 60_000
    )


def closed(*, symbol: str = "BTCUSDT", open_s: int = 60) -> ClosedCandle:
    return ClosedCandle(symbol, open_s, *[Decimal(1)] * 6)


def test_a_push_of_the_same_window_closes_nothing() -> None:
    rule = ClosingRule()

    assert rule.push(push(close="100")) is None
    assert rule.push(push(close="101")) is None


def test_a_push_for_a_later_window_closes_the_last_state_of_the_earlier_one() -> None:
    rule = ClosingRule()
    rule.push(push(minute=1, close="100"))
    rule.push(push(minute=1, close="101"))

    candle = rule.push(push(minute=2, close="102"))

    assert candle == push(minute=1, close="101")


def test_a_late_push_of_a_closed_window_is_ignored() -> None:
    rule = ClosingRule()
    rule.push(push(minute=1))
    rule.push(push(minute=2, close="102"))

    late = rule.push(push(minute=1, close="999"))
    candle = rule.push(push(minute=3))

    assert late is None
    assert candle == push(minute=2, close="102")


def test_a_window_without_a_later_push_is_overdue_two_seconds_after_its_end_and_only_once() -> None:
    rule = ClosingRule()
    rule.push(push(minute=1))

    assert rule.overdue(121.9) == []
    assert rule.overdue(122.0) == [push(minute=1)]
    assert rule.overdue(123.0) == []


def test_an_overdue_candle_is_not_closed_a_second_time_by_a_later_push() -> None:
    rule = ClosingRule()
    rule.push(push(minute=1))
    rule.overdue(122.0)

    assert rule.push(push(minute=1, close="105")) is None
    assert rule.push(push(minute=2)) is None


def test_a_lost_connection_makes_the_forming_candle_doubtful() -> None:
    rule = ClosingRule()
    rule.push(push(minute=1))
    rule.push(push(symbol="ETHUSDT", minute=1))

    rule.forget(["BTCUSDT"])

    assert rule.push(push(minute=2)) is None
    assert rule.push(push(symbol="ETHUSDT", minute=2)) == push(symbol="ETHUSDT", minute=1)


def test_candles_of_one_open_time_leave_together_as_soon_as_all_are_in() -> None:
    batches = ClosedBatches(expected=2)

    batches.add(closed(symbol="BTCUSDT"), now_s=0.0)
    early = batches.take(now_s=0.001)
    batches.add(closed(symbol="ETHUSDT"), now_s=0.002)

    assert early == []
    assert [candle.symbol for candle in batches.take(now_s=0.003)] == ["BTCUSDT", "ETHUSDT"]


def test_an_incomplete_batch_leaves_after_a_moment() -> None:
    batches = ClosedBatches(expected=2)
    batches.add(closed(), now_s=0.0)

    assert batches.take(now_s=COLLECT_S) == [closed()]
    assert batches.take(now_s=9.0) == []

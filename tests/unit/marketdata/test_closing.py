"""When a candle counts as closed, when REST is asked, and how closed candles are collected before they are stored."""

from __future__ import annotations

from decimal import Decimal

import pytest

from marketdata.mexc.wire import CandlePush
from marketdata.operations import ClosedCandle
from marketdata.screeners.ws.batches import COLLECT_S, ClosedBatches
from marketdata.screeners.ws.closing import DOUBTFUL_MAX, ClosingRule
from marketdata.screeners.ws.confirming import AGAIN_S, ATTEMPTS, WAITING_MAX, Confirmations


def push(
    *, symbol: str = "BTCUSDT", minute: int = 1, sent: float = 30, volume: int = 1, close: str = "100"
) -> CandlePush:
    """`sent`: seconds after the window's start; from 60 on the push was sent after the window's end."""
    price, start_s = Decimal(close), minute * 60
    sent_ms = int((start_s + sent) * 1000)
    return CandlePush(symbol, "1m", start_s, start_s + 60, price, price, price, price, Decimal(volume), price, sent_ms)


def closing(*, minute: int = 1, volume: int = 5, close: str = "101") -> CandlePush:
    """The closed state of a candle."""
    return push(minute=minute, sent=60.001, volume=volume, close=close)


def watching(*symbols: str, market_s: float = 60.0) -> ClosingRule:
    rule = ClosingRule(60)
    rule.watch(symbols or ("BTCUSDT",), market_s)
    return rule


def closed(*, symbol: str = "BTCUSDT", open_s: int = 60) -> ClosedCandle:
    return ClosedCandle(symbol, open_s, *[Decimal(1)] * 6)


def test_a_push_of_the_same_window_closes_nothing() -> None:
    rule = watching()

    taken = [rule.push(push(sent=10)), rule.push(push(sent=20, volume=2))]

    assert [(item.fresh, item.closed, item.doubtful) for item in taken] == [(True, None, ())] * 2


def test_a_later_push_closes_a_candle_whose_newest_state_was_sent_after_its_end() -> None:
    rule = watching()
    rule.push(push(sent=10))
    rule.push(closing())

    taken = rule.push(push(minute=2))

    assert (taken.closed, taken.doubtful) == (closing(), ())


def test_a_candle_whose_last_push_was_lost_is_not_stored_as_it_was_seen_but_asked_of_rest() -> None:
    rule = watching()
    rule.push(push(sent=59.9))

    taken = rule.push(push(minute=2))

    assert (taken.closed, taken.doubtful) == (None, (("BTCUSDT", 60),))


def test_a_first_window_seen_only_from_its_middle_on_is_whole_because_a_push_carries_it_all() -> None:
    rule = watching(market_s=100.0)
    rule.push(closing())

    assert rule.push(push(minute=2)).closed == closing()


def test_windows_that_nobody_pushed_are_asked_of_rest() -> None:
    rule = watching()
    rule.push(closing())

    taken = rule.push(push(minute=4))

    assert taken.closed == closing()
    assert taken.doubtful == (("BTCUSDT", 120), ("BTCUSDT", 180))


def test_of_a_very_long_gap_only_the_newest_windows_are_asked_for_here() -> None:
    rule = watching()

    taken = rule.push(push(minute=5000))

    assert len(taken.doubtful) == DOUBTFUL_MAX
    assert taken.doubtful[-1] == ("BTCUSDT", 4999 * 60)


def test_an_overtaken_push_does_not_replace_the_newer_state() -> None:
    rule = watching()
    rule.push(closing(volume=5))

    late = rule.push(push(sent=59.8, volume=4))

    assert not late.fresh
    assert rule.push(push(minute=2)).closed == closing(volume=5)


def test_a_doubled_push_is_stale_and_harmless() -> None:
    rule = watching()
    rule.push(closing())

    assert not rule.push(closing()).fresh
    assert rule.push(push(minute=2)).closed == closing()


def test_a_late_last_push_that_differs_from_what_was_stored_has_rest_asked_once() -> None:
    rule = watching()
    rule.push(closing(volume=5))
    rule.push(push(minute=2))
    corrected = push(sent=60.5, volume=6)

    first, again = rule.push(corrected), rule.push(corrected)

    assert (first.fresh, first.doubtful) == (False, (("BTCUSDT", 60),))
    assert again.doubtful == ()


def test_a_late_push_that_says_nothing_new_is_ignored() -> None:
    rule = watching()
    rule.push(closing())
    rule.push(push(minute=2))

    assert rule.push(push(sent=58, volume=3)).doubtful == ()
    assert rule.push(closing()).doubtful == ()


def test_states_that_contradict_each_other_make_the_candle_doubtful() -> None:
    rule = watching()
    rule.push(push(sent=30, volume=900))
    rule.push(closing(volume=5))

    taken = rule.push(push(minute=2))

    assert (taken.closed, taken.doubtful) == (None, (("BTCUSDT", 60),))


def test_an_unreadable_frame_makes_the_forming_candles_doubtful_and_no_later_ones() -> None:
    rule = watching()
    rule.doubt(["BTCUSDT", "UNKNOWN"])
    rule.push(closing(minute=1))

    first = rule.push(push(minute=2))
    rule.push(closing(minute=2))
    second = rule.push(push(minute=3))

    assert (first.closed, first.doubtful) == (None, (("BTCUSDT", 60),))
    assert second.closed == closing(minute=2)


def test_a_window_without_a_later_push_is_overdue_two_seconds_after_its_end_and_only_once() -> None:
    rule = watching()
    rule.push(push())

    assert rule.overdue(121.9) == []
    assert rule.overdue(122.0) == [("BTCUSDT", 60)]
    assert rule.overdue(123.0) == []


def test_a_symbol_that_never_pushed_is_overdue_too() -> None:
    rule = watching("BTCUSDT", "ETHUSDT")
    rule.push(closing())

    assert rule.overdue(182.0) == [("BTCUSDT", 60), ("BTCUSDT", 120), ("ETHUSDT", 60), ("ETHUSDT", 120)]


def test_an_overdue_candle_is_not_closed_a_second_time_by_a_later_push() -> None:
    rule = watching()
    rule.push(closing())
    rule.overdue(122.0)

    taken = rule.push(push(minute=2))

    assert (taken.fresh, taken.closed, taken.doubtful) == (True, None, ())


def test_an_overdue_candle_that_changed_after_rest_was_asked_is_asked_for_again() -> None:
    rule = watching()
    rule.push(push(sent=55))
    rule.overdue(122.0)
    rule.push(closing())
    rule.overdue(182.0)

    taken = rule.push(push(minute=3))

    assert taken.doubtful == (("BTCUSDT", 60),)


def test_a_market_clock_that_ran_ahead_for_a_while_does_not_stop_candles_from_closing() -> None:
    rule = watching()
    rule.push(push())
    rule.overdue(86_400.0)
    rule.overdue(100.0)
    rule.push(closing())

    assert rule.push(push(minute=2)).closed == closing()


def test_a_symbol_watched_while_the_market_clock_was_ahead_begins_with_its_first_push() -> None:
    rule = watching(market_s=86_400.0)
    rule.push(closing())

    assert rule.push(push(minute=2)).closed == closing()


def test_a_change_of_the_universe_leaves_the_candles_of_those_who_stay() -> None:
    rule = watching("BTCUSDT", "ETHUSDT")
    rule.push(closing())

    rule.watch(["BTCUSDT", "SOLUSDT"], 121.0)

    assert rule.push(push(symbol="ETHUSDT", minute=2)).fresh is False
    assert rule.push(push(minute=2)).closed == closing()


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
    assert batches.waiting == 0


def test_while_nothing_can_be_stored_the_oldest_candles_are_dropped_at_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("marketdata.screeners.ws.batches.WAITING_MAX", 3)
    batches = ClosedBatches(expected=1)

    for open_s in (240, 60, 120, 180, 300):
        batches.put_back([closed(open_s=open_s)], now_s=0.0)

    assert [candle.open_s for candle in batches.take(now_s=1.0)] == [180, 240, 300]
    assert batches.dropped == 2


def test_a_doubtful_window_is_asked_for_when_it_has_settled_and_once_it_is_got_no_more() -> None:
    waiting = Confirmations()
    waiting.add([("ETHUSDT", 60), ("BTCUSDT", 60)], not_before_s=1.0)

    early, asked = waiting.take(0.9), waiting.take(1.0)
    waiting.answered(asked, set(asked), 1.1)

    assert (early, asked) == ([], [("BTCUSDT", 60), ("ETHUSDT", 60)])
    assert len(waiting) == 0


def test_what_rest_does_not_have_is_asked_for_a_few_times_and_then_left_to_gap_filling() -> None:
    waiting, now_s, rounds = Confirmations(), 0.0, 0
    waiting.add([("BTCUSDT", 60)], not_before_s=0.0)

    while len(waiting):
        asked = waiting.take(now_s)
        waiting.answered(asked, (), now_s)
        rounds, now_s = rounds + len(asked), now_s + AGAIN_S

    assert rounds == ATTEMPTS


def test_an_exchange_that_does_not_answer_costs_no_attempt() -> None:
    waiting = Confirmations()
    waiting.add([("BTCUSDT", 60)], not_before_s=0.0)

    for now_s in range(0, 100, 2):
        waiting.postpone(waiting.take(now_s), now_s)

    assert waiting.take(200.0) == [("BTCUSDT", 60)]


def test_a_window_found_doubtful_while_it_is_asked_for_is_asked_for_again() -> None:
    waiting = Confirmations()
    waiting.add([("BTCUSDT", 60)], not_before_s=0.0)
    asked = waiting.take(0.0)
    waiting.add([("BTCUSDT", 60)], not_before_s=1.0)

    waiting.answered(asked, set(asked), 0.5)

    assert waiting.take(1.0) == [("BTCUSDT", 60)]


def test_too_many_doubtful_windows_are_left_to_gap_filling_oldest_first() -> None:
    waiting = Confirmations()

    waiting.add([("BTCUSDT", 60 * minute) for minute in range(WAITING_MAX + 5)], not_before_s=0.0)

    assert waiting.dropped == 5
    assert min(waiting.take(1.0))[1] == 300

"""The REST screener's rules without I/O: the clock to follow, what is missing, what is read again, who is served."""

from __future__ import annotations

from typing import Any

import pytest

from cdb_site.clock import Anchor, from_seconds, iso, joined
from cdb_site.env import Environment
from marketdata.mexc.rest import ServerTime
from marketdata.screeners.history import Range, StoredHistory, covering, history_ranges, missing_ranges
from marketdata.screeners.rest.anchoring import Anchoring
from marketdata.screeners.rest.fallback import AFTER_S, Silence
from marketdata.screeners.rest.missing import ABSENT_AFTER, AGAIN_MAX_S, Missing
from marketdata.screeners.rest.verifying import Round

SIMULATED = Environment(ENV="demo", MARKET="SIMULATED")


def real_time(*, offset_s: float, at_s: float, round_trip_s: float = 0.1) -> tuple[ServerTime, float, float]:
    """An answer of the real exchange, whose clock is `offset_s` ahead of ours."""
    return ServerTime(at_s + offset_s, None), at_s - round_trip_s / 2, at_s + round_trip_s / 2


def simulated_time(*, wall_s: float, market_s: float, stated_s: float | None = None) -> tuple[ServerTime, float, float]:
    simulation = {"rate": 10, "wall_s": wall_s, "market_s": market_s, "label": "seed 1"}
    return ServerTime(market_s if stated_s is None else stated_s, simulation), wall_s, wall_s


def quote(*, received_s: float) -> dict[str, Any]:
    return {"received_at": iso(from_seconds(received_s))}


# The clock.


def test_one_answer_with_a_nonsense_time_is_not_followed() -> None:
    anchoring = Anchoring(Environment())
    anchoring.measured(*real_time(offset_s=5, at_s=100))

    jumped = anchoring.measured(*real_time(offset_s=3605, at_s=101))
    back = anchoring.measured(*real_time(offset_s=5, at_s=102))

    assert jumped.market_at(101) == pytest.approx(106)
    assert back.market_at(102) == pytest.approx(107)


def test_a_jump_that_three_answers_agree_on_is_followed() -> None:
    anchoring = Anchoring(Environment())
    anchoring.measured(*real_time(offset_s=5, at_s=100))

    followed = [anchoring.measured(*real_time(offset_s=65, at_s=at_s)).market_at(at_s) for at_s in (101, 102, 103)]

    assert followed == pytest.approx([106, 107, 168])


def test_a_slow_answer_proves_no_jump() -> None:
    anchoring = Anchoring(Environment())
    anchoring.measured(*real_time(offset_s=0, at_s=100))

    for at_s in (110, 120, 130, 140):
        anchor = anchoring.measured(*real_time(offset_s=1.4, at_s=at_s, round_trip_s=3))

    assert anchor.market_at(140) == pytest.approx(140)
    assert not anchoring.skewed


def test_a_clock_more_than_a_second_off_is_skew_once_two_answers_say_so() -> None:
    anchoring = Anchoring(Environment())

    found = []
    for at_s, offset_s in enumerate([0, 0, 1.5, 0, 1.5, 1.5, 0, 0]):
        anchoring.measured(*real_time(offset_s=offset_s, at_s=100 + at_s))
        found.append(anchoring.skewed)

    assert found == [None, False, False, False, False, True, True, False]


def test_a_simulator_that_states_a_wrong_time_is_skewed_and_its_market_clock_is_still_right() -> None:
    anchoring = Anchoring(SIMULATED)
    for wall_s in (100, 101):
        anchor = anchoring.measured(
            *simulated_time(wall_s=wall_s, market_s=5000 + 10 * wall_s, stated_s=5005 + 10 * wall_s)
        )

    assert (anchoring.skewed, anchoring.skew_s) == (True, 5)
    assert anchor.market_at(102) == 5000 + 10 * 102


def test_a_simulated_market_may_come_back_ahead_but_not_behind() -> None:
    anchoring = Anchoring(SIMULATED)
    anchoring.measured(*simulated_time(wall_s=100, market_s=5000))

    behind = anchoring.measured(*simulated_time(wall_s=101, market_s=4000))
    restarted = anchoring.measured(*simulated_time(wall_s=102, market_s=5065))

    assert behind.market_at(101) == 5010
    assert restarted.market_at(102) == 5065


def test_a_step_of_this_machines_clock_is_no_jump_of_the_exchanges_time() -> None:
    anchoring = Anchoring(Environment())
    for at_s in (100, 101):
        anchoring.measured(*real_time(offset_s=5, at_s=at_s))

    anchoring.stepped(-10)
    anchor = anchoring.measured(*real_time(offset_s=15, at_s=92))

    assert anchor.market_at(92) == pytest.approx(107)


def test_market_time_stands_still_rather_than_run_back() -> None:
    followed = Anchor(wall_s=100, market_s=200)

    corrected = joined(followed, Anchor(wall_s=110, market_s=209.5), reached_s=210, wall_s=110)

    assert [corrected.market_at(at_s) for at_s in (110, 110.25, 110.5, 111)] == [210, 210, 210, 210.5]
    assert joined(followed, Anchor(wall_s=110, market_s=210.5), reached_s=210, wall_s=110).market_at(110) == 210.5


def test_another_market_is_followed_wherever_it_stands() -> None:
    other = Anchor(wall_s=110, market_s=50, rate=10, simulated=True)

    assert joined(Anchor(wall_s=100, market_s=200), other, reached_s=210, wall_s=110) is other


# What is missing.


def test_a_first_start_warms_up_and_a_restart_fills_the_gap() -> None:
    stored = {"B": StoredHistory(60, 540), "C": StoredHistory(480, 600)}

    history, gaps = history_ranges(["A", "B", "C"], stored, 360, 600, 60)

    assert history == [Range("A", 360, 600), Range("C", 360, 420)]
    assert gaps == [Range("B", 600, 600)]


def test_neighbouring_missing_candles_are_asked_for_at_once() -> None:
    assert missing_ranges({"A": [60, 120, 240]}, 60) == [Range("A", 60, 120), Range("A", 240, 240)]


def test_one_call_covers_all_that_fits_into_one_answer() -> None:
    far_s = 60 * 500
    wanted = [Range("A", 0, 0), Range("A", 120, 180), Range("A", far_s, far_s), Range("B", 0, 60)]

    assert covering(wanted, 60) == [Range("A", 0, 180), Range("A", far_s, far_s), Range("B", 0, 60)]


def test_what_the_exchange_does_not_have_is_asked_for_again_ever_less_often() -> None:
    missing: Missing[str] = Missing()
    missing.seen({"candle"}, 0.0)
    asked_at = []
    for second in range(0, 10_000):
        if missing.due(second):
            asked_at.append(second)
            missing.asked(["candle"], second)

    assert asked_at[:6] == [0, 2, 6, 14, 30, 62]
    assert asked_at[-1] - asked_at[-2] == AGAIN_MAX_S
    assert missing.longer_than(30, 40.0) == [] and missing.count(absent=True) == 1


def test_what_is_missing_for_long_is_told_until_it_is_filled_or_known_to_be_absent() -> None:
    missing: Missing[str] = Missing()
    missing.seen({"old", "filled", "gone"}, 0.0)
    for _ in range(ABSENT_AFTER):
        missing.asked(["gone"], 0.0)
    missing.filled(["filled"])
    missing.seen({"old", "gone", "young"}, 20.0)

    assert missing.longer_than(30, 31.0) == ["old"]
    assert (missing.count(), missing.count(absent=True)) == (2, 1)


def test_the_memory_of_what_is_missing_is_bounded() -> None:
    missing: Missing[int] = Missing(entries_max=10)

    missing.seen(set(range(100)), 0.0)

    assert missing.count() == 10


# What is read again.


def test_every_candle_is_read_again_and_each_reading_reaches_back_over_the_one_before() -> None:
    turn = Round(60, first_candles=5)
    read = []
    for now_s, market_s in ((0, 6010.0), (300, 6310.0), (600, 6610.0)):
        wanted = turn.wanted("A", market_s, 1.0, now_s)
        assert wanted is not None
        turn.done(wanted)
        read.append((wanted.first_s, wanted.last_s))

    assert read == [(5700, 5940), (5700, 6240), (6000, 6540)]


def test_a_reading_that_failed_is_read_again() -> None:
    turn = Round(60, first_candles=5)

    failed = turn.wanted("A", 6010.0, 1.0, 0)

    assert turn.wanted("A", 6010.0, 1.0, 300) == failed


@pytest.mark.parametrize(("rate", "every_s"), [(1, 300), (10, 30), (60, 10)])
def test_the_turns_of_all_symbols_are_spread_evenly(rate: float, every_s: int) -> None:
    turn, symbols = Round(60, first_candles=5), [f"S{number}" for number in range(30)]
    asked: list[str] = []
    for second in range(every_s):
        due = turn.due(symbols, second, rate)
        for symbol in due:
            turn.wanted(symbol, 6000 + second * rate, rate, second)
        asked += due
        assert len(due) <= 3

    assert sorted(asked) == sorted(symbols)


# Who is served.


def judge(
    silence: Silence, symbols: list[str], quotes: dict[str, Any], wall_s: float, stepped_s: float = 0
) -> set[str]:
    """`stepped_s`: how far the wall clock was set since the test began; the monotonic one passes on."""
    return set(silence.judge(symbols, quotes, wall_s=wall_s + stepped_s, now_s=wall_s))


def test_a_symbol_without_a_fresh_quote_is_served_until_the_socket_is_back() -> None:
    silence = Silence()
    judge(silence, ["A", "B"], {"A": quote(received_s=100), "B": quote(received_s=100)}, 100)

    quiet = judge(silence, ["A", "B"], {"A": quote(received_s=100), "B": quote(received_s=104)}, 106)
    ours = [quote(received_s=106) | {"symbol": "A"}]
    silence.sent(ours)
    still = judge(silence, ["A", "B"], {"A": ours[0], "B": quote(received_s=104)}, 107)
    back = judge(silence, ["A", "B"], {"A": quote(received_s=107.5), "B": quote(received_s=107.5)}, 108)

    assert (quiet, still, back) == ({"A"}, {"A"}, set())


def test_quotes_of_yesterday_are_given_some_seconds_to_be_renewed_after_a_start() -> None:
    silence = Silence()

    at_once = judge(silence, ["A"], {"A": quote(received_s=100)}, 90_000)
    later = judge(silence, ["A"], {"A": quote(received_s=100)}, 90_001 + AFTER_S)

    assert (at_once, later) == (set(), {"A"})


@pytest.mark.parametrize("step_s", [-20, 20])
def test_a_step_of_the_wall_clock_neither_hides_a_silence_nor_makes_one(step_s: float) -> None:
    silence = Silence()
    known = {"A": quote(received_s=99), "B": quote(received_s=99)}
    judge(silence, ["A", "B"], known, 100)

    at_once = judge(silence, ["A", "B"], known, 101, step_s)
    later = judge(silence, ["A", "B"], known | {"B": quote(received_s=106 + step_s)}, 106, step_s)

    assert (at_once, later) == (set(), {"A"})


@pytest.mark.parametrize(
    ("watched", "silent", "widespread"), [(30, 2, False), (30, 7, True), (1, 1, True), (2, 1, False), (30, 0, False)]
)
def test_a_few_quiet_symbols_are_no_broken_feed(watched: int, silent: int, widespread: bool) -> None:
    symbols = [f"S{number}" for number in range(watched)]
    silence = Silence()
    judge(silence, symbols, {}, 0)

    judge(silence, symbols, {symbol: quote(received_s=100) for symbol in symbols[silent:]}, 100)

    assert silence.widespread is widespread

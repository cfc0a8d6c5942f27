"""Every fault of the exchange: that it happened, what the operator sees, and that the candles are right afterwards.

Faults of single symbols act side by side, one symbol each; faults of the whole feed one after the other. Recovery is
measured and printed (`pytest -rP`); only bounds that a slow machine keeps are asserted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from cdb_site.bus import latest
from cdb_site.clock import SYSTEM
from marketdata.screeners.rest import fallback, rest_conditions, verifying
from tests.builders import set_limits
from tests.faults.market_house import SYMBOLS, House, market_house, metric

pytestmark = pytest.mark.django_db
SILENCE_S = 2
BY_SYMBOL: dict[str, dict[str, Any]] = {
    "gaps": {"symbols": ["ADAUSDT"], "share": 0.6},
    "duplicates": {"symbols": ["AVAXUSDT"], "share": 1, "ms": 250},
    "reordering": {"symbols": ["BNBUSDT"], "ms": 700},
    "delay": {"symbols": ["DOGEUSDT"], "ms": 400, "jitter_ms": 200},
    "lost_last_push": {"symbols": ["ETHUSDT"]},
    "late_last_push": {"symbols": ["LINKUSDT"], "late_s": 0.7},
    "silence": {"symbols": ["SOLUSDT"]},
    "corrupt": {"symbols": ["SUIUSDT"], "share": 0.7},
    "garbage": {"symbols": ["XRPUSDT"], "share": 0.7},
}
MALFORMED = "cdb_malformed_total"
STALE = "cdb_ws_stale_total"
CLOSED = "cdb_candles_closed_total"
LOST = "cdb_ws_reconnects_total"
# How long the REST side waits before it serves quotes, calls the exchange unreachable, reads candles again: less here.
PATIENCE_S = 2.0


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr(fallback, "AFTER_S", PATIENCE_S)
        patch.setattr(rest_conditions, "UNREACHABLE_S", PATIENCE_S)
        patch.setattr(verifying, "EVERY_MIN_S", PATIENCE_S)
        patch.setattr(verifying, "SETTLED_WALL_S", PATIENCE_S)
        folder, silence_s = tmp_path_factory.mktemp("house"), Decimal(1)
        set_limits(max_data_silence_s=str(SILENCE_S))
        with market_house(folder, WS_SILENCE_S=silence_s) as opened:
            yield opened


@pytest.fixture(autouse=True)
def _nobody_fell_over(house: House) -> Iterator[None]:
    """Each fault meets a market that is well, and leaves one whose screeners never ended."""
    house.wait(lambda: house.health("ws")[0] and house.health("rest")[0], "a healthy market")
    yield
    house.faults.end()
    assert house.failed == []


class Spell(NamedTuple):
    """A time with faults: its first and last market minute, when it ended, and what was done and counted in it."""

    first: int
    last: int
    ended_s: float
    done: dict[str, dict[str, int]]
    counted: Counter[str]
    silent: set[str]


COUNTED: dict[str, Callable[[], float]] = {
    "malformed": lambda: metric(MALFORMED),
    "stale books": lambda: metric(STALE, kind="book"),
    "stale candles": lambda: metric(STALE, kind="kline"),
    "confirmed": lambda: metric(CLOSED, by="rest"),
}


def counts() -> Counter[str]:
    return Counter({name: int(count()) for name, count in COUNTED.items()})


@pytest.fixture(scope="module")
def spell(house: House) -> Spell:
    """All faults of single symbols at once, over four candles."""
    first, before = house.minute(), counts()
    for kind, values in BY_SYMBOL.items():
        house.faults.order(kind, seconds=4, **values)
    house.wait(lambda: house.opened("SYMBOL_SILENT", "SOLUSDT"), "SYMBOL_SILENT")
    house.wait(lambda: house.opened("FEED_MALFORMED"), "FEED_MALFORMED")
    silent = {symbol for symbol in SYMBOLS if house.opened("SYMBOL_SILENT", symbol)}
    ended_s = house.await_end()
    return Spell(first, house.minute(), ended_s, house.faults.report()["done"], counts() - before, silent)


@pytest.mark.parametrize("kind", sorted(BY_SYMBOL))
def test_the_desk_did_what_was_ordered(spell: Spell, kind: str) -> None:
    assert sum(spell.done[kind].values()) >= 3


def test_a_silent_symbol_is_alerted_alone_and_the_alert_ends_with_the_silence(house: House, spell: Spell) -> None:
    recovery_s = house.closed_after_s(spell.ended_s, "SYMBOL_SILENT", "SOLUSDT")

    # A flipped bit may make a book's number so high that the next ones of that symbol look old for a while.
    assert {"SOLUSDT"} <= spell.silent <= {"SOLUSDT", *BY_SYMBOL["corrupt"]["symbols"]}
    print(f"one silent symbol: alert closed {recovery_s:.1f} s after the end")


def test_unusable_frames_are_counted(spell: Spell) -> None:
    replaced, corrupted = spell.done["garbage"]["frames replaced"], spell.done["corrupt"]["frames corrupted"]

    assert replaced < spell.counted["malformed"] <= replaced + corrupted


def test_duplicates_and_overtaken_frames_are_seen_to_be_stale(spell: Spell) -> None:
    assert spell.counted["stale books"] >= 5
    assert spell.counted["stale candles"] >= 5


def test_lost_and_late_last_pushes_make_rest_be_asked(spell: Spell) -> None:
    assert spell.counted["confirmed"] >= spell.done["lost_last_push"]["last pushes lost"]


def test_after_faults_of_single_symbols_every_candle_is_the_exchanges_own(house: House, spell: Spell) -> None:
    house.await_equal(spell.first, spell.last)

    print(f"faults of single symbols: candles equal {SYSTEM.wall_s() - spell.ended_s:.1f} s after the end")


def test_a_silent_feed_is_noticed_and_alerted_and_its_sockets_are_replaced(house: House) -> None:
    first, before, begun_s = house.minute(), metric(LOST, reason="silence"), SYSTEM.wall_s()
    house.faults.order("silence", seconds=60)

    house.wait(lambda: metric(LOST, reason="silence") > before, "the end of the silent sockets")
    noticed_s = SYSTEM.wall_s() - begun_s
    house.wait(lambda: house.opened("FEED_SILENT"), "FEED_SILENT")
    well, reason = house.health("ws")
    singles = [symbol for symbol in SYMBOLS if house.opened("SYMBOL_SILENT", symbol)]
    ended_s = house.end()
    recovery_s = house.closed_after_s(ended_s, "FEED_SILENT")
    house.wait(lambda: house.health("ws")[0], "a healthy feed")

    assert not well and "no market data" in reason
    assert singles == []
    print(f"silence: given up after {noticed_s:.1f} s, alert closed {recovery_s:.1f} s after the end")
    house.await_equal(first, house.minute() - 1)


def test_the_alert_of_unusable_frames_ends_with_them(house: House, spell: Spell) -> None:
    recovery_s = house.closed_after_s(spell.ended_s, "FEED_MALFORMED")

    print(f"garbage, corrupt: alert closed {recovery_s:.1f} s after the end")


def test_a_frame_too_large_is_refused_and_the_socket_comes_back(house: House) -> None:
    first, before = house.minute(), metric(LOST, reason="oversized")
    malformed = metric(MALFORMED, where="ws", reason="oversized")

    house.faults.order("oversized", mb=9)
    house.wait(lambda: metric(LOST, reason="oversized") > before, "the end of the socket")
    recovery_s = house.await_quotes_since(SYSTEM.wall_s())

    assert metric(MALFORMED, where="ws", reason="oversized") > malformed
    print(f"oversized: quotes of all symbols {recovery_s:.1f} s after the end of the socket")
    house.await_equal(first, house.minute() - 1)


def test_sockets_that_are_cut_come_back_and_nothing_is_missed(house: House) -> None:
    first, before = house.minute(), metric(LOST)

    house.faults.order("disconnect")
    house.wait(lambda: metric(LOST) > before, "the end of the sockets")
    recovery_s = house.await_quotes_since(SYSTEM.wall_s())

    assert house.faults.report()["done"]["disconnect"] == {"disconnects": 1}
    print(f"disconnect: quotes of all symbols {recovery_s:.1f} s later")
    house.await_equal(first, house.minute() - 1)


def test_while_sockets_are_refused_rest_fills_in(house: House) -> None:
    first, begun_s = house.minute(), SYSTEM.wall_s()

    house.faults.order("refuse", seconds=60)
    house.wait(lambda: house.opened("FEED_FALLBACK"), "FEED_FALLBACK")
    house.await_quotes_since(SYSTEM.wall_s())
    filled_s = SYSTEM.wall_s() - begun_s
    house.await_equal(first, house.minute() - 1)
    refused = house.faults.report()["done"]["refuse"]["sockets refused"]
    recovery_s = house.closed_after_s(house.end(), "FEED_FALLBACK")

    assert refused > 0
    print(f"refused: quotes over REST after {filled_s:.1f} s, alert closed {recovery_s:.1f} s after the end")
    house.await_equal(first, house.minute() - 1)


def test_an_exchange_whose_rest_is_broken_is_alerted_and_candles_go_on_over_the_socket(house: House) -> None:
    first = house.minute()

    house.faults.order("rest_5xx", seconds=60)
    house.wait(lambda: house.opened("EXCHANGE_UNREACHABLE"), "EXCHANGE_UNREACHABLE")
    well, reason = house.health("rest")
    pushed = metric(CLOSED, by="push")
    house.wait(lambda: metric(CLOSED, by="push") > pushed + len(SYMBOLS), "candles by push")
    recovery_s = house.closed_after_s(house.end(), "EXCHANGE_UNREACHABLE")

    assert not well and "has not answered" in reason
    print(f"REST broken: alert closed {recovery_s:.1f} s after the end")
    house.await_equal(first, house.minute() - 1)


def test_answers_that_are_late_or_refused_for_their_number_lose_nothing(house: House) -> None:
    first = house.minute()

    house.faults.order("lost_last_push", seconds=3)
    house.faults.order("rest_429", seconds=2, share=0.5)
    house.faults.order("rest_slow", seconds=3, share=0.5, delay_s=1)
    ended_s = house.await_end()
    house.await_equal(first, house.minute() - 1)

    done = house.faults.report()["done"]
    assert done["rest_429"]["answers refused"] >= 1
    assert done["rest_slow"]["answers delayed"] >= 1
    print(f"REST slow and refusing: candles equal {SYSTEM.wall_s() - ended_s:.1f} s after the end")


def test_a_clock_that_is_off_is_alerted_and_what_it_made_wrong_is_corrected(house: House) -> None:
    """With the exchange's time ahead, a last push that is not one looks like one: only reading again tells."""
    first, revised = house.minute(), metric("cdb_candles_revised_total")

    house.faults.order("clock_skew", seconds=60, skew_s=7200)
    house.faults.order("lost_last_push", seconds=60)
    house.wait(lambda: house.opened("CLOCK_SKEW"), "CLOCK_SKEW")
    house.await_quotes_since(SYSTEM.wall_s())
    off_s = house.runtimes["rest"].clock.market_s() - house.time.now_s()
    ended_s = house.end()
    house.await_quotes_since(ended_s + 0.2)
    recovery_s = house.closed_after_s(ended_s, "CLOCK_SKEW")
    house.await_equal(first, house.minute() - 1)

    assert abs(off_s) < 600
    assert metric("cdb_candles_revised_total") > revised
    print(f"clock skew: alert closed {recovery_s:.1f} s, candles equal {SYSTEM.wall_s() - ended_s:.1f} s after the end")


def test_a_crash_and_a_wide_spread_reach_the_quotes_and_the_candles(house: House) -> None:
    first, before = house.minute(), latest.read_quotes()

    house.faults.order("crash", symbols=["SOLUSDT"], size=0.5)
    house.faults.order("wide_spread", symbols=["ETHUSDT"], factor=100, seconds=1.5)
    house.wait(lambda: bid("SOLUSDT") < Decimal("0.7") * Decimal(before["SOLUSDT"]["bid"]), "the lower price")
    house.wait(lambda: spread("ETHUSDT") > Decimal("0.003"), "the wide spread")
    house.wait(lambda: spread("ETHUSDT") < Decimal("0.003"), "the usual spread")

    house.await_equal(first, house.minute() - 1)


def bid(symbol: str) -> Decimal:
    return Decimal(latest.read_quotes()[symbol]["bid"])


def spread(symbol: str) -> Decimal:
    """Of the bid."""
    quote = latest.read_quotes()[symbol]
    return (Decimal(quote["ask"]) - Decimal(quote["bid"])) / Decimal(quote["bid"])

"""The choice of the universe on real PostgreSQL and Redis: when it is made, what it keeps, what is stored of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.db import connections

from cdb_site.alerts.models import Alert
from cdb_site.bus import latest
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import iso
from cdb_site.env import Environment
from cdb_site.services import service
from marketdata import pausing, queries
from marketdata.mexc.errors import BadAnswer
from marketdata.mexc.rest import ExchangeListing, InstrumentInfo, Ticker
from marketdata.models import Instrument, UniverseChoice, UniverseEntry, UniverseMember
from marketdata.screeners import holdings
from marketdata.screeners.rest import choosing
from marketdata.screeners.rest.choosing import Choosing, Universe
from tests.clocks import TenfoldClock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
T = TypeVar("T")
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Exchange:
    """What an exchange tells of its pairs: symbol → 24 h quote volume; `spreads` in basis points, `shut` may not be
    traded, `sides` is what it takes where that is not both, of the `odd` it tells unusably."""

    def __init__(self, **volumes: int) -> None:
        self.volumes = volumes
        self.spreads: dict[str, int] = {}
        self.shut: set[str] = set()
        self.sides: dict[str, str] = {}
        self.odd: set[str] = set()
        self.step = Decimal("0.01")

    async def listing(self) -> ExchangeListing:
        told = [self._instrument(symbol) for symbol in self.volumes if symbol not in self.odd]
        return ExchangeListing(told, frozenset(self.odd))

    def _instrument(self, symbol: str) -> InstrumentInfo:
        base, quote = (symbol.removesuffix("USDT"), "USDT") if symbol.endswith("USDT") else (symbol[:-3], symbol[-3:])
        step, fee, trading = self.step, Decimal("0.01"), symbol not in self.shut
        return InstrumentInfo(
            symbol, base, quote, step, step, step, Decimal(1), fee, trading, self.sides.get(symbol, "BOTH")
        )

    async def tickers_24h(self) -> list[Ticker]:
        return [self._ticker(symbol, volume) for symbol, volume in self.volumes.items()]

    def _ticker(self, symbol: str, volume: int) -> Ticker:
        half = Decimal(self.spreads.get(symbol, 10)) / 200
        return Ticker(symbol, Decimal(100), Decimal(0), Decimal(volume), Decimal(100) - half, Decimal(100) + half)


class Screener:
    def __init__(self, environment: Environment, rows: ThreadPoolExecutor) -> None:
        self.clock = TenfoldClock(NOW.timestamp())
        self.rows = rows
        self.runtime = Runtime(service=service("rest"), environment=environment, instance="1", clock=self.clock)

    async def store(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.rows, work)


@pytest.fixture
def rows() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool
        pool.submit(connections.close_all).result()


def make_choosing(rows: ThreadPoolExecutor, **changes: Any) -> Choosing:
    values = {"UNIVERSE_SIZE": 2, "MARKET": "SIMULATED", "SYMBOL_WHITELIST": ()} | changes
    return Choosing(Screener(replace(settings.ENVIRONMENT, **values), rows))


def turn(part: Choosing, exchange: Exchange, *, after_s: float = 0.0) -> Universe | None:
    part.clock.passed_s += after_s  # type: ignore[attr-defined]
    return asyncio.run(part.turn(exchange))  # type: ignore[arg-type]


def say_held(*symbols: str) -> None:
    """Positions in these symbols, as the risk manager says them."""
    numbers = dict.fromkeys(
        ("equity", "cash", "positions_value", "exposure", "day_opening_equity", "day_pnl", "drawdown"), "1"
    )
    position = dict.fromkeys(("quantity", "avg_entry_price", "mark_price", "notional", "stop_price"), "1")
    position |= {"unrealized_pnl": "0", "mark_source": "BOOK"}
    payload = {
        "account": "paper",
        "marked_at": iso(NOW),
        "trading_state": "ACTIVE",
        "version": 1,
        "positions": [{"symbol": symbol, "version": 1, **position} for symbol in symbols],
        **numbers,
    }
    latest.publish("portfolio", payload, producer="risk", occurred_at=NOW)


def open_alerts() -> list[str]:
    return [alert.params["problem"] for alert in Alert.objects.exclude(state="CLOSED")]


def test_the_first_choice_stores_members_and_why_everybody_is_in_or_out(rows: ThreadPoolExecutor) -> None:
    exchange = Exchange(AUSDT=900, BUSDT=800, CUSDT=700, DUSDT=600)
    exchange.spreads["BUSDT"] = 150
    say_held()

    universe = turn(make_choosing(rows), exchange)

    choice = UniverseChoice.objects.get()
    entries = choice.entries.values_list("rank", "symbol", "quote_volume_24h", "spread_bps", "chosen", "excluded")
    assert universe == (["AUSDT", "CUSDT"], False)
    assert queries.universe() == ["AUSDT", "CUSDT"]
    assert list(entries) == [
        (1, "AUSDT", 900, 10, True, ""),
        (2, "BUSDT", 800, 150, False, "SPREAD"),
        (3, "CUSDT", 700, 10, True, ""),
        (4, "DUSDT", 600, 10, False, "RANK"),
    ]
    assert (choice.chosen_at, choice.listed, choice.chosen, choice.held) == (NOW, 4, 2, 0)
    assert (choice.joined, choice.dropped) == (["AUSDT", "CUSDT"], [])
    assert choice.settings == "SIMULATED seed 1: top 2 in USDT, spread up to 100 bps, 24 h volume from 0"


def test_the_universe_is_chosen_anew_after_its_time_and_not_before(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8, CUSDT=7), make_choosing(rows)
    say_held()
    turn(part, exchange)
    exchange.volumes["CUSDT"] = 99

    # 3600 s of market time are 360 s of wall time
    early = turn(part, exchange, after_s=359)
    due = turn(part, exchange, after_s=1)

    assert early is None
    assert due == (["AUSDT", "CUSDT"], False)
    assert UniverseChoice.objects.first().dropped == ["BUSDT"]  # type: ignore[union-attr]


def test_a_market_in_fast_motion_is_looked_at_twice_a_minute_at_most(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9), make_choosing(rows, UNIVERSE_EVERY_S=60)
    say_held()
    turn(part, exchange)

    assert turn(part, exchange, after_s=29) is None
    assert turn(part, exchange, after_s=1) is not None


def test_a_held_symbol_stays_watched_and_is_marked(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8, CUSDT=7), make_choosing(rows)
    say_held("BUSDT")
    turn(part, exchange)
    exchange.volumes["CUSDT"] = 99

    say_held("BUSDT")
    universe = turn(part, exchange, after_s=400)

    assert universe == (["AUSDT", "BUSDT", "CUSDT"], False)
    assert list(UniverseMember.objects.values_list("instrument_id", "held")) == [
        ("AUSDT", False),
        ("BUSDT", True),
        ("CUSDT", False),
    ]
    assert UniverseEntry.objects.get(symbol="BUSDT", choice__held=1).excluded == "RANK"


def test_a_position_in_a_symbol_that_is_not_watched_is_a_reason_to_choose(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8, CUSDT=7), make_choosing(rows)
    say_held()
    turn(part, exchange)

    before = turn(part, exchange, after_s=31)
    say_held("CUSDT")
    universe = turn(part, exchange, after_s=5)

    assert before is None
    assert universe == (["AUSDT", "BUSDT", "CUSDT"], False)


@pytest.mark.parametrize("old", [False, True])
def test_while_positions_are_unknown_nobody_leaves_and_it_is_soon_chosen_again(
    rows: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    if old:
        monkeypatch.setattr(holdings, "OLD_S", -1.0)
        say_held()
    exchange, part = Exchange(AUSDT=9, BUSDT=8, CUSDT=7), make_choosing(rows)
    turn(part, exchange)
    exchange.volumes["CUSDT"] = 99

    unknown = turn(part, exchange, after_s=400)
    monkeypatch.setattr(holdings, "OLD_S", 30.0)
    say_held()
    early = turn(part, exchange, after_s=59)
    known = turn(part, exchange, after_s=1)

    assert unknown == (["AUSDT", "BUSDT", "CUSDT"], False)
    assert early is None
    assert known == (["AUSDT", "CUSDT"], False)


def test_an_unusable_whitelist_raises_an_alert_changes_nothing_and_is_looked_at_every_minute(
    rows: ThreadPoolExecutor,
) -> None:
    exchange = Exchange(SOLUSDT=9, BUSDT=8)
    say_held()
    turn(make_choosing(rows), exchange)
    part = make_choosing(rows, SYMBOL_WHITELIST=("SLOUSDT",))

    universe = turn(part, exchange)
    told = open_alerts()
    early = turn(part, exchange, after_s=59)
    exchange.volumes["SLOUSDT"] = 1
    listed = turn(part, exchange, after_s=1)

    assert universe == (["BUSDT", "SOLUSDT"], False)
    assert told == ["SYMBOL_WHITELIST: SLOUSDT is not traded in USDT; did you mean SOLUSDT?"]
    assert early is None
    assert listed == (["SLOUSDT"], False)
    assert open_alerts() == []


def test_a_fresh_process_says_what_is_wrong_now_and_closes_what_is_not(rows: ThreadPoolExecutor) -> None:
    exchange = Exchange(SOLUSDT=9)
    turn(make_choosing(rows, SYMBOL_WHITELIST=("SLOUSDT",)), exchange)

    turn(make_choosing(rows, SYMBOL_WHITELIST=("SOLUSD",)), exchange)
    second = open_alerts()
    universe = turn(make_choosing(rows, SYMBOL_WHITELIST=("SOLUSDT",)), exchange)

    assert second == ["SYMBOL_WHITELIST: SOLUSD is not traded in USDT; did you mean SOLUSDT?"]
    assert universe == (["SOLUSDT"], False)
    assert open_alerts() == []


def test_other_settings_choose_without_regard_to_who_was_in(rows: ThreadPoolExecutor) -> None:
    volumes = {f"S{number}USDT": 100 - number for number in range(8)}
    say_held()
    turn(make_choosing(rows, UNIVERSE_SIZE=6), Exchange(**volumes))

    # S5 is sixth now and would stay for the band of five, were it a member under the same settings
    volumes |= {"S4USDT": 1, "S6USDT": 96}
    universe = turn(make_choosing(rows, UNIVERSE_SIZE=5), Exchange(**volumes))

    assert universe is not None
    assert universe.symbols == ["S0USDT", "S1USDT", "S2USDT", "S3USDT", "S6USDT"]


def test_another_seed_is_another_market_whose_history_is_fetched_anew(rows: ThreadPoolExecutor) -> None:
    exchange = Exchange(AUSDT=9, BUSDT=8)
    say_held()
    before = make_choosing(rows)
    before.clock.anchor = replace(before.clock.anchor, label="seed 10; rate 10")
    turn(before, exchange)

    first = turn(make_choosing(rows), exchange)
    unusable = turn(make_choosing(rows, SYMBOL_WHITELIST=("NOUSDT",)), Exchange(AUSDT=9))

    assert first == (["AUSDT", "BUSDT"], True)
    assert unusable == (["AUSDT", "BUSDT"], False)


def test_what_another_market_does_not_list_is_not_watched_though_the_settings_are_unusable(
    rows: ThreadPoolExecutor,
) -> None:
    say_held()
    turn(make_choosing(rows), Exchange(AUSDT=9, BUSDT=8))
    part = make_choosing(rows, SYMBOL_WHITELIST=("NOUSDT",))
    part.clock.anchor = replace(part.clock.anchor, label="seed 2; rate 10")

    universe, later = turn(part, Exchange(AUSDT=9)), turn(part, Exchange(AUSDT=9), after_s=60)

    assert universe == (["AUSDT"], True)
    assert later == (["AUSDT"], False)


def test_an_answer_without_any_pair_halts_nobody(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8), make_choosing(rows)
    say_held()
    turn(part, exchange)

    with pytest.raises(BadAnswer, match="2 of 2 pairs gone at once"):
        turn(part, Exchange(), after_s=400)
    universe = turn(part, Exchange(), after_s=30)

    assert universe == (["AUSDT", "BUSDT"], False)
    assert set(Instrument.objects.values_list("status", flat=True)) == {"TRADING"}
    assert open_alerts() == ["QUOTE_ASSET: the exchange trades nothing in USDT, nor in anything else."]


def test_a_paused_member_stays_watched(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8, CUSDT=7), make_choosing(rows)
    say_held()
    turn(part, exchange)
    pausing.pause("BUSDT", reason="news", by="anna")

    universe = turn(part, exchange, after_s=400)

    assert universe == (["AUSDT", "BUSDT"], False)
    assert UniverseChoice.objects.first().entries.get(symbol="BUSDT").excluded == "PAUSED"  # type: ignore[union-attr]


def test_after_thirty_days_of_market_time_a_choice_that_changed_nothing_goes(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9), make_choosing(rows)
    for _ in range(4):
        turn(part, exchange, after_s=400)
    oldest, same, older, newest = UniverseChoice.objects.order_by("pk")
    for choice, days in ((oldest, 32), (same, 31), (older, 29)):
        UniverseChoice.objects.filter(pk=choice.pk).update(chosen_at=newest.chosen_at - timedelta(days=days))

    turn(part, exchange, after_s=400)

    kept = UniverseChoice.objects.order_by("pk").values_list("pk", flat=True)
    assert list(kept)[:3] == [oldest.pk, older.pk, newest.pk]
    assert not UniverseEntry.objects.filter(choice_id=same.pk).exists()


def test_the_one_call_of_a_screener_gives_symbols_and_whether_the_market_is_another(rows: ThreadPoolExecutor) -> None:
    part = make_choosing(rows)

    symbols, another_market = asyncio.run(choosing.refresh(Exchange(AUSDT=9), part.screener))  # type: ignore[arg-type]

    assert (symbols, another_market) == (["AUSDT"], False)

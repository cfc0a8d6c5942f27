"""The WS screener and the levels of books: followed while they are near an order, and told to who fills."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cdb_site.alerts.models import Alert
from cdb_site.bus import latest
from cdb_site.bus.redis import connection
from cdb_site.clock import iso
from marketdata import operations
from marketdata.intervals import moment
from marketdata.mexc import wire
from marketdata.mexc.ws import SUBSCRIPTIONS_MAX
from marketdata.models import Candle
from marketdata.screeners.ws import nearness
from mexc_sim.server import frames
from tests.integration.marketdata.test_candles import make_instrument
from tests.integration.marketdata.ws_stage import BTC, ETH, Stage, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
LOOKBACK_MINUTES = 15


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(nearness, "LINGER_S", 0.5)
    operations.upsert_instruments([make_instrument(symbol=symbol) for symbol in (BTC, ETH)])
    operations.set_universe([BTC, ETH], "test")
    made = Stage()
    yield made
    made.close()


def plant_bases(stage: Stage, symbol: str, close: str) -> None:
    """Candles that a price of the next minutes is compared with."""
    for minute in range(-1, 3):
        Candle.objects.create(
            instrument_id=symbol,
            interval="1m",
            open_time=moment(stage.minute_s + 60 * (minute - LOOKBACK_MINUTES)),
            **dict.fromkeys(("open", "high", "low", "close"), Decimal(close)),
            volume=1,
            quote_volume=100,
            source="REST",
            received_at=datetime.now(UTC),
        )


def tell_held(*symbols: str) -> None:
    """What risk says of its positions."""
    row = {"quantity": "1", "avg_entry_price": "1", "mark_price": "1", "mark_source": "BOOK", "version": 1}
    row |= dict.fromkeys(("notional", "unrealized_pnl", "stop_price"), "1")
    figures = ("equity", "cash", "positions_value", "exposure", "day_opening_equity", "day_pnl", "drawdown")
    payload: dict[str, Any] = {"account": "paper", "marked_at": iso(datetime.now(UTC)), **dict.fromkeys(figures, "1")}
    payload |= {"trading_state": "ACTIVE", "version": 1, "positions": [row | {"symbol": name} for name in symbols]}
    latest.publish("portfolio", payload, producer="risk", occurred_at=datetime.now(UTC))


def followed(stage: Stage, symbol: str) -> bool:
    return wire.depth_channel(symbol) in stage.exchange.subscribed


def push_depth(stage: Stage, symbol: str, *, version: int = 1, ask: str = "101") -> None:
    channel = wire.depth_channel(symbol)
    frame = frames.encode_limit_depth(
        symbol, channel, [("99", "1"), ("98", "2")], [(ask, "3"), ("102", "4")], version, int(time.time() * 1000)
    )
    stage.push(channel, frame)


def told() -> list[dict[str, Any]]:
    newest = latest.newest("market_data.depth")
    return newest[0].payload["books"] if newest else []


def test_a_book_near_a_signal_is_followed_told_and_let_go_of(stage: Stage) -> None:
    plant_bases(stage, BTC, "100")
    stage.start(LOOKBACK_MINUTES=LOOKBACK_MINUTES)
    wait_for(lambda: stage.subscribed(BTC, ETH), "the subscriptions")

    stage.candle(close="100.7")
    wait_for(lambda: followed(stage, BTC), "the depth of what is near")
    push_depth(stage, BTC)
    books = wait_for(told, "the levels")
    stage.candle(close="100", sent=40)
    wait_for(lambda: not followed(stage, BTC), "that it is let go of")

    assert [book["symbol"] for book in books] == [BTC]
    assert books[0]["asks"] == [{"price": "101", "quantity": "3"}, {"price": "102", "quantity": "4"}]
    assert books[0]["bids"] == [{"price": "99", "quantity": "1"}, {"price": "98", "quantity": "2"}]
    assert not followed(stage, ETH), "what is far from a signal and not held costs no channel"
    assert stage.subscribed(BTC, ETH), "the other streams notice nothing"


def test_what_is_held_is_followed_though_nothing_is_known_of_its_momentum(stage: Stage) -> None:
    tell_held(ETH)
    stage.start()

    wait_for(lambda: followed(stage, ETH), "the depth of what is held")
    tell_held()

    wait_for(lambda: not followed(stage, ETH), "that it is let go of")
    assert not followed(stage, BTC)


def test_levels_are_no_quotes_and_no_load_for_who_reads_those(stage: Stage) -> None:
    tell_held(BTC)
    stage.start()
    wait_for(lambda: followed(stage, BTC), "the depth of what is held")

    push_depth(stage, BTC)
    wait_for(told, "the levels")

    assert latest.read_quotes() == {}
    assert connection().xlen("cdb:market_data.quotes") == 0


def test_a_depth_channel_that_is_refused_is_told_and_the_quotes_flow(stage: Stage) -> None:
    stage.exchange.refused.add(wire.depth_channel(BTC))
    tell_held(BTC)
    stage.start()

    wait_for(lambda: Alert.objects.filter(code="SUBSCRIPTION_REFUSED").exists(), "the alert")
    stage.candle()
    stage.book()

    wait_for(lambda: BTC in latest.read_quotes(), "the quote")


def test_no_connection_has_more_channels_than_the_exchange_allows(stage: Stage) -> None:
    symbols = [f"S{number:02}USDT" for number in range(20)]
    operations.upsert_instruments([make_instrument(symbol=symbol) for symbol in symbols])
    operations.set_universe(symbols, "test")
    tell_held(*symbols)
    stage.start()

    wait_for(lambda: all(followed(stage, symbol) for symbol in symbols), "the depth of what is held")

    assert max(len(client.channels) for client in stage.exchange.open) <= SUBSCRIPTIONS_MAX
    assert len(stage.exchange.subscribed) == len(set(stage.exchange.subscribed)) == 3 * 20 + 1

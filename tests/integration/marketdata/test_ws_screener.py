"""The WS screener against a scripted exchange: what it stores, publishes, alerts of, and what it survives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import redis
from django.db import OperationalError
from prometheus_client import REGISTRY

from cdb_site.alerts import operations as alerts
from cdb_site.alerts.models import Alert
from cdb_site.bus import latest
from cdb_site.health.server import report
from marketdata import operations
from marketdata.mexc import wire
from marketdata.models import Candle
from marketdata.screeners.ws import screener
from mexc_sim.server import frames
from tests.builders import set_limits
from tests.integration.marketdata.test_candles import make_instrument
from tests.integration.marketdata.ws_stage import BTC, ETH, SOL, Stage, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def stage() -> Iterator[Stage]:
    operations.upsert_instruments([make_instrument(symbol=symbol) for symbol in (BTC, ETH, SOL)])
    operations.set_universe([BTC, ETH], "test")
    made = Stage()
    yield made
    made.close()


def stored() -> list[tuple[str, Decimal, str, bool]]:
    rows = Candle.objects.order_by("open_time", "instrument_id")
    return [(row.instrument_id, row.close, row.source, row.revised) for row in rows]


def open_alerts() -> dict[str, str]:
    """Level by code and key."""
    rows = Alert.objects.exclude(state="CLOSED")
    return {f"{row.code} {row.key}": row.level for row in rows}


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_quote_reaches_the_bus_with_the_exchanges_time_and_our_own(stage: Stage) -> None:
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")

    stage.candle(close="100.004")
    stage.book(bid="99.001")
    quote = wait_for(lambda: latest.read_quotes().get(BTC), "the quote")

    assert (quote["bid"], quote["ask"], quote["last"]) == ("99", "101", "100")
    assert quote["event_at"] <= quote["received_at"]


def test_a_candle_proven_by_its_last_push_is_stored_at_once_as_pushed(stage: Stage) -> None:
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")

    stage.candle(sent=20, close="99")
    stage.candle(sent=60.001, close="101")
    stage.candle(minute=1)
    wait_for(stored, "the candle")

    assert stored() == [(BTC, Decimal(101), "WS", False)]


def test_a_candle_whose_last_push_was_lost_is_stored_as_rest_tells(stage: Stage) -> None:
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")
    stage.rest_knows(close="105")

    stage.candle(sent=55, close="99")
    stage.candle(minute=1)
    wait_for(stored, "the candle")

    assert stored() == [(BTC, Decimal(105), "REST", False)]


def test_a_last_push_that_comes_too_late_corrects_the_stored_candle_through_rest(stage: Stage) -> None:
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")
    stage.rest_knows(close="105")
    stage.candle(sent=60.001, close="101")
    stage.candle(minute=1)
    wait_for(stored, "the candle")

    stage.candle(sent=60.2, close="105", volume="6")
    wait_for(lambda: stored()[0][3], "the correction")

    assert stored() == [(BTC, Decimal(105), "REST", True)]


def test_a_frame_that_cannot_be_read_hands_the_forming_candle_to_rest(stage: Stage) -> None:
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")
    stage.rest_knows(close="105")
    stage.candle(sent=20)
    stage.push(wire.book_channel(BTC), b"\xff\xff")

    stage.candle(sent=60.001, close="101")
    stage.candle(minute=1)
    wait_for(stored, "the candle")

    assert stored() == [(BTC, Decimal(105), "REST", False)]


def test_a_candle_of_the_wrong_window_is_counted_and_dropped(stage: Stage) -> None:
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")
    before = sample("cdb_malformed_total", where="ws", reason="candle_window")
    start_s = stage.minute_s + (1 << 20)

    texts = ("100", "110", "90", "100", "5", "500")
    frame = frames.encode_candle(BTC, "Min1", start_s, start_s + 60, texts, start_s * 1000)
    stage.push(wire.kline_channel(BTC, "Min1"), frame)

    wait_for(lambda: sample("cdb_malformed_total", where="ws", reason="candle_window") == before + 1, "the count")


def test_a_new_member_of_the_universe_is_subscribed_and_the_others_streams_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screener, "UNIVERSE_EVERY_S", 0.1)
    stage.start()
    wait_for(lambda: stage.subscribed(BTC, ETH), "the subscriptions")
    stage.candle(sent=60.001, close="101")

    operations.set_universe([BTC, SOL], "test")
    wait_for(lambda: stage.subscribed(SOL) and not stage.subscribed(ETH), "the change")
    stage.candle(minute=1)
    wait_for(stored, "the candle that formed meanwhile")

    assert stored() == [(BTC, Decimal(101), "WS", False)]
    assert stage.exchange.attempts == 1


def test_a_silent_feed_is_alerted_of_fails_health_and_both_end_with_the_silence(stage: Stage) -> None:
    set_limits(max_data_silence_s="1")
    stage.start(WS_SILENCE_S=Decimal("0.5"))
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")

    wait_for(lambda: open_alerts() == {"FEED_SILENT feed": "CRITICAL"}, "the alert")
    reason = wait_for(lambda: report(stage.runtime)[1].get("reason"), "the failing health")

    def fed() -> bool:
        for symbol in (BTC, ETH):
            stage.book(symbol)
        return not open_alerts() and report(stage.runtime)[0]

    wait_for(fed, "the end of it")
    assert str(reason).startswith("no market data for ")
    assert sample("cdb_ws_reconnects_total", reason="silence") >= 1


def test_one_silent_symbol_is_named_while_the_feed_lives_by_the_limit_set_meanwhile(stage: Stage) -> None:
    set_limits(max_data_silence_s="3600")
    stage.start()
    wait_for(lambda: stage.subscribed(BTC, ETH), "the subscriptions")
    set_limits(max_data_silence_s="1")

    def found() -> bool:
        stage.book(BTC)
        return open_alerts() == {f"SYMBOL_SILENT {ETH}": "WARNING"}

    wait_for(found, "the alert")

    def over() -> bool:
        stage.book(BTC)
        stage.book(ETH)
        return not open_alerts()

    wait_for(over, "its end")


def test_a_fresh_process_closes_what_its_predecessor_left_open_once_it_knows_better(stage: Stage) -> None:
    alerts.raise_alert("FEED_SILENT", source="ws", key="feed", params={"age_s": 40})
    alerts.raise_alert("SYMBOL_SILENT", source="ws", key=SOL, params={"symbol": SOL, "age_s": 40})
    stage.start()
    wait_for(lambda: list(open_alerts()) == ["FEED_SILENT feed"], "the end of an alert on a symbol nobody watches")

    def fed() -> bool:
        stage.book()
        return not open_alerts()

    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")
    wait_for(fed, "the end of the silence")


def test_unusable_frames_in_a_flow_are_an_alert_until_they_stop(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketdata.screeners.ws.malformed.WINDOW_S", 1.0)
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")

    def garbage() -> bool:
        stage.push(wire.book_channel(BTC), b"\xff\xff")
        return open_alerts() == {"FEED_MALFORMED feed": "WARNING"}

    wait_for(garbage, "the alert")
    wait_for(lambda: not open_alerts(), "its end")

    assert stage.exchange.attempts == 1


def test_a_refused_channel_is_an_alert_that_names_it(stage: Stage) -> None:
    refused = wire.kline_channel(ETH, "Min1")
    stage.exchange.refused = {refused}
    stage.start()

    wait_for(lambda: open_alerts() == {f"SUBSCRIPTION_REFUSED {refused}": "WARNING"}, "the alert")
    stage.book()
    stage.candle()

    wait_for(lambda: latest.read_quotes().get(BTC), "quotes of the others")


def test_while_the_database_does_not_answer_closed_candles_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = operations.store_closed_candles, []

    def failing(*arguments: Any) -> int:
        if len(failures) < 2:
            failures.append(arguments)
            raise OperationalError("no answer")
        return real(*arguments)

    monkeypatch.setattr(operations, "store_closed_candles", failing)
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")

    stage.candle(sent=60.001, close="101")
    stage.candle(minute=1)
    wait_for(stored, "the candle")

    assert stored() == [(BTC, Decimal(101), "WS", False)]
    assert len(failures) == 2


def test_while_redis_does_not_answer_the_newest_quotes_wait_and_health_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.screeners.ws.publishing.PATIENCE_S", 0.2)
    away = threading.Event()
    away.set()
    real = latest.publish_quotes

    def publish(*arguments: Any, **named: Any) -> None:
        if away.is_set():
            raise redis.exceptions.ResponseError("OOM command not allowed")
        real(*arguments, **named)

    monkeypatch.setattr(latest, "publish_quotes", publish)
    stage.start()
    wait_for(lambda: stage.subscribed(BTC), "the subscriptions")
    stage.candle()
    stage.book(bid="98")
    reason = wait_for(lambda: report(stage.runtime)[1].get("reason"), "the failing health")
    stage.book(bid="97")

    away.clear()
    quote = wait_for(lambda: latest.read_quotes().get(BTC), "the quote")

    assert quote["bid"] == "97"
    assert "quotes not published" in str(reason)
    wait_for(lambda: report(stage.runtime)[0], "health")

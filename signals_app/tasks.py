"""What wakes the signal apps: closed candles for the engine, the end of a candle for the ranking."""

from __future__ import annotations

from celery import shared_task

from cdb_site.bus.consumer import consumes
from cdb_site.bus.events import BusEvent
from signals_app.engine import engine
from signals_app.ranking_clock import rank_now


@consumes("market_data", service="signal")
@shared_task(name="signals.evaluate_candles")
def evaluate_candles(events: list[BusEvent]) -> None:
    """Fold a micro-batch of candle events in; what is due is evaluated in one transaction."""
    engine().take(events)


@shared_task(name="signals.rank_universe")
def rank_universe() -> int:
    """Rank the instrument list as of the last closed candle. Returns the rows written."""
    return rank_now()

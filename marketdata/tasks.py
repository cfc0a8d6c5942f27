"""Ingestion on request, on the REST screener's own queue: fetch missing history, read the instruments again; and the
end of old candles."""

from __future__ import annotations

import asyncio
from threading import Event

import aiohttp
from celery import shared_task
from django.conf import settings

from cdb_site.clock import SYSTEM
from marketdata import operations, queries, retention
from marketdata.backfilling import Backfill
from marketdata.intervals import last_closed_open_s
from marketdata.mexc.rest import InstrumentInfo, MexcRest

BREATH_S = 0.05


@shared_task(name="marketdata.backfill")
def backfill(candles: int | None = None) -> int:
    """Fetch what is missing of the last `candles` of every watched symbol. Returns how many were new.

    Raises Unavailable when the exchange does not answer; what came until then is stored.
    """
    environment = settings.ENVIRONMENT
    market_s = SYSTEM.market_s()
    newest_s = last_closed_open_s(market_s, environment.interval_s)
    first_s = newest_s - ((candles or environment.BACKFILL_CANDLES) - 1) * environment.interval_s
    done = Backfill(environment, environment.INTERVAL).run(queries.universe(), first_s, newest_s, market_s)
    if done.problem is not None:
        raise done.problem
    return done.new


@shared_task(name="marketdata.delete_old_candles")
def delete_old_candles() -> int:
    """End the life of candles older than CANDLES_KEPT_DAYS. Returns how many were deleted."""
    return retention.delete_old_candles(settings.ENVIRONMENT, SYSTEM, lambda: Event().wait(BREATH_S))


@shared_task(name="marketdata.refresh_instruments")
def refresh_instruments() -> int:
    """Read ticks, steps, minimums and fees again. Returns how many instruments were written."""
    quote_asset = settings.ENVIRONMENT.QUOTE_ASSET
    listed = [item for item in asyncio.run(_instruments()) if item.quote_asset == quote_asset]
    return operations.upsert_instruments(listed)


async def _instruments() -> list[InstrumentInfo]:
    async with aiohttp.ClientSession() as session:
        return await MexcRest(settings.ENVIRONMENT.MEXC_REST_URL, session).instruments()

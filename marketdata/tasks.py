"""Ingestion on request, on the REST screener's own queue: fetch history again, or read the instruments again."""

from __future__ import annotations

import asyncio

import aiohttp
from celery import shared_task
from django.conf import settings

from cdb_site.clock import SYSTEM
from marketdata import operations, queries
from marketdata.intervals import last_closed_open_s
from marketdata.mexc.rest import InstrumentInfo, MexcRest
from marketdata.models import Candle
from marketdata.operations import ClosedCandle
from marketdata.screeners import history

PRODUCER = "rest"


@shared_task(name="marketdata.backfill")
def backfill(candles: int | None = None) -> int:
    """Fetch the last `candles` of every watched symbol, correcting what differs. Returns how many were new."""
    environment = settings.ENVIRONMENT
    symbols = queries.universe()
    newest_s = last_closed_open_s(SYSTEM.market_s(), environment.interval_s)
    first_s = newest_s - ((candles or environment.BACKFILL_CANDLES) - 1) * environment.interval_s
    ranges = [history.Range(symbol, first_s, newest_s) for symbol in symbols]
    fetched = asyncio.run(_fetch(ranges))
    return operations.store_closed_candles(environment.INTERVAL, fetched, Candle.Source.BACKFILL, PRODUCER)


@shared_task(name="marketdata.refresh_instruments")
def refresh_instruments() -> int:
    """Read ticks, steps, minimums and fees again. Returns how many instruments were written."""
    quote_asset = settings.ENVIRONMENT.QUOTE_ASSET
    listed = [item for item in asyncio.run(_instruments()) if item.quote_asset == quote_asset]
    return operations.upsert_instruments(listed)


async def _fetch(ranges: list[history.Range]) -> list[ClosedCandle]:
    async with aiohttp.ClientSession() as session:
        rest = MexcRest(settings.ENVIRONMENT.MEXC_REST_URL, session)
        return await history.fetch(rest, ranges, settings.ENVIRONMENT.INTERVAL, SYSTEM.market_s())


async def _instruments() -> list[InstrumentInfo]:
    async with aiohttp.ClientSession() as session:
        return await MexcRest(settings.ENVIRONMENT.MEXC_REST_URL, session).instruments()

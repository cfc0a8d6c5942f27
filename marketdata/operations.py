"""Writing market data: instruments, the universe, closed candles.

A closed candle is stored once and published once, in one transaction with its event, by whichever screener
closes it first. Candles of one open_time travel as one `market_data` event holding exactly the ones that were
new. A different later reading from REST corrects the row and flags it `revised`; it is not published again.
WebSocket readings never correct.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from cdb_site.bus import outbox
from cdb_site.clock import SYSTEM, iso
from cdb_site.db import bulk_insert
from cdb_site.units import plain
from marketdata import instrument_history
from marketdata.intervals import interval_s, moment
from marketdata.metrics import CANDLES_REVISED, CANDLES_STORED, MALFORMED
from marketdata.mexc.rest import InstrumentInfo
from marketdata.models import Candle, Instrument, UniverseMember
from marketdata.ticks import snap

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume", "quote_volume")
BATCH_ROWS = 2000
QUIET = (Candle.Source.BACKFILL, Candle.Source.IMPORT)

ON_INSTRUMENT = """(symbol) DO UPDATE SET
 base_asset = EXCLUDED.base_asset, quote_asset = EXCLUDED.quote_asset, price_tick = EXCLUDED.price_tick,
 quantity_step = EXCLUDED.quantity_step, min_quantity = EXCLUDED.min_quantity, min_notional = EXCLUDED.min_notional,
 taker_fee = EXCLUDED.taker_fee, status = EXCLUDED.status, sides = EXCLUDED.sides,
 updated_at = EXCLUDED.updated_at"""
ON_CANDLE = """(instrument_id, "interval", open_time) DO UPDATE SET
 "open" = EXCLUDED."open", high = EXCLUDED.high, low = EXCLUDED.low, "close" = EXCLUDED."close",
 volume = EXCLUDED.volume, quote_volume = EXCLUDED.quote_volume, source = EXCLUDED.source, revised = TRUE
 WHERE EXCLUDED.source <> 'WS' AND
 (marketdata_candle."open", marketdata_candle.high, marketdata_candle.low, marketdata_candle."close",
  marketdata_candle.volume, marketdata_candle.quote_volume)
 IS DISTINCT FROM
 (EXCLUDED."open", EXCLUDED.high, EXCLUDED.low, EXCLUDED."close", EXCLUDED.volume, EXCLUDED.quote_volume)"""


class ClosedCandle(NamedTuple):
    """One closed candle to store; prices on or near the tick, times in epoch seconds."""

    symbol: str
    open_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal


def upsert_instruments(instruments: Iterable[InstrumentInfo]) -> int:
    """Store what the exchange says about its pairs, the last word on each. Returns how many were written."""
    now, usual_fee = SYSTEM.wall_now(), settings.ENVIRONMENT.PAPER_TAKER_FEE_PCT
    rows = [
        {
            "symbol": item.symbol,
            "base_asset": item.base_asset,
            "quote_asset": item.quote_asset,
            "price_tick": item.price_tick,
            "quantity_step": item.quantity_step,
            "min_quantity": item.min_quantity,
            "min_notional": item.min_notional,
            "taker_fee": usual_fee if item.taker_fee is None else item.taker_fee,
            "status": Instrument.Status.TRADING if item.trading else Instrument.Status.HALTED,
            "sides": item.sides,
            "updated_at": now,
        }
        for item in {item.symbol: item for item in instruments}.values()
    ]
    with transaction.atomic():
        written = bulk_insert(Instrument, rows, on_conflict=ON_INSTRUMENT, returning="symbol")
        instrument_history.record(SYSTEM.market_now())
    return len(written)


def halt_unlisted(quote_asset: str, listed: Sequence[str]) -> int:
    """Halt stored pairs of `quote_asset` that the exchange no longer lists. Returns how many."""
    trading = Instrument.objects.filter(quote_asset=quote_asset, status=Instrument.Status.TRADING)
    return _changed(trading.exclude(symbol__in=listed), status=Instrument.Status.HALTED)


def halt(symbols: Iterable[str]) -> int:
    """Halt these instruments, whatever they are quoted in. Returns how many were trading."""
    trading = Instrument.objects.filter(symbol__in=list(symbols), status=Instrument.Status.TRADING)
    return _changed(trading, status=Instrument.Status.HALTED)


def refine_tick(symbol: str, tick: Decimal) -> None:
    """A finer price grid for an instrument that is not traded; never a coarser one, which would move what is stored."""
    halted = Instrument.objects.filter(symbol=symbol, status=Instrument.Status.HALTED, price_tick__gt=tick)
    _changed(halted, price_tick=tick)


def _changed(instruments: QuerySet[Instrument], **values: object) -> int:
    """Change these instruments, and record what their rules are now. Returns how many there were."""
    with transaction.atomic():
        count = instruments.update(updated_at=SYSTEM.wall_now(), **values)
        if count:
            instrument_history.record(SYSTEM.market_now())
    return count


def set_universe(symbols: Sequence[str], chosen_by: str) -> None:
    """Replace the universe: exactly these symbols, chosen under these settings."""
    now = SYSTEM.wall_now()
    rows = [{"instrument": symbol, "chosen_by": chosen_by, "since": now} for symbol in symbols]
    with transaction.atomic():
        UniverseMember.objects.exclude(instrument_id__in=symbols).delete()
        bulk_insert(UniverseMember, rows, on_conflict="(instrument_id) DO UPDATE SET chosen_by = EXCLUDED.chosen_by")


def store_closed_candles(interval: str, candles: Sequence[ClosedCandle], source: str, producer: str) -> int:
    """Store candles and publish the new ones, unless they are history (QUIET). Returns how many were new.

    Symbols must be stored instruments; unknown ones are ignored, and so are prices that round to no tick at all, which
    would keep the whole batch out. One transaction per 2,000 candles, oldest first.
    """
    ordered = sorted(candles, key=lambda candle: (candle.open_s, candle.symbol))
    ticks = dict(
        Instrument.objects.filter(symbol__in={candle.symbol for candle in ordered}).values_list("symbol", "price_tick")
    )
    known = [_snapped(candle, ticks[candle.symbol]) for candle in ordered if candle.symbol in ticks]
    unique = list({(candle.open_s, candle.symbol): candle for candle in known if candle.low > 0}.values())
    MALFORMED.labels("candles", "below_tick").inc(sum(candle.low <= 0 for candle in known))
    return sum(
        _store(interval, unique[start : start + BATCH_ROWS], source, producer)
        for start in range(0, len(unique), BATCH_ROWS)
    )


def _snapped(candle: ClosedCandle, tick: Decimal) -> ClosedCandle:
    opened, high, low, close = (snap(price, tick) for price in candle[2:6])
    return candle._replace(open=opened, high=high, low=low, close=close)


def _store(interval: str, candles: Sequence[ClosedCandle], source: str, producer: str) -> int:
    """1. Insert. 2. Tell new rows from corrected ones. 3. Emit what is new, one event per open_time."""
    received_at = SYSTEM.wall_now()
    with outbox.unit_of_work(producer, durable_commit=False) as unit:
        written = bulk_insert(
            Candle,
            [_row(interval, candle, source, received_at) for candle in candles],
            on_conflict=ON_CANDLE,
            returning="instrument_id, open_time, xmax = 0",
        )
        new = {(symbol, int(open_time.timestamp())) for symbol, open_time, inserted in written if inserted}
        fresh = [candle for candle in candles if (candle.symbol, candle.open_s) in new]
        if source not in QUIET:
            for open_s, group in groupby(fresh, key=lambda candle: candle.open_s):
                _emit(unit, interval, open_s, list(group), source)
    CANDLES_STORED.labels(source).inc(len(fresh))
    CANDLES_REVISED.inc(len(written) - len(fresh))
    return len(fresh)


def _row(interval: str, candle: ClosedCandle, source: str, received_at: datetime) -> dict[str, object]:
    return {
        "instrument": candle.symbol,
        "interval": interval,
        "open_time": moment(candle.open_s),
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": candle.volume,
        "quote_volume": candle.quote_volume,
        "source": source,
        "revised": False,
        "received_at": received_at,
    }


def _emit(unit: outbox.UnitOfWork, interval: str, open_s: int, candles: Sequence[ClosedCandle], source: str) -> None:
    symbols = hashlib.sha256("\n".join(candle.symbol for candle in candles).encode()).hexdigest()[:32]
    open_time = iso(moment(open_s))
    payload = {
        "interval": interval,
        "open_time": open_time,
        "candles": [
            {"symbol": candle.symbol, **{name: plain(getattr(candle, name)) for name in NUMBERS}} for candle in candles
        ],
        "source": source,
    }
    closed_at = moment(open_s + interval_s(interval))
    unit.emit("market_data", payload, key=f"{interval}:{open_time}:{symbols}", occurred_at=closed_at)

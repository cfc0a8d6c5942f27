"""One symbol as a chart: its candles in the wanted interval, momentum under them, what was decided and filled.

    a wider candle = first open, highest high, lowest low, last close, sum of volumes of the stored ones in its window
    momentum       = close ÷ close one lookback before − 1, of the last stored candle in the window

Windows begin at multiples of the interval since the epoch. Prices are floats, for the picture. Only reads.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from cdb_site import db
from dashboard.wire import Row, moment, stored, text
from execution.models import Fill
from execution.queries import PAPER
from marketdata.intervals import SECONDS
from marketdata.models import Instrument
from risk.models import Decision

CANDLES, FILLS = 240, 200
# Chart of so many of the newest decisions of all symbols at most: they have no index by symbol.
DECISIONS_LOOKED_AT = 2000
OFFERED = ("1m", "5m", "15m", "60m")
BARS = """WITH newest AS (SELECT max(open_time) AS at FROM marketdata_candle
      WHERE instrument_id = %(symbol)s AND "interval" = %(interval)s),
    bar AS (SELECT date_bin(%(length)s, open_time, 'epoch'::timestamptz) AS at,
        (array_agg("open" ORDER BY open_time))[1] AS "open", max(high) AS high, min(low) AS low,
        (array_agg("close" ORDER BY open_time DESC))[1] AS "close", sum(volume) AS volume, max(open_time) AS last_open
      FROM marketdata_candle, newest WHERE instrument_id = %(symbol)s AND "interval" = %(interval)s
        AND open_time > newest.at - %(span)s GROUP BY 1)
    SELECT extract(epoch FROM bar.at)::bigint, bar."open"::float, bar.high::float, bar.low::float, bar."close"::float,
      bar.volume::float, (bar."close" / past."close" - 1)::float
    FROM bar LEFT JOIN marketdata_candle AS past ON past.instrument_id = %(symbol)s AND past."interval" = %(interval)s
      AND past.open_time = bar.last_open - %(lookback)s
    ORDER BY bar.at"""


def offered() -> list[str]:
    """The intervals a chart can be asked for: the stored one, and those of OFFERED that are multiples of it."""
    base = settings.ENVIRONMENT.interval_s
    wider = [name for name in OFFERED if SECONDS[name] > base and SECONDS[name] % base == 0]
    return [settings.ENVIRONMENT.INTERVAL, *wider]


def chart(symbol: str, interval: str | None = None) -> dict[str, Any]:
    """Candles [epoch s, open, high, low, close, volume, momentum or None], fills and decisions, oldest first."""
    wanted = interval if interval in offered() else settings.ENVIRONMENT.INTERVAL
    instrument = Instrument.objects.filter(symbol=symbol).first()
    candles = bars(symbol, wanted)
    since = datetime.fromtimestamp(candles[0][0], tz=UTC) if candles else None
    return {
        "symbol": symbol,
        "interval": wanted,
        "length_s": SECONDS[wanted],
        "tick": text(instrument.price_tick) if instrument else None,
        "candles": candles,
        "fills": fills(symbol),
        "decisions": decisions(symbol, since) if since else [],
    }


def bars(symbol: str, interval: str) -> list[list[Any]]:
    length = timedelta(seconds=SECONDS[interval])
    asked = {
        "symbol": symbol,
        "interval": settings.ENVIRONMENT.INTERVAL,
        "length": length,
        "span": CANDLES * length,
        "lookback": timedelta(minutes=settings.ENVIRONMENT.LOOKBACK_MINUTES),
    }
    return [list(row) for row in db.select(BARS, asked)]


def fills(symbol: str) -> list[Row]:
    newest = Fill.objects.filter(account=PAPER, symbol=symbol).order_by("-fill_id")[:FILLS]
    return [{"order_id": str(fill.order_id), "side": fill.side, **fill_row(fill)} for fill in reversed(newest)]


def fill_row(fill: Fill) -> Row:
    columns = stored(fill)
    return {name: columns[name] for name in ("trade_id", "price", "quantity", "fee", "fee_asset", "executed_at")}


def decisions(symbol: str, since: datetime) -> list[Row]:
    """Buys that were trimmed, denied or came too late; the approved ones are seen as their fills."""
    newest = Decision.objects.order_by("-decided_at").values("pk")[:DECISIONS_LOOKED_AT]
    rows = Decision.objects.filter(pk__in=newest, symbol=symbol, side="BUY", occurred_at__gte=since)
    found = rows.exclude(outcome="APPROVED").order_by("occurred_at").values_list("pk", "outcome", "occurred_at")
    return [{"id": str(pk), "outcome": outcome, "at": moment(at)} for pk, outcome, at in found]

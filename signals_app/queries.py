"""Reading signals, evaluations and rankings, and the stored closes that the engine starts from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Max, Q, QuerySet, Sum

from cdb_site.db import select
from marketdata.intervals import moment
from marketdata.models import Candle
from signals_app.models import Evaluation, Ranking, Signal


class StoredClose(NamedTuple):
    """One candle as the engine wants it: epoch seconds, exact decimal texts."""

    open_s: int
    symbol: str
    close: str
    quote_volume: str


class PastEvaluation(NamedTuple):
    open_s: int
    late: bool
    skipped: dict[str, str]


@dataclass(frozen=True, slots=True)
class LookbackReading:
    """One symbol over one lookback; None where the candle is missing."""

    close: Decimal | None
    base_close: Decimal | None
    quote_volume: Decimal


@dataclass(frozen=True, slots=True)
class Nearness:
    """How far a watched symbol is from a BUY. Fractions: momentum 0.0082 of threshold 0.01."""

    symbol: str
    momentum: Decimal
    threshold: Decimal
    ranked_at: datetime


def last_evaluated(interval: str) -> datetime | None:
    """The newest evaluated open_time; None before the first evaluation."""
    newest = Evaluation.objects.filter(interval=interval).aggregate(newest=Max("open_time"))["newest"]
    return newest if isinstance(newest, datetime) else None


def last_stored(interval: str) -> datetime | None:
    """The newest open_time of any stored candle."""
    newest = Candle.objects.filter(interval=interval).aggregate(newest=Max("open_time"))["newest"]
    return newest if isinstance(newest, datetime) else None


def evaluations_between(interval: str, first_s: int, last_s: int) -> list[PastEvaluation]:
    """Evaluations with first <= open_time <= last, oldest first."""
    rows = Evaluation.objects.filter(interval=interval, open_time__range=(moment(first_s), moment(last_s)))
    return [
        PastEvaluation(int(open_time.timestamp()), late, skipped)
        for open_time, late, skipped in rows.order_by("open_time").values_list("open_time", "late", "skipped")
    ]


def closes_between(interval: str, first_s: int, last_s: int, symbols: list[str] | None = None) -> list[StoredClose]:
    """Stored candles with first <= open_time <= last, oldest first; of all symbols without `symbols`."""
    statement = (
        "SELECT extract(epoch FROM open_time)::bigint, instrument_id, close::text, quote_volume::text"
        ' FROM marketdata_candle WHERE "interval" = %s AND open_time BETWEEN %s AND %s'
    )
    parameters: list[Any] = [interval, moment(first_s), moment(last_s)]
    if symbols is not None:
        statement += " AND instrument_id = ANY(%s)"
        parameters.append(symbols)
    return [StoredClose(*row) for row in select(f"{statement} ORDER BY open_time, instrument_id", parameters)]


def lookback_readings(interval: str, base_open: datetime, last_open: datetime) -> dict[str, LookbackReading]:
    """Close, base close and quote volume of (base_open, last_open] by symbol, of all symbols with candles."""
    rows = (
        Candle.objects.filter(interval=interval, open_time__range=(base_open, last_open))
        .order_by()
        .values("instrument_id")
        .annotate(
            last=Max("close", filter=Q(open_time=last_open)),
            base=Max("close", filter=Q(open_time=base_open)),
            volume=Sum("quote_volume", filter=Q(open_time__gt=base_open)),
        )
    )
    return {
        row["instrument_id"]: LookbackReading(row["last"], row["base"], row["volume"] or Decimal(0)) for row in rows
    }


def latest_ranking() -> list[Ranking]:
    """The newest ranking, strongest first, unranked symbols last. Empty before the first one."""
    newest = Ranking.objects.aggregate(newest=Max("ranked_at"))["newest"]
    return [] if newest is None else list(Ranking.objects.filter(ranked_at=newest))


def nearest_to_threshold(count: int, threshold: Decimal) -> list[Nearness]:
    """The watched symbols closest below the threshold in the newest ranking, nearest first."""
    below = [
        Nearness(row.symbol, row.momentum, threshold, row.ranked_at)
        for row in latest_ranking()
        if row.momentum is not None and row.momentum < threshold
    ]
    return sorted(below, key=lambda item: (-item.momentum, item.symbol))[:count]


def signals_between(first: datetime, last: datetime) -> QuerySet[Signal]:
    """Signals of candles with first <= open_time < last, oldest first."""
    return Signal.objects.filter(open_time__gte=first, open_time__lt=last).order_by("open_time", "side", "symbol")

"""The candles around what is explained, and what momentum was computed from.

Read are the lookback, ten candles before it and ten after: one query by the candle's key. Prices go to the chart as
floats; it is a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from marketdata.intervals import SECONDS, window_start_s
from marketdata.models import Candle
from risk.operator.trace import Chain
from risk.rules.portfolio import stop_price
from signals_app.models import Signal

BESIDE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleStep:
    """The candle of the chain, if it is stored, its closing in market time, and the chart around it."""

    candle: Candle | None
    interval: str
    closed_at: datetime
    chart: dict[str, Any]
    momentum_before: Decimal | None
    lookback: timedelta

    @property
    def stored_at(self) -> datetime | None:
        return self.candle.received_at if self.candle else None


def candle_step(chain: Chain) -> CandleStep | None:
    """None when nothing tells which candle it was."""
    subject = chain.signal or chain.decision
    if subject is None:
        return None
    interval = chain.signal.interval if chain.signal else settings.ENVIRONMENT.INTERVAL
    length = timedelta(seconds=SECONDS.get(interval, settings.ENVIRONMENT.interval_s))
    opened = chain.signal.open_time if chain.signal else _last_closed(chain, length)
    lookback = timedelta(minutes=settings.ENVIRONMENT.LOOKBACK_MINUTES)
    base_opened = opened - lookback
    rows = Candle.objects.filter(
        instrument_id=subject.symbol,
        interval=interval,
        open_time__range=(base_opened - BESIDE * length, opened + BESIDE * length),
    ).order_by("open_time")
    candles = list(rows)
    return CandleStep(
        candle=next((row for row in candles if row.open_time == opened), None),
        interval=interval,
        closed_at=opened + length,
        chart=_chart(chain, candles, base_opened, opened),
        momentum_before=_momentum_before(chain.signal),
        lookback=lookback,
    )


def _last_closed(chain: Chain, length: timedelta) -> datetime:
    assert chain.decision is not None  # noqa: S101 - the caller has looked
    length_s = int(length.total_seconds())
    at_s = chain.decision.occurred_at.timestamp()
    return datetime.fromtimestamp(window_start_s(at_s, length_s) - length_s, UTC)


def _momentum_before(signal: Signal | None) -> Decimal | None:
    """The momentum one candle earlier, from the closes the signal was decided from."""
    closes = signal.context.get("closes", {}) if signal else {}
    if not closes.get("previous") or not closes.get("previous_base"):
        return None
    return Decimal(str(closes["previous"])) / Decimal(str(closes["previous_base"])) - 1


def _chart(chain: Chain, candles: list[Candle], base_opened: datetime, opened: datetime) -> dict[str, Any]:
    decision, levels = chain.decision, []
    bought = [fill for fill in chain.fills if fill.price > 0]
    if bought:
        quantity = sum(fill.quantity for fill in bought)
        average = sum((fill.quantity * fill.price for fill in bought), Decimal(0)) / quantity
        levels.append(["entry" if bought[0].side == "BUY" else "exit", float(average)])
        if bought[0].side == "BUY" and chain.limits:
            levels.append(["stop", float(stop_price(average, chain.limits.stop_loss_pct))])
    elif decision and decision.price:
        levels.append(["price", float(decision.price)])
    return {
        "candles": [
            [int(row.open_time.timestamp()), *map(float, (row.open, row.high, row.low, row.close, row.volume))]
            for row in candles
        ],
        "lookback": [int(base_opened.timestamp()), int(opened.timestamp())] if chain.signal else None,
        "levels": levels,
        "fills": [
            {"side": fill.side, "quantity": str(fill.quantity), "at": int(fill.executed_at.timestamp())}
            for fill in chain.fills
        ],
    }

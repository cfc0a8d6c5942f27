"""What is traded, what it cost minute by minute, and which instruments are watched.

An Instrument is one spot pair with its price grid and minimum order. A Candle is one *closed* candle: it is
written once, by the WebSocket screener or by the REST screener, whoever closes it first. A later, different
reading of the same candle overwrites the numbers and sets `revised`; signals are never evaluated again for it.
UniverseMember rows are the instruments that all services agree to watch. Prices and volumes are exact decimals
of any length.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q


class ExactDecimalField(models.DecimalField):
    """An unbounded PostgreSQL `numeric`: what went in comes out, digit by digit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 60)
        kwargs.setdefault("decimal_places", 24)
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        return "numeric"

    def cast_db_type(self, connection: Any) -> str:
        return "numeric"


class Instrument(models.Model):
    class Status(models.TextChoices):
        TRADING = "TRADING"
        HALTED = "HALTED"

    symbol = models.TextField(primary_key=True)
    base_asset = models.TextField()
    quote_asset = models.TextField()
    price_tick = ExactDecimalField(help_text="smallest price step, in the quote asset")
    quantity_step = ExactDecimalField(help_text="smallest quantity step, in the base asset")
    min_quantity = ExactDecimalField(help_text="smallest order, in the base asset")
    min_notional = ExactDecimalField(help_text="smallest order, in the quote asset")
    taker_fee = ExactDecimalField(help_text="fraction: 0.0005 is 5 basis points")
    status = models.TextField(choices=Status.choices, default=Status.TRADING)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("symbol",)
        constraints = (
            models.CheckConstraint(name="instrument_price_tick_positive", condition=Q(price_tick__gt=0)),
            models.CheckConstraint(name="instrument_quantity_step_positive", condition=Q(quantity_step__gt=0)),
            models.CheckConstraint(
                name="instrument_minimums_not_negative", condition=Q(min_quantity__gte=0, min_notional__gte=0)
            ),
            models.CheckConstraint(
                name="instrument_taker_fee_fraction", condition=Q(taker_fee__gte=0, taker_fee__lt=1)
            ),
            models.CheckConstraint(name="instrument_status_known", condition=Q(status__in=("TRADING", "HALTED"))),
        )

    def __str__(self) -> str:
        return self.symbol


class Candle(models.Model):
    class Source(models.TextChoices):
        WS = "WS"
        REST = "REST"
        BACKFILL = "BACKFILL"

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, db_index=False, related_name="candles")
    interval = models.TextField()
    open_time = models.DateTimeField(help_text="market time at which the candle opens")
    open = ExactDecimalField()
    high = ExactDecimalField()
    low = ExactDecimalField()
    close = ExactDecimalField()
    volume = ExactDecimalField(help_text="base units traded")
    quote_volume = ExactDecimalField(help_text="quote units traded")
    source = models.TextField(choices=Source.choices)
    revised = models.BooleanField(default=False, help_text="corrected after it was first stored; never re-evaluated")
    received_at = models.DateTimeField(help_text="wall time at which it was stored")

    class Meta:
        ordering = ("-open_time", "instrument")
        constraints = (
            models.UniqueConstraint(name="candle_once", fields=("instrument", "interval", "open_time")),
            models.CheckConstraint(
                name="candle_low_is_lowest",
                condition=Q(low__gt=0, low__lte=F("open")) & Q(low__lte=F("close")) & Q(low__lte=F("high")),
            ),
            models.CheckConstraint(
                name="candle_high_is_highest", condition=Q(high__gte=F("open")) & Q(high__gte=F("close"))
            ),
            models.CheckConstraint(name="candle_volume_not_negative", condition=Q(volume__gte=0, quote_volume__gte=0)),
            models.CheckConstraint(name="candle_source_known", condition=Q(source__in=("WS", "REST", "BACKFILL"))),
        )
        indexes = (models.Index(name="candle_by_time", fields=("interval", "open_time")),)

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.interval} {self.open_time:%Y-%m-%d %H:%M}"


class UniverseMember(models.Model):
    """One watched instrument, and the settings under which the whole universe was chosen."""

    instrument = models.OneToOneField(Instrument, on_delete=models.PROTECT, primary_key=True)
    chosen_by = models.TextField(help_text="the settings that chose it; other settings choose anew")
    since = models.DateTimeField()

    class Meta:
        ordering = ("instrument",)

    def __str__(self) -> str:
        return self.instrument_id

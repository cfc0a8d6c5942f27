"""What is traded, what it cost minute by minute, and which instruments are watched.

An Instrument is one spot pair with its price grid and minimum order; InstrumentRules are these as they were. A Candle
is one *closed* candle: it is written once, by the WebSocket screener or by the REST screener, whoever closes it first.
A later, different reading of the same candle overwrites the numbers and sets `revised`; signals are never evaluated
again for it. A CandleMonth counts the writes of a month's candles. UniverseMember rows are the instruments that all
services agree to watch; a UniverseChoice with its entries keeps why each of them, and none of the others, was chosen. A
Pause stops buying one instrument until somebody resumes it or its time is over. Prices and volumes are exact decimals
of any length.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


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

    class Sides(models.TextChoices):
        BOTH = "BOTH"
        BUY = "BUY", "BUY only"
        SELL = "SELL", "SELL only"
        NONE = "NONE"

    symbol = models.TextField(primary_key=True)
    base_asset = models.TextField()
    quote_asset = models.TextField()
    price_tick = ExactDecimalField(help_text="smallest price step, in the quote asset")
    quantity_step = ExactDecimalField(help_text="smallest quantity step, in the base asset")
    min_quantity = ExactDecimalField(help_text="smallest order, in the base asset")
    min_notional = ExactDecimalField(help_text="smallest order, in the quote asset")
    taker_fee = ExactDecimalField(help_text="fraction: 0.0005 is 5 basis points")
    status = models.TextField(choices=Status.choices, default=Status.TRADING)
    sides = models.TextField(
        choices=Sides.choices, default=Sides.BOTH, db_default=Sides.BOTH, help_text="what the exchange takes of it"
    )
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
            models.CheckConstraint(
                name="instrument_sides_known", condition=Q(sides__in=("BOTH", "BUY", "SELL", "NONE"))
            ),
        )

    def __str__(self) -> str:
        return self.symbol

    @property
    def may_buy(self) -> bool:
        """Whether it may be bought now. What could not be sold again is not bought."""
        return self.status == self.Status.TRADING and self.sides == self.Sides.BOTH

    @property
    def may_sell(self) -> bool:
        return self.status == self.Status.TRADING and self.sides in (self.Sides.BOTH, self.Sides.SELL)


class InstrumentRules(models.Model):
    """What an instrument's rules were from a market time on, until its next row. Written when they change."""

    append_only: ClassVar[bool] = True

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, db_index=False, related_name="rules")
    price_tick = ExactDecimalField()
    quantity_step = ExactDecimalField()
    min_quantity = ExactDecimalField()
    min_notional = ExactDecimalField()
    taker_fee = ExactDecimalField()
    status = models.TextField()
    sides = models.TextField()
    market_at = models.DateTimeField(help_text="market time at which they were found to be so")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        db_table = "instrument_rules"
        ordering = ("instrument", "market_at", "pk")
        indexes = (models.Index(name="instrument_rules_at", fields=("instrument", "-market_at", "-id")),)
        verbose_name_plural = "instrument rules"

    def __str__(self) -> str:
        return f"{self.instrument_id} from {self.market_at:%Y-%m-%d %H:%M:%S}"


class CandleImport(models.Model):
    """One file that brought candles, in wall time. Without `ended_at` it was interrupted."""

    file = models.TextField(help_text="the file's name")
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    stored = models.PositiveIntegerField(default=0, help_text="candles that were new")
    corrected = models.PositiveIntegerField(default=0, help_text="stored candles that it gave other numbers")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.pk} {self.file}"


class Candle(models.Model):
    class Source(models.TextChoices):
        WS = "WS"
        REST = "REST"
        BACKFILL = "BACKFILL"
        IMPORT = "IMPORT", "IMPORT: from a file"

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
    # Without a constraint, which would have to be checked for each of a million rows that a file brings.
    brought_by = models.ForeignKey(
        CandleImport, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

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
            models.CheckConstraint(
                name="candle_source_known", condition=Q(source__in=("WS", "REST", "BACKFILL", "IMPORT"))
            ),
        )
        indexes = (
            models.Index(name="candle_by_time", fields=("interval", "open_time")),
            models.Index(name="candle_by_import", fields=("brought_by",), condition=Q(brought_by__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.interval} {self.open_time:%Y-%m-%d %H:%M}"


class CandleMonth(models.Model):
    """How often the candles of one symbol, interval and UTC month were written, and how fine their numbers are; a
    trigger of the candles' table keeps it.

    Who keeps a copy of a month's candles remembers the stamp: it is another one after every write, in every database.
    """

    symbol = models.TextField()
    interval = models.TextField()
    month = models.DateField(help_text="its first day")
    writes = models.BigIntegerField(help_text="statements that added, changed or removed candles of it")
    stamp = models.UUIDField(help_text="another one after every write")
    price_places = models.PositiveIntegerField(help_text="decimal places that hold every price of it, exactly")
    volume_places = models.PositiveIntegerField(help_text="decimal places that hold every quote volume of it, exactly")

    class Meta:
        ordering = ("symbol", "interval", "month")
        constraints = (models.UniqueConstraint(name="candle_month_once", fields=("symbol", "interval", "month")),)

    def __str__(self) -> str:
        return f"{self.symbol} {self.interval} {self.month:%Y-%m}"


class UniverseMember(models.Model):
    """One watched instrument, and the settings under which the whole universe was chosen."""

    instrument = models.OneToOneField(Instrument, on_delete=models.PROTECT, primary_key=True)
    chosen_by = models.TextField(help_text="the settings that chose it; other settings choose anew")
    since = models.DateTimeField()
    held = models.BooleanField(db_default=False, help_text="watched only because there is a position in it")

    class Meta:
        ordering = ("instrument",)

    def __str__(self) -> str:
        return self.instrument_id


class UniverseChoice(models.Model):
    """One choosing of the universe: when, under which settings, and what it changed."""

    chosen_at = models.DateTimeField(help_text="market time")
    recorded_at = models.DateTimeField(help_text="wall time")
    settings = models.TextField(help_text="the settings that decided")
    listed = models.PositiveIntegerField(help_text="instruments that were looked at")
    chosen = models.PositiveIntegerField(help_text="instruments that were chosen")
    held = models.PositiveIntegerField(help_text="instruments watched only because there is a position in them")
    joined = models.JSONField(default=list, help_text="symbols that are watched from now on")
    dropped = models.JSONField(default=list, help_text="symbols that are watched no more")

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.chosen_at:%Y-%m-%d %H:%M} {self.settings}"


class UniverseEntry(models.Model):
    """What one choice said of one instrument."""

    class Exclusion(models.TextChoices):
        NONE = "", "none"
        NOT_WANTED = "NOT_WANTED", "NOT_WANTED: off the whitelist, or another quote asset"
        STATUS = "STATUS", "STATUS: may not be traded"
        PAUSED = "PAUSED", "PAUSED: by an operator"
        VOLUME = "VOLUME", "VOLUME: too little traded in 24 h"
        SPREAD = "SPREAD", "SPREAD: too wide"
        RANK = "RANK", "RANK: not among the most liquid"

    choice = models.ForeignKey(UniverseChoice, on_delete=models.CASCADE, db_index=False, related_name="entries")
    symbol = models.TextField()
    rank = models.PositiveIntegerField(null=True, help_text="by 24 h quote volume, 1 is the most liquid")
    quote_volume_24h = ExactDecimalField()
    spread_bps = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    chosen = models.BooleanField()
    held = models.BooleanField(help_text="there was a position in it")
    excluded = models.TextField(choices=Exclusion.choices, default="", blank=True)

    class Meta:
        ordering = ("-choice_id", F("rank").asc(nulls_last=True))
        constraints = (
            models.UniqueConstraint(name="universe_entry_once", fields=("choice", "symbol")),
            models.CheckConstraint(
                name="universe_entry_exclusion_known",
                condition=Q(excluded__in=("", "NOT_WANTED", "STATUS", "PAUSED", "VOLUME", "SPREAD", "RANK")),
            ),
            models.CheckConstraint(
                name="universe_entry_chosen_or_why",
                condition=Q(chosen=True, excluded__in=("", "PAUSED")) | (Q(chosen=False) & ~Q(excluded="")),
            ),
        )
        indexes = (models.Index(name="universe_entry_by_rank", fields=("-choice", "rank")),)
        verbose_name_plural = "universe entries"

    def __str__(self) -> str:
        return f"{self.symbol} {self.excluded or 'chosen'}"


class Pause(models.Model):
    """No BUY of one instrument from `paused_at` on, in wall time. A pause that is over stays as history."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="pauses")
    reason = models.TextField(help_text="why, for the history")
    paused_at = models.DateTimeField(help_text="wall time")
    paused_by = models.TextField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="wall time at which it is over by itself")
    ended_at = models.DateTimeField(null=True, help_text="wall time")
    ended_by = models.TextField(default="", blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                name="pause_open_once_per_instrument", fields=("instrument",), condition=Q(ended_at=None)
            ),
            models.CheckConstraint(name="pause_has_a_reason", condition=Q(reason__regex=r"\S")),
            models.CheckConstraint(
                name="pause_expires_after_it_began",
                condition=Q(expires_at=None) | Q(expires_at__gt=F("paused_at")),
            ),
            models.CheckConstraint(
                name="pause_ends_after_it_began", condition=Q(ended_at=None) | Q(ended_at__gte=F("paused_at"))
            ),
            models.CheckConstraint(
                name="pause_ended_by_somebody",
                condition=Q(ended_at=None, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id}: {self.reason}"

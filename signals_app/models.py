"""Signals, the evaluations they came from, and each instrument's place in the ranking.

An evaluation is one cross-section: all closed candles of one open_time, looked at once. Its unique key makes the
evaluation happen once, whatever is delivered how often.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Evaluation(models.Model):
    interval = models.TextField()
    open_time = models.DateTimeField()
    evaluated_at = models.DateTimeField(db_default=Now())
    complete = models.BooleanField(help_text="every universe candle was in before the grace ended")
    late = models.BooleanField(help_text="caught up after a gap or restart")
    universe_size = models.PositiveIntegerField()
    candles = models.PositiveIntegerField()
    skipped = models.JSONField(default=dict, help_text="symbol → why it was not evaluated")
    signals = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "evaluation"
        constraints = [models.UniqueConstraint(fields=["interval", "open_time"], name="evaluation_once")]

    def __str__(self) -> str:
        return f"{self.interval} {self.open_time:%Y-%m-%d %H:%M}"


class Signal(models.Model):
    append_only: ClassVar[bool] = True

    class Side(models.TextChoices):
        BUY = "BUY"
        SELL = "SELL"

    signal_id = models.UUIDField(primary_key=True)
    strategy = models.TextField()
    symbol = models.TextField()
    interval = models.TextField()
    open_time = models.DateTimeField()
    side = models.TextField(choices=Side.choices)
    momentum = models.DecimalField(max_digits=20, decimal_places=10)
    strength = models.DecimalField(max_digits=12, decimal_places=10)
    rank = models.PositiveIntegerField()
    universe_size = models.PositiveIntegerField()
    close = models.DecimalField(max_digits=38, decimal_places=18)
    base_close = models.DecimalField(max_digits=38, decimal_places=18)
    quote_volume = models.DecimalField(max_digits=38, decimal_places=18)
    expires_at = models.DateTimeField()
    context = models.JSONField(default=dict, help_text="the set, ranks and closes it was decided from")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "signal"
        constraints = [
            models.UniqueConstraint(
                fields=["strategy", "symbol", "interval", "open_time", "side"], name="signal_once_per_candle"
            ),
            models.CheckConstraint(condition=Q(side__in=["BUY", "SELL"]), name="signal_side_known"),
            models.CheckConstraint(condition=Q(strength__gte=0, strength__lte=1), name="signal_strength_0_to_1"),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="signal_created"),
            models.Index(fields=["symbol", "-open_time"], condition=Q(side="SELL"), name="signal_newest_sell"),
            models.Index(fields=["-open_time"], include=["symbol", "side", "signal_id"], name="signal_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.symbol} {self.open_time:%Y-%m-%d %H:%M}"


class Ranking(models.Model):
    class Exclusion(models.TextChoices):
        NONE = ""
        VOLUME = "VOLUME"
        SPREAD = "SPREAD"
        STATUS = "STATUS"
        PAUSED = "PAUSED"
        RANK = "RANK"

    symbol = models.TextField()
    ranked_at = models.DateTimeField(help_text="market time")
    rank = models.PositiveIntegerField(null=True)
    momentum = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    quote_volume = models.DecimalField(max_digits=38, decimal_places=18)
    spread_bps = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    excluded = models.TextField(choices=Exclusion.choices, default="", blank=True)

    class Meta:
        db_table = "ranking"
        constraints = [
            models.UniqueConstraint(fields=["symbol", "ranked_at"], name="ranking_once_per_symbol"),
            models.CheckConstraint(
                condition=Q(excluded__in=["", "VOLUME", "SPREAD", "STATUS", "PAUSED", "RANK"]),
                name="ranking_exclusion_known",
            ),
        ]
        indexes = [models.Index(fields=["-ranked_at", "rank"], name="ranking_latest")]
        ordering = [F("ranked_at").desc(), F("rank").asc(nulls_last=True)]

    def __str__(self) -> str:
        return f"{self.symbol} #{self.rank}"

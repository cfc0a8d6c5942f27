"""Closed round trips, written once each, and how far the fills have been looked through for them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from risk.models.amounts import amount


class RoundTrip(models.Model):
    """One symbol from flat to flat, named by the fill that closed it. Amounts in the quote asset, market times."""

    append_only: ClassVar[bool] = True

    class ExitReason(models.TextChoices):
        SIGNAL = "SIGNAL"
        STOP = "STOP"
        HALT = "HALT"
        OPERATOR = "OPERATOR"
        WRITE_OFF = "WRITE_OFF"

    last_fill_id = models.BigIntegerField(primary_key=True)
    first_fill_id = models.BigIntegerField()
    account = models.TextField()
    symbol = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField()
    quantity = amount(help_text="the most that was held, base units")
    entry_notional = amount()
    exit_notional = amount()
    avg_entry_price = amount()
    avg_exit_price = amount()
    gross = amount(help_text="what its sells realised, as the books have it")
    fees = amount()
    net = amount(help_text="gross − fees")
    slippage = amount(null=True, help_text="paid beyond the decision prices; null: one of them is not known")
    best_excursion_pct = amount(null=True, help_text="fraction of the average entry; null: candles are missing")
    worst_excursion_pct = amount(null=True, help_text="fraction of the average entry; null: candles are missing")
    entry_decision_id = models.UUIDField()
    exit_decision_id = models.UUIDField()
    entry_signal_id = models.UUIDField(null=True)
    exit_reason = models.TextField(choices=ExitReason.choices)
    limits_version = models.BigIntegerField(null=True, help_text="of the entry's decision")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "round_trip"
        ordering = ["-last_fill_id"]
        constraints = [
            models.UniqueConstraint(fields=["first_fill_id"], name="round_trip_opened_once"),
            models.CheckConstraint(
                condition=Q(exit_reason__in=["SIGNAL", "STOP", "HALT", "OPERATOR", "WRITE_OFF"]),
                name="round_trip_exit_known",
            ),
            models.CheckConstraint(condition=Q(net=F("gross") - F("fees")), name="round_trip_net_is_after_fees"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, entry_notional__gt=0, exit_notional__gte=0), name="round_trip_was_held"
            ),
            models.CheckConstraint(
                condition=Q(first_fill_id__lt=F("last_fill_id")), name="round_trip_opens_before_it_closes"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-closed_at", "-last_fill_id"], name="round_trip_closed"),
            models.Index(fields=["account", "symbol", "-last_fill_id"], name="round_trip_by_symbol"),
            models.Index(fields=["recorded_at"], name="round_trip_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.closed_at:%Y-%m-%d %H:%M:%S} {self.net}"


class RoundTripMark(models.Model):
    """Up to which fill an account's round trips are written, and what all of them add up to."""

    account = models.TextField(primary_key=True)
    fill_id = models.BigIntegerField(default=0)
    trips = models.PositiveBigIntegerField(default=0)
    gross = amount(default=0)
    fees = amount(default=0)

    class Meta:
        db_table = "round_trip_mark"

    def __str__(self) -> str:
        return f"{self.trips} trips up to fill {self.fill_id}"

"""Limits, decisions and equity: what was allowed, what was decided and why, and what the account was worth.

A limit version is never changed, only followed by the next; a decision names the version it used.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


def fraction(help_text: str, **options: Any) -> models.DecimalField[Any, Any]:
    """A limit between 0 and 1; the message reminds that 0.02 means 2 %."""
    return models.DecimalField(
        max_digits=9,
        decimal_places=6,
        help_text=help_text,
        validators=[
            MinValueValidator(Decimal("0.0001"), message="must be at least 0.0001; 0.02 means 2 %%"),
            MaxValueValidator(Decimal(1), message="is a fraction and may not exceed 1; 0.02 means 2 %%"),
        ],
        **options,
    )


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


class LimitVersion(models.Model):
    append_only: ClassVar[bool] = True

    version = models.BigAutoField(primary_key=True)
    account = models.TextField(default="paper")
    max_exposure_pct = fraction("Layer 3: total exposure as a fraction of equity; 0.5 means 50 %")
    max_position_pct = fraction("Layer 4: one position as a fraction of equity; 0.1 means 10 %")
    stop_loss_pct = fraction("Layer 5: exit when the bid is this fraction below the average entry; 0.02 means 2 %")
    max_slippage_pct = fraction("Worst price of an entry above its decision price; 0.01 means 1 %")
    max_price_age_s = models.DecimalField(
        max_digits=9,
        decimal_places=3,
        help_text="Wall seconds after which a price is too old for an entry",
        validators=[MinValueValidator(Decimal("0.1")), MaxValueValidator(Decimal(3600))],
    )
    reason = models.TextField(help_text="Why the limits change")
    changed_by = models.TextField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "limit_version"
        ordering = ["-version"]
        verbose_name = "risk limits"
        verbose_name_plural = "risk limits"
        constraints = [
            models.CheckConstraint(
                condition=Q(max_exposure_pct__gt=0, max_exposure_pct__lte=1), name="limit_max_exposure_is_fraction"
            ),
            models.CheckConstraint(
                condition=Q(max_position_pct__gt=0, max_position_pct__lte=1), name="limit_max_position_is_fraction"
            ),
            models.CheckConstraint(
                condition=Q(stop_loss_pct__gt=0, stop_loss_pct__lt=1), name="limit_stop_loss_is_fraction"
            ),
            models.CheckConstraint(
                condition=Q(max_slippage_pct__gt=0, max_slippage_pct__lte=1), name="limit_max_slippage_is_fraction"
            ),
            models.CheckConstraint(
                condition=Q(max_price_age_s__gt=0, max_price_age_s__lte=3600), name="limit_price_age_bounded"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version} by {self.changed_by}"


class Decision(models.Model):
    append_only: ClassVar[bool] = True

    class Kind(models.TextChoices):
        SIGNAL = "SIGNAL"
        STOP = "STOP"
        HALT = "HALT"
        OPERATOR = "OPERATOR"

    class Outcome(models.TextChoices):
        APPROVED = "APPROVED"
        TRIMMED = "TRIMMED"
        REJECTED = "REJECTED"
        EXPIRED = "EXPIRED"

    decision_id = models.UUIDField(primary_key=True)
    kind = models.TextField(choices=Kind.choices)
    outcome = models.TextField(choices=Outcome.choices)
    reason_code = models.TextField()
    params = models.JSONField(default=dict)
    account = models.TextField()
    symbol = models.TextField()
    side = models.TextField()
    signal_id = models.UUIDField(null=True, unique=True)
    episode_id = models.UUIDField(null=True, help_text="the position a STOP, HALT or OPERATOR exit closes")
    attempt = models.PositiveIntegerField(default=1)
    order_id = models.UUIDField(null=True)
    wanted_quantity = amount()
    quantity = amount()
    price = amount(null=True)
    price_age_ms = models.PositiveIntegerField(null=True)
    equity = amount(null=True)
    exposure_before = amount(null=True, help_text="positions at mark + open buys at worst price, quote asset")
    exposure_after = amount(null=True, help_text="with this order at its worst price, quote asset")
    trading_state = models.TextField()
    limits_version = models.BigIntegerField()
    max_price_age_ms = models.PositiveIntegerField()
    layers = models.JSONField(default=list)
    inputs = models.JSONField(default=dict, help_text="all a re-decision needs: portfolio, quote, instrument, limits")
    occurred_at = models.DateTimeField(help_text="market time of what was decided upon")
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "decision"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["SIGNAL", "STOP", "HALT", "OPERATOR"]), name="decision_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["APPROVED", "TRIMMED", "REJECTED", "EXPIRED"]), name="decision_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["APPROVED", "TRIMMED"], order_id__isnull=False, quantity__gt=0)
                | Q(outcome__in=["REJECTED", "EXPIRED"], order_id=None, quantity=0),
                name="decision_order_iff_approved",
            ),
            models.CheckConstraint(
                condition=Q(side="SELL")
                | Q(outcome__in=["REJECTED", "EXPIRED"])
                | Q(price__isnull=False, price_age_ms__isnull=False, price_age_ms__lte=models.F("max_price_age_ms")),
                name="decision_no_entry_on_stale_price",
            ),
            models.CheckConstraint(
                condition=Q(kind="SIGNAL", signal_id__isnull=False)
                | Q(kind__in=["STOP", "HALT", "OPERATOR"], signal_id=None, episode_id__isnull=False),
                name="decision_has_its_cause",
            ),
            models.UniqueConstraint(
                fields=["episode_id", "kind", "attempt"],
                condition=Q(episode_id__isnull=False),
                name="decision_once_per_attempt",
            ),
        ]
        indexes = [models.Index(fields=["-decided_at"], name="decision_decided")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.side} {self.symbol}: {self.reason_code}"


class EquitySnapshot(models.Model):
    account = models.TextField()
    taken_at = models.DateTimeField(help_text="market time")
    equity = amount()
    cash = amount()
    exposure = models.DecimalField(max_digits=20, decimal_places=10, help_text="fraction of equity")

    class Meta:
        db_table = "equity_snapshot"
        constraints = [models.UniqueConstraint(fields=["account", "taken_at"], name="equity_snapshot_once")]
        ordering = ["-taken_at"]

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M:%S} {self.equity}"


class DayOpening(models.Model):
    """Opening equity of a UTC day, from the ledger and the last closes before midnight; deposits excluded."""

    account = models.TextField()
    day = models.DateField()
    equity = amount()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "day_opening"
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="day_opening_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.equity}"


class AuditRun(models.Model):
    """One run of the books' audit: when, what it found."""

    ran_at = models.DateTimeField(db_default=Now())
    violations = models.PositiveIntegerField()
    checked = models.JSONField(default=dict)
    first = models.TextField(blank=True)
    duration_ms = models.PositiveIntegerField()

    class Meta:
        db_table = "audit_run"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M:%S} {self.violations} violations"

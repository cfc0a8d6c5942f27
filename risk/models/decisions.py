"""Every decision, whole: what was asked, what each layer saw, what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from risk.models.amounts import amount

# What a decision saw is stored whole, or not at all: those from before it was stored have none of it. The marks are
# its batch's, and stand with the first one of it.
SAW = ("account_version__isnull", "market_now__isnull", "look__isnull")


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
    episode_id = models.UUIDField(
        null=True, help_text="the position an exit closes that no signal of its own asked for"
    )
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
    number = models.PositiveBigIntegerField(null=True, help_text="its place among the account's decisions, from 1")
    account_version = models.PositiveBigIntegerField(null=True, help_text="of the account that it saw")
    market_now = models.DateTimeField(null=True, help_text="market time of its look")
    look = models.JSONField(null=True, help_text="the symbol's book as it was seen, and up to which quotes entry")
    marks = models.JSONField(null=True, help_text="the price of every held symbol; with the first of a batch")
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
                | Q(side="SELL", signal_id=None, episode_id__isnull=False),
                name="decision_has_its_cause",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True, marks__isnull=True, **dict.fromkeys(SAW, True))
                | Q(number__isnull=False, number__gt=0, **dict.fromkeys(SAW, False)),
                name="decision_says_what_it_saw",
            ),
            models.UniqueConstraint(
                fields=["account", "number"], condition=Q(number__isnull=False), name="decision_number_once"
            ),
            models.UniqueConstraint(
                fields=["episode_id", "kind", "attempt"],
                condition=Q(episode_id__isnull=False),
                name="decision_once_per_attempt",
            ),
        ]
        indexes = [
            models.Index(fields=["-decided_at"], name="decision_decided"),
            models.Index(fields=["account", "occurred_at"], condition=Q(kind="STOP"), name="decision_stops"),
            models.Index(
                fields=["-occurred_at", "-decision_id"],
                include=["outcome", "reason_code", "kind", "symbol", "side"],
                name="decision_listed",
            ),
            models.Index(fields=["symbol", "-occurred_at", "-decision_id"], name="decision_by_symbol"),
            models.Index(fields=["reason_code", "-occurred_at", "-decision_id"], name="decision_by_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.side} {self.symbol}: {self.reason_code}"

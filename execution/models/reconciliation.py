"""What comparing the books with the venue found, what lay there beside them, and orders that are none of ours."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from execution.models.accounts import Account
from execution.models.amounts import ZERO, amount


class Reconciliation(models.Model):
    """One look at the venue's own lists: what was missing here and is booked, and what differs."""

    class Cause(models.TextChoices):
        START = "START"
        RECONNECT = "RECONNECT"
        PERIODIC = "PERIODIC"
        OPERATOR = "OPERATOR"

    class Result(models.TextChoices):
        EVEN = "EVEN"
        DIFFERENT = "DIFFERENT"
        UNSETTLED = "UNSETTLED"
        UNANSWERED = "UNANSWERED"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="reconciliations", db_index=False)
    venue = models.TextField()
    cause = models.TextField(choices=Cause.choices)
    result = models.TextField(choices=Result.choices)
    ran_at = models.DateTimeField(db_default=Now())
    read_to = models.DateTimeField(help_text="market time up to which the venue's trades were read")
    trades_read = models.PositiveIntegerField(default=0)
    fills_booked = models.PositiveIntegerField(default=0, help_text="trades that were missing here and are booked now")
    external_orders = models.PositiveIntegerField(default=0, help_text="orders seen that are none of ours")
    differences = models.JSONField(default=list, help_text="both sides of each: what, venue, books")
    said = models.TextField(blank=True, help_text="what the venue said where it did not answer")
    duration_ms = models.PositiveIntegerField()

    class Meta:
        db_table = "reconciliation"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(result__in=["EVEN", "DIFFERENT", "UNSETTLED", "UNANSWERED"])
                & Q(cause__in=["START", "RECONNECT", "PERIODIC", "OPERATOR"]),
                name="reconciliation_result_known",
            ),
            models.CheckConstraint(
                condition=Q(result="DIFFERENT") | Q(differences=[]), name="reconciliation_differs_by_something"
            ),
        ]
        indexes = [models.Index(fields=["account", "venue", "-id"], name="reconciliation_newest")]

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M:%S} {self.venue} {self.result}"


class VenueBaseline(models.Model):
    """What lay at the venue beside the books when the account was first compared there, or when an operator accepted a
    difference; of an asset the newest row counts."""

    append_only: ClassVar[bool] = True

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="baselines", db_index=False)
    venue = models.TextField()
    asset = models.TextField()
    outside = amount(default=ZERO, help_text="at the venue less in the books; units of the asset")
    taken_at = models.DateTimeField(db_default=Now())
    taken_by = models.TextField()
    reason = models.TextField()

    class Meta:
        db_table = "venue_baseline"
        constraints = [
            models.CheckConstraint(condition=~Q(taken_by="") & ~Q(reason=""), name="venue_baseline_says_who_and_why")
        ]
        indexes = [models.Index(fields=["account", "venue", "asset", "-id"], name="venue_baseline_newest")]

    def __str__(self) -> str:
        return f"{self.asset} {self.outside} at {self.venue}"


class ExternalOrder(models.Model):
    """An order at the venue that is none of ours, as it was seen last. It is never adopted."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="external_orders", db_index=False)
    venue = models.TextField()
    venue_order_id = models.TextField()
    client_order_id = models.TextField(blank=True)
    symbol = models.TextField(blank=True)
    side = models.TextField(blank=True)
    quantity = amount()
    filled_quantity = amount(default=ZERO)
    open = models.BooleanField()
    first_seen_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "external_order"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "venue", "venue_order_id"], name="external_order_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0, filled_quantity__gte=0), name="external_order_amounts"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} {self.venue_order_id}"

"""The equity curve and the openings that a day's loss is measured from."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from risk.models.amounts import amount


class EquitySnapshot(models.Model):
    account = models.TextField()
    taken_at = models.DateTimeField(help_text="market time")
    equity = amount()
    cash = amount()
    exposure = models.DecimalField(max_digits=20, decimal_places=10, help_text="fraction of equity")
    booked = models.BigIntegerField(
        null=True, help_text="a fill that was booked before this moment, and so was every one before it; null: unknown"
    )
    paid_in = amount(null=True, help_text="deposits less withdrawals until then; null: unknown")
    stored_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "equity_snapshot"
        constraints = [models.UniqueConstraint(fields=["account", "taken_at"], name="equity_snapshot_once")]
        ordering = ["-taken_at"]

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M:%S} {self.equity}"


class DayOpening(models.Model):
    """Opening equity of a UTC day, from the ledger and the last closes before midnight; deposits excluded.

    Provisional, and computed anew at every look, until its inputs are complete; final, it is never changed.
    """

    account = models.TextField()
    day = models.DateField()
    equity = amount()
    final = models.BooleanField(default=False)
    inputs = models.JSONField(default=dict, help_text="cash, and each position with its close, that it comes from")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "day_opening"
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="day_opening_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.equity}"

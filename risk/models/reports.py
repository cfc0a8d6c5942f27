"""What a UTC day of market time brought, written once when it is over and never changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from risk.models.amounts import amount


class DailyReport(models.Model):
    """One account's day. The columns are what periods are summed from; `body` is the whole report as it is shown."""

    append_only: ClassVar[bool] = True

    account = models.TextField()
    day = models.DateField(help_text="UTC, market time")
    opening_equity = amount(help_text="at 00:00 UTC")
    closing_equity = amount(help_text="at 00:00 UTC of the next day")
    paid_in = amount(help_text="deposits less withdrawals of the day")
    result = amount(help_text="closing − opening − paid in")
    realized_pnl = amount(help_text="of what was sold, before fees")
    open_pnl = amount(help_text="by how much the open result of positions changed")
    fees = amount()
    slippage_cost = amount(help_text="what fills cost beyond the decision price; part of the result")
    body = models.JSONField()
    stored_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "daily_report"
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="daily_report_once"),
            models.CheckConstraint(
                condition=Q(result=F("closing_equity") - F("opening_equity") - F("paid_in")),
                name="daily_report_result_is_what_equity_gained",
            ),
            models.CheckConstraint(
                condition=Q(result=F("realized_pnl") + F("open_pnl") - F("fees")),
                name="daily_report_result_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.result}"

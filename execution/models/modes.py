"""Who may trade with money, and which mode was in force: two histories that nobody edits.

Live trading is enabled in two steps by people, asked for and confirmed later, and withdrawn in one; the newest row says
how it stands. The table itself refuses an ENABLED row that no ASKED row of an earlier transaction stands before, so
that neither a form nor a single statement opens it alone.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cdb_site.history.tracking import tracked
from execution.models.accounts import Account


@tracked("LiveTradingHistory")
class LiveTrading(models.Model):
    """One step. `limits_version` are the limits it was asked for with: loosened later, live trading is withdrawn."""

    append_only: ClassVar[bool] = True

    class Step(models.TextChoices):
        ASKED = "ASKED"
        ENABLED = "ENABLED"
        WITHDRAWN = "WITHDRAWN"

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="live_trading", db_index=False, db_constraint=False
    )
    step = models.TextField(choices=Step.choices)
    request = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="answers", help_text="the ASKED row it confirms"
    )
    asked_by = models.TextField(blank=True)
    confirmed_by = models.TextField(blank=True)
    withdrawn_by = models.TextField(blank=True)
    reason = models.TextField()
    limits_version = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "live_trading"
        ordering = ["-id"]
        verbose_name_plural = "live trading"
        constraints = [
            models.CheckConstraint(
                condition=Q(step__in=["ASKED", "ENABLED", "WITHDRAWN"]), name="live_trading_step_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="live_trading_says_why"),
            models.CheckConstraint(
                condition=~Q(step="ASKED")
                | Q(confirmed_by="", withdrawn_by="", request=None, limits_version__isnull=False) & ~Q(asked_by=""),
                name="live_trading_asked_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(step="ENABLED")
                | Q(withdrawn_by="", request__isnull=False, limits_version__isnull=False)
                & ~Q(asked_by="")
                & ~Q(confirmed_by=""),
                name="live_trading_enabled_is_confirmed",
            ),
            models.CheckConstraint(
                condition=~Q(step="WITHDRAWN") | Q(request=None) & ~Q(withdrawn_by=""),
                name="live_trading_withdrawn_by_somebody",
            ),
            models.UniqueConstraint(fields=["request"], name="live_trading_confirmed_once"),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="live_trading_newest")]

    def __str__(self) -> str:
        return f"{self.step} by {self.confirmed_by or self.withdrawn_by or self.asked_by}"


class ModeChange(models.Model):
    """The mode that the execution service put in force, each time it was another one, with what was missing."""

    append_only: ClassVar[bool] = True

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="modes", db_index=False, db_constraint=False
    )
    mode = models.TextField()
    asked = models.TextField()
    missing = models.JSONField(default=list)
    lacks = models.JSONField(default=dict, help_text="for each mode beyond paper, which keys it still takes")
    instance = models.TextField(help_text="which execution process says so")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "mode_change"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["PAPER", "TEST", "LIVE"]), name="mode_change_known"),
            models.CheckConstraint(
                condition=Q(missing=[]) | Q(mode="PAPER"), name="mode_change_missing_a_key_is_paper"
            ),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="mode_change_newest")]

    def __str__(self) -> str:
        return f"{self.mode}, asked for {self.asked}"

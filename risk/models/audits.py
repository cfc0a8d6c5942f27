"""Runs of the books' audit, how far each check has come, and violations that somebody has acknowledged."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class AuditRun(models.Model):
    """One run of the books' audit: when, what it found. `violations` are those nobody has acknowledged; `checked` has,
    by check, its violations and its time in ms."""

    ran_at = models.DateTimeField(db_default=Now())
    violations = models.PositiveIntegerField()
    acknowledged = models.PositiveIntegerField(default=0, db_default=0)
    checked = models.JSONField(default=dict)
    first = models.TextField(blank=True)
    full = models.BooleanField(default=True, help_text="everything was looked at, not only what was new")
    duration_ms = models.PositiveIntegerField()

    class Meta:
        db_table = "audit_run"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M:%S} {self.violations} violations"


class AuditMark(models.Model):
    """Where the audit takes a check up again: it held for everything before. `sums` are those of the entries up to
    number `after`."""

    code = models.TextField(primary_key=True)
    since = models.DateTimeField()
    after = models.BigIntegerField(default=0)
    sums = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_mark"

    def __str__(self) -> str:
        return f"{self.code} since {self.since:%Y-%m-%d %H:%M:%S}"


class ViolationAcknowledgement(models.Model):
    """Somebody has looked at a row that breaks an invariant, as it was then, and says why it need not halt trading."""

    append_only: ClassVar[bool] = True

    code = models.TextField(help_text="the check")
    row = models.TextField(help_text="the row, as the audit names it")
    detail = models.TextField(help_text="what was wrong with it")
    reason = models.TextField()
    acknowledged_by = models.TextField()
    acknowledged_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "violation_acknowledgement"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["code", "row", "detail"], name="violation_acknowledged_once"),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(acknowledged_by=""), name="violation_acknowledgement_says_who_and_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.row} by {self.acknowledged_by}"

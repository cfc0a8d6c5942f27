"""Alerts: conditions an operator should know of, from raised to closed. One open row per condition."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Now


class Alert(models.Model):
    class Level(models.TextChoices):
        CRITICAL = "CRITICAL"
        WARNING = "WARNING"
        INFO = "INFO"

    class State(models.TextChoices):
        RAISED = "RAISED"
        ACKNOWLEDGED = "ACKNOWLEDGED"
        CLOSED = "CLOSED"

    alert_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    code = models.TextField()
    level = models.TextField(choices=Level.choices)
    state = models.TextField(choices=State.choices, default=State.RAISED)
    source = models.TextField()
    key = models.TextField(help_text="what the condition is about, such as a symbol or a topic")
    params = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=1, help_text="how often the condition was met while open")
    version = models.PositiveIntegerField(default=1)
    raised_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    acknowledged_by = models.TextField(blank=True, default="", help_text="who has seen it and acts")
    acknowledged_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "alert"
        ordering = ["-raised_at"]
        permissions = [("acknowledge_alert", "Can acknowledge alerts")]
        indexes = [
            models.Index(fields=["-raised_at", "-alert_id"], include=["level", "state"], name="alert_listed"),
            models.Index(fields=["code", "-raised_at", "-alert_id"], name="alert_by_code"),
            models.Index(fields=["level", "-raised_at", "-alert_id"], name="alert_by_level"),
            models.Index(
                KeyTextTransform("symbol", "params"),
                models.F("raised_at").desc(),
                models.F("alert_id").desc(),
                name="alert_by_symbol",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "key"], condition=~models.Q(state="CLOSED"), name="alert_open_once_per_condition"
            ),
            models.CheckConstraint(
                condition=models.Q(level__in=["CRITICAL", "WARNING", "INFO"]), name="alert_level_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["RAISED", "ACKNOWLEDGED", "CLOSED"]), name="alert_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(acknowledged_by="", acknowledged_at=None) & ~models.Q(state="ACKNOWLEDGED")
                | ~models.Q(acknowledged_by="") & models.Q(acknowledged_at__isnull=False) & ~models.Q(state="RAISED"),
                name="alert_acknowledged_says_who_and_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.code} {self.key}"

"""Runs of the replay that people asked for: what was asked, how far it is, and what it brought.

A run is QUEUED until a process claims it with a lease, RUNNING while that process renews the lease, and then DONE,
FAILED or CANCELED for good. A lease that has run out says that its process is gone: the run is taken up again, or
FAILED after the last attempt. Decisions and round trips of a run are rows beside those of live trading and never among
them. Times of decisions and trips are market times, all others wall times.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from risk.models.amounts import amount


class ReplayRun(models.Model):
    """`run_id` is the key of the wish: asked for twice with it, there is one run. `parameters` and `manifest` are read
    by people and by the replay; `result` is what its page shows (`replay/kept.py`)."""

    class Kind(models.TextChoices):
        REPLAY = "REPLAY", _("Replay")
        WHAT_IF = "WHAT_IF", _("What if")
        SEARCH = "SEARCH", _("Parameter search")

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("Waiting")
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Done")
        FAILED = "FAILED", _("Failed")
        CANCELED = "CANCELED", _("Canceled")

    run_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.TextField(choices=Kind.choices)
    state = models.TextField(choices=State.choices, default=State.QUEUED)
    asked_by = models.TextField()
    asked_at = models.DateTimeField(db_default=Now())
    parameters = models.JSONField(default=dict)
    progress = models.FloatField(default=0, help_text="0 to 1, of the present attempt")
    step = models.TextField(blank=True, help_text="what it does now")
    attempts = models.PositiveSmallIntegerField(default=0)
    machine = models.TextField(blank=True)
    carrier = models.TextField(blank=True, help_text="the process that carries it out")
    lease_until = models.DateTimeField(null=True)
    cancel_asked_by = models.TextField(blank=True)
    cancel_asked_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    manifest = models.JSONField(default=dict)
    result = models.JSONField(null=True)

    class Meta:
        db_table = "replay_run"
        ordering = ["-asked_at", "-run_id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["REPLAY", "WHAT_IF", "SEARCH"]), name="replay_run_kind_known"),
            models.CheckConstraint(
                condition=Q(state__in=["QUEUED", "RUNNING", "DONE", "FAILED", "CANCELED"]),
                name="replay_run_state_known",
            ),
            models.CheckConstraint(condition=~Q(asked_by=""), name="replay_run_says_who"),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="replay_run_progress_is_a_fraction"
            ),
            models.CheckConstraint(
                condition=Q(Q(state="RUNNING"), Q(lease_until__isnull=False), ~Q(carrier=""), ~Q(machine=""))
                | Q(~Q(state="RUNNING"), Q(lease_until=None)),
                name="replay_run_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["QUEUED", "RUNNING"], ended_at=None)
                | Q(state__in=["DONE", "FAILED", "CANCELED"], ended_at__isnull=False),
                name="replay_run_ended_when_over",
            ),
            models.CheckConstraint(
                condition=Q(state="FAILED") & ~Q(error="") | ~Q(state="FAILED") & Q(error=""),
                name="replay_run_failure_says_why",
            ),
            models.CheckConstraint(
                condition=Q(state="DONE", result__isnull=False) | ~Q(state="DONE") & Q(result=None),
                name="replay_run_result_when_done",
            ),
            models.CheckConstraint(
                condition=Q(cancel_asked_by="", cancel_asked_at=None)
                | ~Q(cancel_asked_by="") & Q(cancel_asked_at__isnull=False),
                name="replay_run_cancel_says_who",
            ),
            models.UniqueConstraint(
                fields=["machine"], condition=Q(state="RUNNING"), name="replay_run_one_at_a_time_on_a_machine"
            ),
        ]
        indexes = [
            models.Index(fields=["-asked_at", "-run_id"], name="replay_run_listed"),
            models.Index(fields=["asked_at"], condition=Q(state="QUEUED"), name="replay_run_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.run_id} {self.state}"

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELED)


class ReplayRunDecision(models.Model):
    """A decision of a run, with what it was made from: as a live one, so that it has the same Why."""

    run = models.ForeignKey(ReplayRun, models.CASCADE, related_name="decisions")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.TextField()
    side = models.TextField()
    symbol = models.TextField()
    outcome = models.TextField()
    reason_code = models.TextField()
    params = models.JSONField(default=dict)
    wanted_quantity = amount()
    quantity = amount()
    exposure_after = amount(null=True)
    inputs = models.JSONField(default=dict)
    layers = models.JSONField(default=list)
    executions = models.JSONField(default=list, help_text="price, quantity, fee of each")

    class Meta:
        db_table = "replay_run_decision"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="replay_run_decision_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="replay_run_decision_number_from_one"),
            models.CheckConstraint(
                condition=Q(kind__in=["SIGNAL", "STOP", "HALT", "OPERATOR"]), name="replay_run_decision_kind_known"
            ),
            models.CheckConstraint(condition=Q(side__in=["BUY", "SELL"]), name="replay_run_decision_side_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=["APPROVED", "TRIMMED", "REJECTED", "EXPIRED"]),
                name="replay_run_decision_outcome_known",
            ),
        ]
        indexes = [models.Index(fields=["run", "reason_code", "number"], name="replay_run_decision_reason")]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome} {self.side} {self.symbol}"


class ReplayRunTrip(models.Model):
    """One symbol from flat to flat in a run. `entry` and `exit` number the decisions that began and ended it."""

    run = models.ForeignKey(ReplayRun, models.CASCADE, related_name="trips")
    number = models.PositiveIntegerField()
    symbol = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField()
    quantity = amount(help_text="the most that was held, base units")
    entry_notional = amount()
    exit_notional = amount()
    gross = amount()
    fees = amount()
    net = amount(help_text="gross − fees")
    exit_reason = models.TextField()
    entry = models.PositiveIntegerField()
    exit = models.PositiveIntegerField()

    class Meta:
        db_table = "replay_run_trip"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="replay_run_trip_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="replay_run_trip_number_from_one"),
            models.CheckConstraint(condition=Q(net=F("gross") - F("fees")), name="replay_run_trip_net_is_after_fees"),
            models.CheckConstraint(
                condition=Q(closed_at__gte=F("opened_at")), name="replay_run_trip_opens_before_it_closes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.symbol} {self.net}"

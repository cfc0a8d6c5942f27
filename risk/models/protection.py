"""What protects an account: breakers, close-outs, wishes that a symbol be flat, and what waits for a second person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cdb_site.history.tracking import tracked
from risk.models.amounts import amount
from risk.models.decisions import Decision
from risk.rules.circuit_breakers import KINDS


@tracked("BreakerHistory")
class Breaker(models.Model):
    """One opening of a circuit breaker of layer 2, until it is released. At most one of a kind and symbol is open."""

    account = models.TextField()
    kind = models.TextField(choices=[(code, code) for code in KINDS])
    symbol = models.TextField(blank=True, help_text="empty: the whole account")
    opened_at = models.DateTimeField(db_default=Now())
    occurred_at = models.DateTimeField(help_text="market time")
    observed = amount()
    limit = amount()
    limits_version = models.BigIntegerField()
    context = models.JSONField(default=dict, help_text="what else was seen")
    look = models.JSONField(null=True, help_text="the symbol's book as it opened, or the marks of what is held")
    cause = models.TextField(blank=True, help_text="what opens it once only: the order that slipped")
    released_at = models.DateTimeField(null=True)
    released_by = models.TextField(blank=True)
    reason = models.TextField(blank=True, help_text="why it was released")

    class Meta:
        db_table = "breaker"
        ordering = ["-id"]
        permissions = [("release_breaker", "Can release breakers")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=sorted(KINDS)), name="breaker_kind_known"),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by="", reason="")
                | Q(released_at__isnull=False) & ~Q(released_by="") & ~Q(reason=""),
                name="breaker_release_says_who_and_why",
            ),
            models.UniqueConstraint(
                fields=["account", "kind", "symbol"], condition=Q(released_at=None), name="breaker_open_once"
            ),
            models.UniqueConstraint(fields=["kind", "cause"], condition=~Q(cause=""), name="breaker_once_per_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol}".strip()


class CloseOut(models.Model):
    """Every position is to be sold: after a daily loss, or on an operator's halt. Ends when the account is flat."""

    class Cause(models.TextChoices):
        DAILY_LOSS = "DAILY_LOSS"
        OPERATOR = "OPERATOR"

    account = models.TextField()
    cause = models.TextField(choices=Cause.choices)
    asked_by = models.TextField()
    reason = models.TextField()
    started_at = models.DateTimeField(db_default=Now())
    occurred_at = models.DateTimeField(help_text="market time")
    positions = models.JSONField(default=list, help_text="what was held when it began")
    look = models.JSONField(null=True, help_text="the marks at which a loss was seen; an operator's has none")
    flat_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True, help_text="attempts used up; an operator must act")

    class Meta:
        db_table = "close_out"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(cause__in=["DAILY_LOSS", "OPERATOR"]), name="close_out_cause_known"),
            models.UniqueConstraint(
                fields=["account"], condition=Q(flat_at=None, given_up_at=None), name="close_out_one_at_a_time"
            ),
        ]

    @property
    def time_to_flat_s(self) -> float | None:
        return (self.flat_at - self.started_at).total_seconds() if self.flat_at else None

    def __str__(self) -> str:
        return f"{self.cause} {self.started_at:%Y-%m-%d %H:%M:%S}"


class ExitIntent(models.Model):
    """One symbol is to be flat: from the wish until it is, or until it is given up loudly. `docs/exits.md`."""

    class Ending(models.TextChoices):
        FLAT = "FLAT"
        DUST = "DUST"
        GIVEN_UP = "GIVEN_UP"
        WRITTEN_OFF = "WRITTEN_OFF"

    account = models.TextField()
    symbol = models.TextField()
    kind = models.TextField(choices=Decision.Kind.choices, help_text="who wanted it first")
    asked_by = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    begun_at = models.DateTimeField(help_text="wall time")
    occurred_at = models.DateTimeField(help_text="market time")
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(help_text="wall time from which the next attempt is due")
    ended_at = models.DateTimeField(null=True)
    ending = models.TextField(blank=True, choices=Ending.choices)

    class Meta:
        db_table = "exit_intent"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["SIGNAL", "STOP", "HALT", "OPERATOR"]), name="exit_intent_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ending="")
                | Q(ended_at__isnull=False, ending__in=["FLAT", "DUST", "GIVEN_UP", "WRITTEN_OFF"]),
                name="exit_intent_says_how_it_ended",
            ),
            models.UniqueConstraint(
                fields=["account", "symbol"], condition=Q(ended_at=None), name="exit_intent_open_once"
            ),
        ]
        indexes = [models.Index(fields=["account", "symbol", "-id"], name="exit_intent_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol} {self.ending or 'OPEN'}"


@tracked("ProposalHistory")
class Proposal(models.Model):
    """Something that makes the protection looser, waiting for a second person (REQUIRE_SECOND_APPROVER)."""

    class Kind(models.TextChoices):
        LIMITS = "LIMITS"
        BREAKER_RELEASE = "BREAKER_RELEASE"
        RESUME = "RESUME"

    class State(models.TextChoices):
        PROPOSED = "PROPOSED"
        APPROVED = "APPROVED"
        REJECTED = "REJECTED"
        WITHDRAWN = "WITHDRAWN"

    account = models.TextField()
    kind = models.TextField(choices=Kind.choices)
    payload = models.JSONField(default=dict)
    summary = models.TextField(help_text="what would change, in words")
    reason = models.TextField()
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    state = models.TextField(choices=State.choices, default=State.PROPOSED)
    decided_by = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "proposal"
        ordering = ["-id"]
        permissions = [("decide_proposal", "Can approve or reject proposals")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["LIMITS", "BREAKER_RELEASE", "RESUME"]), name="proposal_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PROPOSED", "APPROVED", "REJECTED", "WITHDRAWN"]), name="proposal_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", decided_by="", decided_at=None)
                | ~Q(state="PROPOSED") & ~Q(decided_by="") & Q(decided_at__isnull=False),
                name="proposal_decision_says_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="APPROVED") | ~Q(decided_by=models.F("proposed_by")),
                name="proposal_needs_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}: {self.summary}"

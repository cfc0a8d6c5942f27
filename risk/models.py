"""Limits, decisions and equity: what was allowed, what was decided and why, and what the account was worth.

A limit version is never changed, only followed by the next; a decision names the version it used.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cdb_site import limit_table
from cdb_site.history.tracking import tracked
from risk.rules.circuit_breakers import KINDS


def limit(name: str) -> models.DecimalField[Any, Any]:
    """The column of one limit of the table, with its bounds and its words."""
    rule = limit_table.BY_NAME[name]
    words = f"{rule.words}; {rule.unit_words}" if rule.is_fraction else f"{rule.words}, {rule.unit_words}"
    kind, hint = ("is a fraction and ", f"; {limit_table.FRACTION_HINT}%") if rule.is_fraction else ("", "")
    return models.DecimalField(
        max_digits=14,
        decimal_places=limit_table.PLACES,
        default=rule.default,
        help_text=words[0].upper() + words[1:],
        validators=[
            MinValueValidator(rule.low, message=f"{kind}must be at least {rule.low}{hint}"),
            MaxValueValidator(rule.high, message=f"{kind}may not exceed {rule.high}{hint}"),
        ],
    )


def within_bounds(rule: limit_table.Limit) -> models.CheckConstraint:
    name = rule.name.removeprefix("max_").removesuffix("_pct").removesuffix("_s").removesuffix("_bps")
    bounds = {f"{rule.name}__gte": rule.low, f"{rule.name}__lte": rule.high}
    return models.CheckConstraint(condition=Q(**bounds), name=f"limit_{name}_within_bounds")


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


@tracked("LimitVersionHistory")
class LimitVersion(models.Model):
    append_only: ClassVar[bool] = True

    version = models.BigAutoField(primary_key=True)
    account = models.TextField(default="paper")
    max_daily_drawdown_pct = limit("max_daily_drawdown_pct")
    max_drawdown_pct = limit("max_drawdown_pct")
    max_slippage_pct = limit("max_slippage_pct")
    max_data_silence_s = limit("max_data_silence_s")
    max_jump_pct = limit("max_jump_pct")
    max_spread_bps = limit("max_spread_bps")
    max_orders_per_minute = limit("max_orders_per_minute")
    max_reject_rate_pct = limit("max_reject_rate_pct")
    max_clock_skew_s = limit("max_clock_skew_s")
    good_data_s = limit("good_data_s")
    max_exposure_pct = limit("max_exposure_pct")
    max_position_pct = limit("max_position_pct")
    stop_loss_pct = limit("stop_loss_pct")
    stop_cooldown_s = limit("stop_cooldown_s")
    max_price_age_s = limit("max_price_age_s")
    reason = models.TextField(help_text="Why the limits change")
    changed_by = models.TextField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "limit_version"
        ordering = ["-version"]
        verbose_name = "risk limits"
        verbose_name_plural = "risk limits"
        constraints = [within_bounds(rule) for rule in limit_table.LIMITS]

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
            models.UniqueConstraint(
                fields=["episode_id", "kind", "attempt"],
                condition=Q(episode_id__isnull=False),
                name="decision_once_per_attempt",
            ),
        ]
        indexes = [
            models.Index(fields=["-decided_at"], name="decision_decided"),
            models.Index(fields=["account", "occurred_at"], condition=Q(kind="STOP"), name="decision_stops"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.side} {self.symbol}: {self.reason_code}"


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


class EquitySnapshot(models.Model):
    account = models.TextField()
    taken_at = models.DateTimeField(help_text="market time")
    equity = amount()
    cash = amount()
    exposure = models.DecimalField(max_digits=20, decimal_places=10, help_text="fraction of equity")
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

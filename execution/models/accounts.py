"""The account, its new starts, and the trading state in front of every venue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cdb_site.history.tracking import tracked
from execution.models.amounts import ZERO, amount


class Account(models.Model):
    account = models.TextField(primary_key=True)
    quote_asset = models.TextField()
    cash = amount(default=ZERO)
    realized_pnl = amount(default=ZERO)
    fees = amount(default=ZERO)
    paid_in = amount(default=ZERO, db_default=ZERO, help_text="deposits less withdrawals")
    version = models.PositiveBigIntegerField(default=1)
    decisions = models.PositiveBigIntegerField(default=0, db_default=0, help_text="the number of its last decision")
    opened_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "account"
        constraints = [models.CheckConstraint(condition=Q(cash__gte=0), name="account_cash_not_negative")]

    def __str__(self) -> str:
        return f"{self.account} {self.cash} {self.quote_asset}"


@tracked("TradingStateHistory")
class TradingStateChange(models.Model):
    """History of the gate: the newest row of each owner is what it holds, the strictest hold is the state.

    No row at all means HALTED. The account is no constraint of the database: checking it would lock the account's
    row, and a halt waits for nobody.
    """

    append_only: ClassVar[bool] = True

    class Owner(models.TextChoices):
        OPERATOR = "OPERATOR"
        LOSS = "LOSS"
        BREAKERS = "BREAKERS"
        AUDIT = "AUDIT"

    class State(models.TextChoices):
        ACTIVE = "ACTIVE"
        REDUCING = "REDUCING"
        HALTED = "HALTED"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="state_changes", db_constraint=False)
    owner = models.TextField(choices=Owner.choices, default=Owner.OPERATOR, db_default=Owner.OPERATOR)
    state = models.TextField(choices=State.choices)
    reason = models.TextField(blank=True)
    changed_by = models.TextField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "trading_state_change"
        permissions = [("halt_trading", "Can halt trading"), ("resume_trading", "Can resume trading")]
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["ACTIVE", "REDUCING", "HALTED"]), name="trading_state_known"),
            models.CheckConstraint(
                condition=~Q(state="ACTIVE") | ~Q(reason=""), name="trading_state_release_needs_reason"
            ),
            models.CheckConstraint(
                condition=Q(owner__in=["OPERATOR", "LOSS", "BREAKERS", "AUDIT"]), name="trading_state_owner_known"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "owner", "-id"], name="trading_state_by_owner"),
            models.Index(fields=["-changed_at"], name="trading_state_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.state} by {self.changed_by}"


class AccountReset(models.Model):
    """A new start of a paper account that holds nothing: its cash was withdrawn and a new amount paid in.

    The day's loss and the drawdown are measured from the newest one.
    """

    append_only: ClassVar[bool] = True

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="resets")
    withdrawn = amount()
    deposited = amount()
    reset_by = models.TextField()
    reason = models.TextField()
    occurred_at = models.DateTimeField(help_text="market time")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "account_reset"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(deposited__gt=0), name="account_reset_deposits"),
            models.CheckConstraint(condition=~Q(reset_by="") & ~Q(reason=""), name="account_reset_says_who_and_why"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.withdrawn} → {self.deposited}"

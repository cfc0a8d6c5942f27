"""Orders, and the answers to them that the books could not take."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Now, Replace

from cdb_site.day_index import by_day
from execution.models.accounts import Account
from execution.models.amounts import ZERO, amount
from execution.rules.states import OPEN, OrderState


class Order(models.Model):
    class Side(models.TextChoices):
        BUY = "BUY"
        SELL = "SELL"

    class Type(models.TextChoices):
        LIMIT = "LIMIT"
        LIMIT_IOC = "LIMIT_IOC"
        MARKET = "MARKET"

    order_id = models.UUIDField(primary_key=True)
    client_order_id = models.TextField()
    decision_id = models.UUIDField()
    signal_id = models.UUIDField(null=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders", db_index=False)
    symbol = models.TextField()
    kind = models.TextField(help_text="why it was decided: SIGNAL, STOP, HALT, OPERATOR")
    side = models.TextField(choices=Side.choices)
    order_type = models.TextField(choices=Type.choices)
    reduce_only = models.BooleanField()
    quantity = amount()
    limit_price = amount(null=True)
    decision_price = amount(null=True)
    reserved_notional = amount(default=ZERO, help_text="cash set aside at the worst price while the order is open")
    filled_quantity = amount(default=ZERO)
    filled_notional = amount(default=ZERO)
    fee = amount(default=ZERO)
    realized_pnl = amount(default=ZERO)
    state = models.TextField(choices=[(state.value, state.value) for state in OrderState], default=OrderState.NEW)
    reason_code = models.TextField(blank=True)
    venue = models.TextField(default="PAPER")
    venue_order_id = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    valid_for_s = amount(
        null=True, help_text="seconds from created_at on in which an entry may be claimed; an exit has no end"
    )
    occurred_at = models.DateTimeField(help_text="market time of the decision")
    claimed_at = models.DateTimeField(null=True)
    leased_at = models.DateTimeField(null=True, help_text="when the process that sends it last said so")
    closed_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    gate_number = models.BigIntegerField(
        null=True, help_text="its claim's place among the changes of the trading state, whose ids are of one sequence"
    )

    class Meta:
        db_table = "order"
        constraints = [
            # Three names for one thing: that each is there once, the primary key sees to.
            models.CheckConstraint(
                condition=Q(
                    decision_id=F("order_id"),
                    client_order_id=Replace(Cast("order_id", models.TextField()), Value("-"), Value("")),
                ),
                name="order_named_by_its_decision",
            ),
            models.CheckConstraint(condition=Q(side__in=["BUY", "SELL"]), name="order_side_known"),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in OrderState]), name="order_state_known"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_quantity_positive"),
            models.CheckConstraint(
                condition=Q(filled_quantity__gte=0, filled_quantity__lte=F("quantity")), name="order_not_overfilled"
            ),
            models.CheckConstraint(
                condition=~Q(state="FILLED") | Q(filled_quantity=F("quantity")), name="order_filled_means_whole"
            ),
            models.CheckConstraint(
                condition=Q(order_type="MARKET") | Q(limit_price__isnull=False, limit_price__gt=0),
                name="order_limit_has_price",
            ),
            models.CheckConstraint(condition=Q(side="SELL") | Q(reduce_only=False), name="order_long_only"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(map(str, OPEN))) | Q(reserved_notional=0),
                name="order_closed_reserves_nothing",
            ),
            models.CheckConstraint(
                condition=Q(side="SELL")
                | ~Q(state__in=sorted(map(str, OPEN)))
                | Q(valid_for_s__gt=0, valid_for_s__isnull=False),
                name="order_open_entry_has_deadline",
            ),
            models.UniqueConstraint(
                fields=["account", "symbol"],
                condition=Q(side="SELL", state__in=sorted(map(str, OPEN))),
                name="order_one_live_exit",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "symbol"], condition=Q(state__in=sorted(map(str, OPEN))), name="order_open"
            ),
            models.Index(fields=["-created_at"], name="order_created"),
            models.Index(fields=["-claimed_at"], name="order_claimed"),
            models.Index(fields=["-closed_at"], name="order_closed"),
            by_day("occurred_at", name="order_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} {self.state}"


class QuarantinedAnswer(models.Model):
    """What the venue answered to an order and the books could not take, as it came, until an operator settles it."""

    class State(models.TextChoices):
        OPEN = "OPEN"
        BOOKED = "BOOKED"
        DISMISSED = "DISMISSED"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="quarantined")
    report = models.JSONField(help_text="the answer as it came")
    error = models.TextField(help_text="why it could not be booked")
    state = models.TextField(choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")

    class Meta:
        db_table = "quarantined_answer"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="OPEN", settled_at=None)
                | (Q(state__in=["BOOKED", "DISMISSED"], settled_at__isnull=False) & ~Q(settled_by="")),
                name="quarantined_answer_settled_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="DISMISSED") | ~Q(reason=""), name="quarantined_answer_dismissed_with_reason"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state="OPEN"), name="quarantined_answer_once_per_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.error}"

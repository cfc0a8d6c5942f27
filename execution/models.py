"""The books: orders, fills, the ledger, positions, the account, and the trading state in front of every venue.

Fills and ledger entries are append-only and everything else derives from them: cash is the sum of the ledger,
a position is the sum of its fills. Constraints say no to what must never be. No foreign key points upward: an order
keeps `signal_id` and `decision_id` as plain UUIDs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Now, Replace

from cdb_site.history.tracking import tracked
from execution.rules.states import OPEN, OrderState

ZERO = Decimal(0)


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    """Money, price or quantity: 18 decimals, exact."""
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


class Account(models.Model):
    account = models.TextField(primary_key=True)
    quote_asset = models.TextField()
    cash = amount(default=ZERO)
    realized_pnl = amount(default=ZERO)
    fees = amount(default=ZERO)
    version = models.PositiveBigIntegerField(default=1)
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
        indexes = [models.Index(fields=["account", "owner", "-id"], name="trading_state_by_owner")]

    def __str__(self) -> str:
        return f"{self.owner} {self.state} by {self.changed_by}"


class Order(models.Model):
    class Side(models.TextChoices):
        BUY = "BUY"
        SELL = "SELL"

    class Type(models.TextChoices):
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
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} {self.state}"


class Fill(models.Model):
    append_only: ClassVar[bool] = True

    fill_id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills", db_index=False)
    trade_id = models.TextField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="fills", db_index=False)
    symbol = models.TextField()
    side = models.TextField()
    price = amount()
    quantity = amount()
    fee = amount()
    fee_asset = models.TextField()
    realized_pnl = amount(default=ZERO)
    executed_at = models.DateTimeField(help_text="market time at the venue")
    recorded_at = models.DateTimeField(db_default=Now())
    model = models.JSONField(default=dict, help_text="the book and parameters a paper fill came from")

    class Meta:
        db_table = "fill"
        constraints = [
            models.UniqueConstraint(fields=["order", "trade_id"], name="fill_once_per_trade"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="fill_quantity_positive"),
            models.CheckConstraint(
                condition=Q(price__gt=0) | Q(price=0, fee=0, side="SELL", trade_id__startswith="write-off"),
                name="fill_price_positive",
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="fill_fee_not_negative"),
        ]
        indexes = [models.Index(fields=["account", "symbol", "fill_id"], name="fill_by_symbol")]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} @ {self.price}"


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


class LedgerEntry(models.Model):
    append_only: ClassVar[bool] = True

    class Kind(models.TextChoices):
        DEPOSIT = "DEPOSIT"
        WITHDRAWAL = "WITHDRAWAL"
        TRADE = "TRADE"
        FEE = "FEE"
        WRITE_OFF = "WRITE_OFF"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="ledger", db_index=False)
    kind = models.TextField(choices=Kind.choices)
    amount = amount(help_text="signed change of cash")
    fill = models.ForeignKey(Fill, on_delete=models.PROTECT, null=True, related_name="ledger", db_index=False)
    occurred_at = models.DateTimeField(help_text="market time")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "ledger_entry"
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["fill", "kind"], name="ledger_once_per_fill_and_kind"),
            models.CheckConstraint(
                condition=Q(kind__in=["DEPOSIT", "WITHDRAWAL", "TRADE", "FEE", "WRITE_OFF"]), name="ledger_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["DEPOSIT", "WITHDRAWAL"], fill=None)
                | Q(kind__in=["TRADE", "FEE", "WRITE_OFF"], fill__isnull=False),
                name="ledger_trade_has_fill",
            ),
            models.CheckConstraint(condition=~Q(kind="WRITE_OFF") | Q(amount=0), name="ledger_write_off_moves_no_cash"),
            models.CheckConstraint(condition=~Q(kind="FEE") | Q(amount__lte=0), name="ledger_fee_costs"),
            models.CheckConstraint(condition=~Q(kind="WITHDRAWAL") | Q(amount__lt=0), name="ledger_withdrawal_takes"),
        ]
        indexes = [
            models.Index(
                fields=["account"], condition=Q(kind__in=["DEPOSIT", "WITHDRAWAL"]), name="ledger_paid_in_or_out"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


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


class Position(models.Model):
    """What is held of one symbol. `episode_id` names the time from flat to flat; a flat row has none."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="positions", db_index=False)
    symbol = models.TextField()
    quantity = amount(default=ZERO)
    avg_entry_price = amount(default=ZERO)
    realized_pnl = amount(default=ZERO)
    episode_id = models.UUIDField(null=True)
    opened_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "position"
        constraints = [
            models.UniqueConstraint(fields=["account", "symbol"], name="position_once_per_symbol"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="position_long_only"),
            models.CheckConstraint(
                condition=Q(quantity=0, avg_entry_price=0, episode_id=None)
                | Q(quantity__gt=0, avg_entry_price__gt=0, episode_id__isnull=False),
                name="position_flat_or_priced",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.symbol} @ {self.avg_entry_price}"

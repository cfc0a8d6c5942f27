"""What the books are made of, fills and the ledger, and the positions that follow from them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cdb_site.day_index import by_day
from execution.models.accounts import Account
from execution.models.amounts import ZERO, amount
from execution.models.orders import Order


class Fill(models.Model):
    """`account` is its order's, which the database has checked. `fee_asset` is what the fee was taken in; `fee` is what
    it was worth, always in the quote asset."""

    append_only: ClassVar[bool] = True

    fill_id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills", db_index=False)
    trade_id = models.TextField()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="fills", db_index=False, db_constraint=False
    )
    symbol = models.TextField()
    side = models.TextField()
    price = amount()
    quantity = amount()
    fee = amount()
    fee_asset = models.TextField()
    fee_quantity = amount(null=True, help_text="what was taken in fee_asset; null: the fee, in the quote asset")
    dust_quantity = amount(null=True, help_text="base units it left, too few to be ordered, that are no position")
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
            models.CheckConstraint(
                condition=Q(fee_quantity=None) | Q(fee_quantity__gt=0, symbol__startswith=F("fee_asset")),
                name="fill_fee_quantity_of_base",
            ),
            models.CheckConstraint(
                condition=Q(dust_quantity=None) | Q(dust_quantity__gt=0, side="SELL"), name="fill_dust_of_an_exit"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "symbol", "fill_id"], name="fill_by_symbol"),
            models.Index(fields=["trade_id"], name="fill_by_trade"),
            models.Index(fields=["account"], condition=Q(dust_quantity__isnull=False), name="fill_with_dust"),
            by_day("executed_at", name="fill_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} @ {self.price}"


class LedgerEntry(models.Model):
    """Double entry: each row moves something on two or three accounts, in the quote asset, and all of it together is 0,
    which the database checks. A credit is below 0. Written with its fill, by the same statement, and of its account:
    the audit looks whether that is so. Who paid in or out says why."""

    append_only: ClassVar[bool] = True

    class Kind(models.TextChoices):
        DEPOSIT = "DEPOSIT"
        WITHDRAWAL = "WITHDRAWAL"
        TRADE = "TRADE"
        FEE = "FEE"
        WRITE_OFF = "WRITE_OFF"
        DUST = "DUST"

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="ledger", db_index=False, db_constraint=False
    )
    kind = models.TextField(choices=Kind.choices)
    inventory = amount(default=ZERO, db_default=ZERO, help_text="change of the entry value of what is held")
    fees = amount(default=ZERO, db_default=ZERO, help_text="expense")
    realized = amount(default=ZERO, db_default=ZERO, help_text="minus the profit")
    capital = amount(default=ZERO, db_default=ZERO, help_text="minus what was paid in")
    units = amount(default=ZERO, db_default=ZERO, help_text="signed change of what is held, base units")
    amount = amount(help_text="signed change of cash")
    fill = models.ForeignKey(
        Fill, on_delete=models.PROTECT, null=True, related_name="ledger", db_index=False, db_constraint=False
    )
    paid_by = models.TextField(blank=True, default="", db_default="")
    reason = models.TextField(blank=True, default="", db_default="")
    occurred_at = models.DateTimeField(help_text="market time")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "ledger_entry"
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["fill", "kind"], name="ledger_once_per_fill_and_kind"),
            models.CheckConstraint(
                condition=Q(kind__in=["DEPOSIT", "WITHDRAWAL", "TRADE", "FEE", "WRITE_OFF", "DUST"]),
                name="ledger_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["DEPOSIT", "WITHDRAWAL"], fill=None)
                | Q(kind__in=["TRADE", "FEE", "WRITE_OFF", "DUST"], fill__isnull=False),
                name="ledger_trade_has_fill",
            ),
            models.CheckConstraint(
                condition=Q(amount=-F("inventory") - F("fees") - F("realized") - F("capital")), name="ledger_balances"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["DEPOSIT", "WITHDRAWAL"], inventory=0, fees=0, realized=0, units=0)
                | Q(kind="TRADE", fees=0, capital=0)
                | Q(kind="FEE", fees__gte=0, units__lte=0, capital=0)
                | Q(kind__in=["WRITE_OFF", "DUST"], amount=0, fees=0, capital=0),
                name="ledger_legs_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(paid_by="", reason="")
                | (Q(kind__in=["DEPOSIT", "WITHDRAWAL"]) & ~Q(paid_by="") & ~Q(reason="")),
                name="ledger_payment_says_who_and_why",
            ),
            models.CheckConstraint(condition=~Q(kind="FEE") | Q(amount__lte=0), name="ledger_fee_costs"),
            models.CheckConstraint(condition=~Q(kind="WITHDRAWAL") | Q(amount__lt=0), name="ledger_withdrawal_takes"),
        ]
        indexes = [
            models.Index(
                fields=["account"], condition=Q(kind__in=["DEPOSIT", "WITHDRAWAL"]), name="ledger_paid_in_or_out"
            ),
            by_day("occurred_at", name="ledger_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


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

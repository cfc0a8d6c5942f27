"""The books in the admin, to look at: every row here is written by the system alone."""

from __future__ import annotations

from django.contrib import admin

from cdb_site.readonly_admin import ReadOnlyAdmin
from execution.models import (
    Account,
    AccountReset,
    Fill,
    LedgerEntry,
    LiveTrading,
    ModeChange,
    Order,
    Position,
    QuarantinedAnswer,
    TradingStateChange,
)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ("account", "cash", "quote_asset", "realized_pnl", "fees", "paid_in", "version")
    list_filter = ("quote_asset",)
    search_fields = ("account",)


@admin.register(AccountReset)
class AccountResetAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "withdrawn", "deposited", "reset_by", "reason")


@admin.register(TradingStateChange)
class TradingStateChangeAdmin(ReadOnlyAdmin):
    list_display = ("changed_at", "owner", "state", "changed_by", "reason")
    list_filter = ("owner", "state")


@admin.register(LiveTrading)
class LiveTradingAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "step", "asked_by", "confirmed_by", "withdrawn_by", "limits_version", "reason")
    list_filter = ("step",)


@admin.register(ModeChange)
class ModeChangeAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "mode", "asked", "missing", "instance")
    list_filter = ("mode",)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "kind", "side", "symbol", "quantity", "filled_quantity", "state", "reason_code")
    list_filter = ("state", "side", "kind")
    ordering = ("-created_at",)
    search_fields = ("symbol", "order_id", "client_order_id", "signal_id")


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    list_display = (
        "recorded_at",
        "side",
        "symbol",
        "quantity",
        "price",
        "fee",
        "fee_asset",
        "realized_pnl",
        "dust_quantity",
    )
    list_filter = ("side",)
    search_fields = ("symbol", "trade_id")


@admin.register(QuarantinedAnswer)
class QuarantinedAnswerAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "order", "state", "error", "settled_by", "reason")
    list_filter = ("state",)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = (
        "recorded_at", "kind", "amount", "inventory", "fees", "realized", "capital", "units", "fill", "paid_by",
        "reason",
    )  # fmt: skip
    list_filter = ("kind",)


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "quantity", "avg_entry_price", "realized_pnl", "opened_at")
    search_fields = ("symbol",)

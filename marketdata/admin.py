"""Market data in the admin: looked at, never edited. The exchange and the screeners write it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from marketdata.models import Candle, Instrument, UniverseMember


class ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "status", "price_tick", "quantity_step", "min_notional", "taker_fee", "updated_at")
    list_filter = ("status", "quote_asset")
    search_fields = ("symbol",)


@admin.register(Candle)
class CandleAdmin(ReadOnlyAdmin):
    list_display = ("instrument", "interval", "open_time", "open", "high", "low", "close", "source", "revised")
    list_filter = ("interval", "source", "revised")
    search_fields = ("instrument__symbol",)
    show_full_result_count = False


@admin.register(UniverseMember)
class UniverseMemberAdmin(ReadOnlyAdmin):
    list_display = ("instrument", "chosen_by", "since")

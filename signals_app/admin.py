"""Signals, evaluations and rankings in the admin: to look at, never to change."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from signals_app.models import Evaluation, Ranking, Signal


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows; adding, changing and deleting are refused to everyone."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = ("open_time", "side", "symbol", "momentum", "strength", "rank", "universe_size", "expires_at")
    list_filter = ("side", "interval", "open_time")
    search_fields = ("symbol", "=signal_id")
    ordering = ("-open_time", "symbol")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("open_time", "interval", "complete", "late", "universe_size", "candles", "signals")
    list_filter = ("complete", "late", "interval", "open_time")
    ordering = ("-open_time",)


@admin.register(Ranking)
class RankingAdmin(ReadOnlyAdmin):
    list_display = ("ranked_at", "rank", "symbol", "momentum", "quote_volume", "spread_bps", "excluded")
    list_filter = ("excluded", "ranked_at")
    search_fields = ("symbol",)

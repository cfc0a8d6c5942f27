"""Signals, evaluations and rankings in the admin: to look at, never to change."""

from __future__ import annotations

from django.contrib import admin

from cdb_site.readonly_admin import ReadOnlyAdmin
from signals_app.models import Evaluation, Ranking, Signal


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = ("open_time", "side", "symbol", "momentum", "strength", "rank", "universe_size", "expires_at")
    list_filter = ("side", "interval", "open_time")
    search_fields = ("symbol", "=signal_id")
    ordering = ("-open_time", "symbol")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("open_time", "interval", "complete", "late", "universe_size", "candles", "signals", "skipped")
    list_filter = ("complete", "late", "interval", "open_time")
    ordering = ("-open_time",)


@admin.register(Ranking)
class RankingAdmin(ReadOnlyAdmin):
    list_display = ("ranked_at", "rank", "symbol", "momentum", "quote_volume", "spread_bps", "excluded")
    list_filter = ("excluded", "ranked_at")
    search_fields = ("symbol",)

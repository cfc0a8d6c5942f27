"""The audit log and the dead letters in the admin, to look at."""

from __future__ import annotations

from django.contrib import admin

from cdb_site.bus.models import DeadLetter, Event, Outbox
from cdb_site.readonly_admin import ReadOnlyAdmin


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "topic", "producer", "occurred_at", "event_id", "correlation_id")
    list_filter = ("topic", "producer")
    search_fields = ("event_id", "correlation_id", "causation_id")


@admin.register(Outbox)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "event_ids")


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ("id", "state", "topic", "group", "error", "attempts", "created_at")
    list_filter = ("state", "topic")

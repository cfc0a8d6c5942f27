"""Alerts in the admin, to look at."""

from __future__ import annotations

from django.contrib import admin

from cdb_site.alerts.models import Alert
from cdb_site.readonly_admin import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("raised_at", "level", "code", "key", "state", "count", "closed_at")
    list_filter = ("level", "state", "code")

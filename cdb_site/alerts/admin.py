"""Alerts in the admin: to look at, with what to do next, and to acknowledge."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.alerts import operations
from cdb_site.alerts.catalog import next_step, sentence
from cdb_site.alerts.models import Alert
from cdb_site.readonly_admin import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("raised_at", "level", "code", "words", "state", "acknowledged_by", "count", "closed_at")
    list_filter = ("level", "state", "code")
    search_fields = ("code", "key")
    readonly_fields = ("words", "what_next")
    actions = ("acknowledge",)

    @admin.display(description=gettext_lazy("alert"))
    def words(self, alert: Alert) -> str:
        return sentence(alert.code, alert.params)

    @admin.display(description=gettext_lazy("what to do next"))
    def what_next(self, alert: Alert) -> str:
        return next_step(alert.code)

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("alerts.acknowledge_alert"))

    @admin.action(description=gettext_lazy("Acknowledge: I have seen it and act"), permissions=["acknowledge"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        done = sum(operations.acknowledge(alert.alert_id, by=request.user.get_username()) for alert in queryset)
        level = messages.SUCCESS if done else messages.WARNING
        text = _("%(count)s acknowledged; those seen before or closed stay as they are.") % {"count": done}
        self.message_user(request, text, level)

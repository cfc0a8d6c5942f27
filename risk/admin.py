"""Risk limits and decisions in the admin. Limits are never edited: a change is the next version, with who and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cdb_site.readonly_admin import ReadOnlyAdmin
from execution.queries import PAPER
from risk.models import AuditRun, DayOpening, Decision, EquitySnapshot, LimitVersion

EDITED = ("max_exposure_pct", "max_position_pct", "stop_loss_pct", "max_slippage_pct", "max_price_age_s")


@admin.register(LimitVersion)
class LimitVersionAdmin(ReadOnlyAdmin):
    """ "Add" is how limits change: the form starts from the values in force and is in force from the next decision."""

    fields = (*EDITED, "reason")
    list_display = ("version", *EDITED, "reason", "changed_by", "changed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("risk.add_limitversion")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        current = LimitVersion.objects.filter(account=PAPER).first()
        return {name: getattr(current, name) for name in EDITED} if current else {}

    def save_model(self, request: HttpRequest, obj: LimitVersion, form: Any, change: bool) -> None:
        obj.account = PAPER
        obj.changed_by = request.user.get_username()
        obj.save(force_insert=True)


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("decided_at", "kind", "outcome", "reason_code", "side", "symbol", "quantity", "price")
    list_filter = ("outcome", "kind", "reason_code", "side")
    search_fields = ("symbol", "decision_id", "signal_id")


@admin.register(EquitySnapshot)
class EquitySnapshotAdmin(ReadOnlyAdmin):
    list_display = ("taken_at", "equity", "cash", "exposure")


@admin.register(DayOpening)
class DayOpeningAdmin(ReadOnlyAdmin):
    list_display = ("day", "equity", "created_at")


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ("ran_at", "violations", "first", "duration_ms")

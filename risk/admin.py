"""The risk manager in the admin: limits with a preview, breakers to release, proposals to decide.

Rows are never edited here: limits change by their next version, a release goes through the door of the commands.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.clock import SYSTEM
from cdb_site.readonly_admin import ReadOnlyAdmin
from execution.operations import Refused
from execution.queries import PAPER
from risk.models import (
    AuditRun,
    Breaker,
    CloseOut,
    DayOpening,
    Decision,
    EquitySnapshot,
    ExitIntent,
    LimitVersion,
    Proposal,
    ViolationAcknowledgement,
)
from risk.operator import proposals
from risk.operator.limit_form import LimitForm, fieldsets, in_force, preview_page
from risk.operator.status_report import fresh_source
from risk.rules.limits import NAMES


@admin.register(LimitVersion)
class LimitVersionAdmin(ReadOnlyAdmin):
    """ "Add" is how limits change: from the values in force, over what the change would do, to the next version."""

    form = LimitForm
    list_display = (
        "version", "max_daily_drawdown_pct", "max_exposure_pct", "max_position_pct", "stop_loss_pct", "reason",
        "changed_by", "changed_at",
    )  # fmt: skip
    list_filter = ("changed_at", "changed_by")
    search_fields = ("=version", "reason", "changed_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("risk.add_limitversion")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return fieldsets(stored=obj is not None)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return in_force()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Two steps: the form, then what it would change, with a button that means it."""
        if request.method == "POST" and "_confirmed" not in request.POST and self.has_add_permission(request):
            form = LimitForm(request.POST)
            if form.is_valid():
                return preview_page(request, form, self.admin_site.each_context(request))
        try:
            return super().add_view(request, form_url, extra_context)
        except Refused as problem:
            messages.error(request, str(problem))
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: LimitVersion, form: Any, change: bool) -> None:
        typed = form.cleaned_data
        done = proposals.change_limits(
            PAPER,
            {name: typed[name] for name in NAMES},
            by=request.user.get_username(),
            reason=typed["reason"],
            based_on=typed["based_on"],
        )
        if isinstance(done, Proposal):
            messages.warning(
                request,
                _("Proposed as #%(number)s: another person must approve it within an hour.") % {"number": done.pk},
            )
            done = LimitVersion.objects.filter(account=PAPER).latest("version")
        obj.pk, obj.changed_by, obj.account = done.pk, done.changed_by, done.account

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None if obj.changed_by != request.user.get_username() else super().log_addition(request, obj, message)


@admin.register(Breaker)
class BreakerAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "kind", "symbol", "observed", "limit", "released_at", "released_by", "reason")
    list_filter = ("kind", ("released_at", admin.EmptyFieldListFilter))
    search_fields = ("symbol",)
    actions = ("release",)

    @admin.action(description=gettext_lazy("Release the chosen breakers (reason: released in the admin)"))
    def release(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        if not request.user.has_perm("risk.release_breaker"):
            self.message_user(request, _("You may not release breakers."), messages.ERROR)
            return
        for breaker in queryset.filter(released_at=None):
            _say(self, request, breaker, proposals.release_breaker, reason="released in the admin")


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "kind",
        "summary",
        "reason",
        "proposed_by",
        "proposed_at",
        "expires_at",
        "state",
        "decided_by",
    )
    list_filter = ("state", "kind")
    actions = ("approve", "reject")

    @admin.action(description=gettext_lazy("Approve and carry out"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> None:
        source = fresh_source(PAPER, SYSTEM)
        self._decide(
            request,
            queryset,
            lambda pk, by: proposals.approve(pk, by=by, marks=source.marks, clock=SYSTEM),
        )

    @admin.action(description=gettext_lazy("Reject, or withdraw your own"))
    def reject(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> None:
        self._decide(request, queryset, lambda pk, by: proposals.reject(pk, by=by))

    def _decide(self, request: HttpRequest, queryset: QuerySet[Proposal], decide: Any) -> None:
        if not request.user.has_perm("risk.decide_proposal"):
            self.message_user(request, _("You may not decide proposals."), messages.ERROR)
            return
        for pk in queryset.values_list("pk", flat=True):
            try:
                done = decide(pk, request.user.get_username())
                self.message_user(
                    request, _("#%(number)s is %(state)s.") % {"number": pk, "state": done.get_state_display()}
                )
            except Refused as problem:
                self.message_user(request, str(problem), messages.ERROR)


def _say(page: Any, request: HttpRequest, breaker: Breaker, act: Any, *, reason: str) -> None:
    try:
        done = act(breaker, by=request.user.get_username(), reason=reason)
    except Refused as problem:
        page.message_user(request, str(problem), messages.ERROR)
        return
    if isinstance(done, Proposal):
        text = _("proposed as #%(number)s") % {"number": done.pk}
    else:
        text = _("released") if done else _("released before")
    page.message_user(request, f"{breaker}: {text}")


@admin.register(ExitIntent)
class ExitIntentAdmin(ReadOnlyAdmin):
    list_display = ("begun_at", "symbol", "kind", "attempts", "ending", "ended_at", "asked_by")
    list_filter = ("ending", "kind")
    search_fields = ("symbol",)


@admin.register(CloseOut)
class CloseOutAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "cause", "asked_by", "reason", "flat_at", "time_to_flat_s", "given_up_at")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("decided_at", "kind", "outcome", "reason_code", "side", "symbol", "quantity", "price")
    list_filter = ("outcome", "kind", "reason_code", "side")
    ordering = ("-decided_at",)
    search_fields = ("symbol", "decision_id", "signal_id")


@admin.register(EquitySnapshot)
class EquitySnapshotAdmin(ReadOnlyAdmin):
    list_display = ("taken_at", "equity", "cash", "exposure")


@admin.register(DayOpening)
class DayOpeningAdmin(ReadOnlyAdmin):
    list_display = ("day", "equity", "final", "inputs", "created_at")


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ("ran_at", "full", "violations", "acknowledged", "first", "duration_ms")


@admin.register(ViolationAcknowledgement)
class ViolationAcknowledgementAdmin(ReadOnlyAdmin):
    list_display = ("acknowledged_at", "code", "row", "detail", "acknowledged_by", "reason")
    list_filter = ("code",)

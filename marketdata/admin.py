"""Market data in the admin. The exchange and the screeners write it, so it is looked at; a pause is an operator's own.

Adding a pause stops buying at once, the action "Resume" ends it. Pauses are never changed or deleted: who, when and why
is their history.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.clock import SYSTEM
from cdb_site.readonly_admin import ReadOnlyAdmin
from marketdata import pausing, queries
from marketdata.intervals import SECONDS
from marketdata.models import Candle, CandleImport, Instrument, Pause, UniverseChoice, UniverseEntry, UniverseMember


class OneSymbol(ReadOnlyAdmin):
    """Searched by the exact symbol, which an index finds in a long table."""

    symbol_column = "instrument"
    search_fields = ("symbol",)
    search_help_text = gettext_lazy("the exact symbol, such as BTCUSDT")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        wanted = search_term.strip()
        if not wanted:
            return queryset, False
        return queryset.filter(**{f"{self.symbol_column}__in": {wanted, wanted.upper()}}), False


class IntervalFilter(admin.SimpleListFilter):
    """The intervals there can be, without looking through all candles for those there are."""

    title = gettext_lazy("interval")
    parameter_name = "interval"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in SECONDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(interval=self.value()) if self.value() else queryset


class PauseStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("paused", _("paused now")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now_paused = queries.in_force(SYSTEM.wall_now())
        if self.value() == "paused":
            return queryset.filter(now_paused)
        return queryset.exclude(now_paused) if self.value() == "over" else queryset


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "status", "sides", "watched", "pause", "price_tick", "quantity_step", "min_notional",
                    "taker_fee", "updated_at")  # fmt: skip
    list_filter = ("status", "sides", "quote_asset")
    search_fields = ("symbol",)
    search_help_text = gettext_lazy("a part of the symbol")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        open_now = Pause.objects.filter(queries.in_force(SYSTEM.wall_now()), instrument=OuterRef("pk"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                is_watched=Exists(UniverseMember.objects.filter(instrument=OuterRef("pk"))),
                paused_for=Subquery(open_now.values("reason")[:1]),
            )
        )

    @admin.display(boolean=True, description=gettext_lazy("watched"))
    def watched(self, row: Any) -> bool:
        return bool(row.is_watched)

    @admin.display(description=gettext_lazy("pause"))
    def pause(self, row: Any) -> str:
        """Why it is paused, or the link to pause it."""
        if row.paused_for is not None:
            where = reverse("admin:marketdata_pause_changelist") + "?" + urlencode({"q": row.symbol})
            return format_html('<a href="{}">{}: {}</a>', where, _("paused"), row.paused_for)
        where = reverse("admin:marketdata_pause_add") + "?" + urlencode({"instrument": row.symbol})
        return format_html('<a href="{}">{}</a>', where, _("pause"))


@admin.register(Candle)
class CandleAdmin(OneSymbol):
    list_display = ("instrument_id", "interval", "open_time", "open", "high", "low", "close", "quote_volume", "source",
                    "revised", "received_at")  # fmt: skip
    list_filter = (IntervalFilter, "source", "revised")
    # The newest stored first: the one order of all candles that an index has.
    ordering = ("-pk",)
    sortable_by = ()


@admin.register(CandleImport)
class CandleImportAdmin(ReadOnlyAdmin):
    list_display = ("pk", "file", "begun_at", "ended_at", "stored", "corrected", "undone_at")


@admin.register(UniverseMember)
class UniverseMemberAdmin(OneSymbol):
    list_display = ("instrument_id", "since", "held", "chosen_by")
    list_filter = ("held",)


@admin.register(UniverseChoice)
class UniverseChoiceAdmin(ReadOnlyAdmin):
    list_display = ("chosen_at", "settings", "listed", "chosen", "held", "who_joined", "who_left", "entries_link")
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("joined"))
    def who_joined(self, row: UniverseChoice) -> str:
        return ", ".join(row.joined) or _("none")

    @admin.display(description=gettext_lazy("dropped"))
    def who_left(self, row: UniverseChoice) -> str:
        return ", ".join(row.dropped) or _("none")

    @admin.display(description=gettext_lazy("why"))
    def entries_link(self, row: UniverseChoice) -> str:
        where = reverse("admin:marketdata_universeentry_changelist") + "?" + urlencode({"choice__id__exact": row.pk})
        return format_html('<a href="{}">{}</a>', where, _("every instrument"))


@admin.register(UniverseEntry)
class UniverseEntryAdmin(OneSymbol):
    symbol_column = "symbol"
    list_display = ("chosen_at", "symbol", "rank", "quote_volume_24h", "spread_bps", "chosen", "held", "excluded")
    list_filter = ("excluded", "chosen", "held")
    list_select_related = ("choice",)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "choice__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("chosen at"))
    def chosen_at(self, row: UniverseEntry) -> Any:
        return row.choice.chosen_at


class PauseForm(forms.ModelForm):
    class Meta:
        model = Pause
        fields = ("instrument", "reason", "expires_at")
        widgets = {"reason": forms.TextInput(attrs={"size": 60})}

    def clean(self) -> dict[str, Any]:
        """What `pausing` refuses is said beside its field. The constraints are the database's to check."""
        values = self.cleaned_data
        if "instrument" in values and "reason" in values and "expires_at" in values:
            try:
                pausing.require(
                    values["instrument"].symbol,
                    reason=values["reason"],
                    expires_at=values["expires_at"],
                    now=SYSTEM.wall_now(),
                )
            except pausing.PauseProblem as problem:
                raise forms.ValidationError(str(problem)) from problem
        return values


@admin.register(Pause)
class PauseAdmin(OneSymbol):
    """ "Add" pauses, the action resumes."""

    form = PauseForm
    autocomplete_fields = ("instrument",)
    list_display = (
        "instrument_id",
        "in_force",
        "reason",
        "paused_at",
        "paused_by",
        "expires_at",
        "ended_at",
        "ended_by",
    )
    list_filter = (PauseStateFilter,)
    actions = ("resume",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("marketdata.add_pause")

    def has_resume_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("marketdata.change_pause")

    @admin.display(boolean=True, description=gettext_lazy("paused now"))
    def in_force(self, row: Pause) -> bool:
        return row.ended_at is None and (row.expires_at is None or row.expires_at > SYSTEM.wall_now())

    def save_model(self, request: HttpRequest, obj: Pause, form: Any, change: bool) -> None:
        made = pausing.pause(
            obj.instrument_id, reason=obj.reason, by=request.user.get_username(), expires_at=obj.expires_at
        )
        obj.pk = made.pk
        obj.refresh_from_db()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Two who pause at the same moment both pass the form; the second is told so."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except pausing.PauseProblem as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:marketdata_pause_changelist"))

    @admin.action(description=gettext_lazy("Resume"), permissions=["resume"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Pause]) -> None:
        for row in queryset.filter(ended_at=None):
            try:
                pausing.resume(row.instrument_id, by=request.user.get_username())
            except pausing.PauseProblem as problem:
                self.message_user(request, str(problem), messages.WARNING)
            else:
                self.message_user(
                    request, _("%(symbol)s may be bought again.") % {"symbol": row.instrument_id}, messages.SUCCESS
                )

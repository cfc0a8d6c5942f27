"""What narrows each list. A filter that is not known, or a value that cannot be one, is refused by its name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from cdb_site.alerts.models import Alert
from cdb_site.bus.models import Event
from cdb_site.bus.topics import TOPICS
from execution.models import Fill, LedgerEntry, Order
from marketdata.models import Candle, Instrument, UniverseMember
from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip
from risk.acts.table import ACTS
from risk.models import Breaker, DailyReport, Decision, EquitySnapshot, LimitVersion, OperatorAct, Proposal, RoundTrip
from risk.rules.circuit_breakers import KINDS
from signals_app.models import Signal

YEARS = range(1970, 2200)
TIME_NEEDED = _("a moment with its zone, such as 2026-01-02T12:00:00Z")


class MomentField(forms.CharField):
    def to_python(self, value: Any) -> datetime | None:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or moment.year not in YEARS:
            raise forms.ValidationError(TIME_NEEDED)
        return moment


class MomentFilter(filters.Filter):
    field_class = MomentField


class SymbolField(forms.RegexField):
    def __init__(self, **options: Any) -> None:
        words = {"invalid": _("a symbol has letters and digits, such as BTCUSDT")}
        super().__init__(r"^[A-Za-z0-9]{2,30}\Z", error_messages=words, **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


class SymbolFilter(filters.CharFilter):
    field_class = SymbolField


def since(column: str) -> MomentFilter:
    return MomentFilter(field_name=column, lookup_expr="gte", help_text=f"`{column}` at or after this moment")


def until(column: str) -> MomentFilter:
    return MomentFilter(field_name=column, lookup_expr="lt", help_text=f"`{column}` before this moment")


def choice(*values: str) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(choices=[(value, value) for value in values])


class ApiFilterSet(filters.FilterSet):
    """Refuses what it does not know; `cursor`, `limit` and `format` belong to the page."""

    KNOWN = frozenset({"cursor", "limit", "format"})
    # Those by which an index finds the rows, in the list's order or so few that it does not matter. By the others rows
    # are looked through (`api/paging.py`). Times are the list's key unless it says otherwise.
    INDEXED = frozenset({"since", "until"})

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {*self.filters, *self.KNOWN}
        unknown = [name for name in self.data if name not in known]
        if unknown:
            words = _("is no filter of this list; there are %(known)s") % {"known": ", ".join(sorted(known))}
            raise ValidationError({name[:60]: words for name in unknown})
        narrowed: QuerySet[Any] = super().filter_queryset(queryset)
        return narrowed


class InstrumentNarrowing(ApiFilterSet):
    INDEXED = frozenset({"symbol"})
    symbol = SymbolFilter(help_text="exactly this pair")
    status = choice(*Instrument.Status.values)
    quote_asset = filters.CharFilter(max_length=20, help_text="such as USDT")

    class Meta:
        model = Instrument
        fields: list[str] = []


class UniverseNarrowing(ApiFilterSet):
    held = filters.BooleanFilter(help_text="watched only because there is a position in it")

    class Meta:
        model = UniverseMember
        fields: list[str] = []


class CandleNarrowing(ApiFilterSet):
    INDEXED = ApiFilterSet.INDEXED | {"symbol", "interval"}
    symbol = SymbolFilter(field_name="instrument_id", required=True, help_text="pair; required")
    interval = filters.CharFilter(required=True, max_length=10, help_text="such as 1m; required")
    since, until = since("open_time"), until("open_time")

    class Meta:
        model = Candle
        fields: list[str] = []


class SignalNarrowing(ApiFilterSet):
    symbol, side = SymbolFilter(), choice("BUY", "SELL")
    since, until = since("open_time"), until("open_time")

    class Meta:
        model = Signal
        fields: list[str] = []


class DecisionNarrowing(ApiFilterSet):
    INDEXED = ApiFilterSet.INDEXED | {"symbol", "reason_code"}
    symbol, side = SymbolFilter(), choice("BUY", "SELL")
    kind, outcome = choice(*Decision.Kind.values), choice(*Decision.Outcome.values)
    reason_code = filters.CharFilter(max_length=60, help_text="such as EXPOSURE_LIMIT_EXCEEDED")
    since, until = since("occurred_at"), until("occurred_at")

    class Meta:
        model = Decision
        fields: list[str] = []


class OrderNarrowing(ApiFilterSet):
    symbol, side = SymbolFilter(), choice("BUY", "SELL")
    state = filters.ChoiceFilter(choices=Order._meta.get_field("state").choices)
    since, until = since("created_at"), until("created_at")

    class Meta:
        model = Order
        fields: list[str] = []


class FillNarrowing(ApiFilterSet):
    INDEXED = frozenset({"symbol", "order_id"})
    symbol, side = SymbolFilter(), choice("BUY", "SELL")
    order_id = filters.UUIDFilter(help_text="of this order")
    since, until = since("executed_at"), until("executed_at")

    class Meta:
        model = Fill
        fields: list[str] = []


class LedgerNarrowing(ApiFilterSet):
    INDEXED: frozenset[str] = frozenset()
    kind = choice(*LedgerEntry.Kind.values)
    since, until = since("occurred_at"), until("occurred_at")

    class Meta:
        model = LedgerEntry
        fields: list[str] = []


class RoundTripNarrowing(ApiFilterSet):
    INDEXED = frozenset({"symbol"})
    symbol, exit_reason = SymbolFilter(), choice(*RoundTrip.ExitReason.values)
    since, until = since("closed_at"), until("closed_at")

    class Meta:
        model = RoundTrip
        fields: list[str] = []


class EquityNarrowing(ApiFilterSet):
    since, until = since("taken_at"), until("taken_at")

    class Meta:
        model = EquitySnapshot
        fields: list[str] = []


class BreakerNarrowing(ApiFilterSet):
    kind, symbol = choice(*KINDS), SymbolFilter()
    open = filters.BooleanFilter(field_name="released_at", lookup_expr="isnull", help_text="true: not released")

    class Meta:
        model = Breaker
        fields: list[str] = []


class ProposalNarrowing(ApiFilterSet):
    kind, state = choice(*Proposal.Kind.values), choice(*Proposal.State.values)

    class Meta:
        model = Proposal
        fields: list[str] = []


class AlertNarrowing(ApiFilterSet):
    INDEXED = ApiFilterSet.INDEXED | {"level", "code"}
    level, state = choice(*Alert.Level.values), choice(*Alert.State.values)
    code = filters.CharFilter(max_length=60, help_text="such as FEED_SILENT")
    since, until = since("raised_at"), until("raised_at")

    class Meta:
        model = Alert
        fields: list[str] = []


class ReportNarrowing(ApiFilterSet):
    since = filters.DateFilter(field_name="day", lookup_expr="gte", help_text="from this day on, UTC")
    until = filters.DateFilter(field_name="day", lookup_expr="lt", help_text="before this day, UTC")

    class Meta:
        model = DailyReport
        fields: list[str] = []


class EventNarrowing(ApiFilterSet):
    INDEXED = ApiFilterSet.INDEXED | {"correlation_id"}
    topic = choice(*sorted(TOPICS))
    correlation_id = filters.UUIDFilter(help_text="all that one candle or act led to")
    since, until = since("recorded_at"), until("recorded_at")

    class Meta:
        model = Event
        fields: list[str] = []


class ActNarrowing(ApiFilterSet):
    name, state = choice(*ACTS), choice(*OperatorAct.State.values)
    since, until = since("asked_at"), until("asked_at")

    class Meta:
        model = OperatorAct
        fields: list[str] = []


class LimitsNarrowing(ApiFilterSet):
    since, until = since("changed_at"), until("changed_at")

    class Meta:
        model = LimitVersion
        fields: list[str] = []


class RunNarrowing(ApiFilterSet):
    kind, state = choice(*ReplayRun.Kind.values), choice(*ReplayRun.State.values)
    since, until = since("asked_at"), until("asked_at")

    class Meta:
        model = ReplayRun
        fields: list[str] = []


class RunDecisionNarrowing(ApiFilterSet):
    INDEXED = frozenset({"reason_code"})
    symbol, side = SymbolFilter(), choice("BUY", "SELL")
    outcome = choice(*Decision.Outcome.values)
    reason_code = filters.CharFilter(max_length=60, help_text="such as EXPOSURE_LIMIT_EXCEEDED")

    class Meta:
        model = ReplayRunDecision
        fields: list[str] = []


class RunTripNarrowing(ApiFilterSet):
    INDEXED: frozenset[str] = frozenset()
    symbol = SymbolFilter()

    class Meta:
        model = ReplayRunTrip
        fields: list[str] = []

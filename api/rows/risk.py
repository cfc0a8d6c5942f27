"""Decisions, limits, breakers, proposals, alerts, reports, acts and events as rows of the API.

`sentence`, `meaning` and `next_step` are told in the language of the header `Accept-Language`: en or de.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.fields import Figure, RowSerializer, UtcTime
from cdb_site.alerts.catalog import next_step
from cdb_site.alerts.catalog import sentence as alert_sentence
from cdb_site.alerts.models import Alert
from cdb_site.bus.models import Event
from cdb_site.languages import twin
from risk.acts import door
from risk.exports.tables import DECISIONS
from risk.models import Breaker, DailyReport, Decision, OperatorAct, Proposal
from risk.rules.circuit_breakers import KINDS
from risk.rules.layers import LAYERS
from risk.rules.reasons import sentence as reason_sentence

LAYER_OF_NUMBER = {layer.number: layer for layer in LAYERS}


class LayerRow(serializers.Serializer[Any]):
    """What one layer saw and did."""

    layer = serializers.IntegerField(help_text="1 to 5, in the order they are asked")
    code = serializers.CharField(help_text="name of the layer")
    title = serializers.SerializerMethodField(help_text="its name in words")
    verdict = serializers.CharField(help_text="PASS, TRIM, REJECT, SKIP (an exit) or TRIGGER")
    observed = Figure(allow_null=True, help_text="what it saw, in `unit`; null: nothing was measured")
    limit = Figure(allow_null=True, help_text="what it may be, in `unit`")
    unit = serializers.SerializerMethodField(help_text="FRACTION, PRICE, BPS, ORDERS or SECONDS")
    quantity_before = Figure(help_text="asked for, base units")
    quantity_after = Figure(help_text="left of it, base units")

    def get_title(self, row: dict[str, Any]) -> str:
        layer = LAYER_OF_NUMBER.get(row["layer"])
        return twin(layer, "title") if layer else str(row["code"])

    def get_unit(self, row: dict[str, Any]) -> str:
        return str(row.get("unit") or "FRACTION")


class DecisionRow(RowSerializer):
    sentence = serializers.SerializerMethodField(help_text="the reason in words")
    layers = LayerRow(many=True, help_text="the layers that were asked, in their order")
    params = serializers.DictField(help_text="what the reason's sentence is made with")

    class Meta:
        model = Decision
        fields, extra_kwargs = tuple(DECISIONS.columns), DECISIONS.help_texts

    def get_sentence(self, row: Decision) -> str:
        return reason_sentence(row.reason_code, row.params)


class LimitRow(serializers.Serializer[Any]):
    """One limit in force, with its bounds."""

    name = serializers.CharField(help_text="name, as it is proposed")
    value = Figure(help_text="in `unit`; a fraction of 0.02 is 2 %")
    unit = serializers.CharField(help_text="fraction, s, market s, bps or orders")
    low = Figure(help_text="least value")
    high = Figure(help_text="greatest value")
    layer = serializers.IntegerField(help_text="layer that goes by it; 0: all")
    tighter = serializers.ChoiceField(choices=("LOWER", "HIGHER"), help_text="direction that protects more")
    meaning = serializers.CharField(help_text="what it limits, in words")


class LimitsInForce(serializers.Serializer[Any]):
    version = serializers.IntegerField(help_text="version in force; a proposal is `based_on` it")
    changed_at = UtcTime(help_text="wall time")
    changed_by = serializers.CharField(help_text="who set it")
    reason = serializers.CharField(allow_blank=True, help_text="why")
    limits = LimitRow(many=True, help_text="all limits, in the order of their layers")


class BreakerRow(RowSerializer):
    unit = serializers.SerializerMethodField(help_text="of observed and limit")
    waits_for_operator = serializers.SerializerMethodField(help_text="whether only a person releases it")

    class Meta:
        model = Breaker
        fields = (
            "id", "account", "kind", "symbol", "observed", "limit", "unit", "waits_for_operator", "limits_version",
            "opened_at", "occurred_at", "released_at", "released_by", "reason",
        )  # fmt: skip
        extra_kwargs = {
            "observed": {"help_text": "what opened it, in `unit`"},
            "limit": {"help_text": "in `unit`"},
            "opened_at": {"help_text": "wall time"},
            "released_at": {"help_text": "wall time; null: open"},
        }

    def get_unit(self, row: Breaker) -> str:
        return KINDS[row.kind].unit

    def get_waits_for_operator(self, row: Breaker) -> bool:
        return KINDS[row.kind].latched


class ProposalRow(RowSerializer):
    class Meta:
        model = Proposal
        fields = (
            "id", "account", "kind", "state", "summary", "reason", "payload", "proposed_by", "proposed_at",
            "expires_at", "decided_by", "decided_at",
        )  # fmt: skip
        extra_kwargs = {"expires_at": {"help_text": "wall time after which nobody may approve it"}}


class AlertRow(RowSerializer):
    sentence = serializers.SerializerMethodField(help_text="what is the matter, in words")
    next_step = serializers.SerializerMethodField(help_text="what to do, in words")
    params = serializers.DictField(help_text="what the sentence is made with")

    class Meta:
        model = Alert
        fields = (
            "alert_id", "code", "level", "state", "source", "key", "sentence", "next_step", "params", "count",
            "raised_at", "changed_at", "acknowledged_by", "acknowledged_at", "closed_at",
        )  # fmt: skip
        extra_kwargs = {"raised_at": {"help_text": "wall time"}, "closed_at": {"help_text": "null: still open"}}

    def get_sentence(self, row: Alert) -> str:
        return alert_sentence(row.code, row.params)

    def get_next_step(self, row: Alert) -> str:
        return next_step(row.code)


class ReportRow(RowSerializer):
    class Meta:
        model = DailyReport
        fields = (
            "day", "account", "opening_equity", "closing_equity", "paid_in", "result", "realized_pnl", "open_pnl",
            "fees", "slippage_cost", "stored_at",
        )  # fmt: skip
        extra_kwargs = {"fees": {"help_text": "quote asset"}}


class ReportWhole(ReportRow):
    body = serializers.DictField(help_text="the report as it was written: activity, trips, decisions, hours")

    class Meta:
        model = DailyReport
        fields = (*ReportRow.Meta.fields, "body")
        extra_kwargs = ReportRow.Meta.extra_kwargs


class EventRow(RowSerializer):
    payload = serializers.DictField(help_text="fields of its topic: backoffice/docs/EVENT_SCHEMA.json")

    class Meta:
        model = Event
        fields = (
            "event_id", "topic", "schema_version", "occurred_at", "recorded_at", "producer", "correlation_id",
            "causation_id", "payload",
        )  # fmt: skip
        extra_kwargs = {
            "recorded_at": {"help_text": "wall time"},
            "correlation_id": {"help_text": "the same for all that one candle or act led to"},
        }


class ActRow(RowSerializer):
    """A wish of a person and its answer."""

    sentence = serializers.SerializerMethodField(help_text="the answer in words")
    parameters = serializers.DictField(help_text="what was asked for")

    class Meta:
        model = OperatorAct
        fields = (
            "key", "name", "state", "answer", "sentence", "parameters", "by", "reason", "asked_at", "done_at",
        )  # fmt: skip
        extra_kwargs = {
            "key": {"help_text": "the Idempotency-Key it came with"},
            "name": {"help_text": "which act"},
            "state": {"help_text": "UNDER_WAY: it is carried out as soon as it can be"},
        }

    def get_sentence(self, row: OperatorAct) -> str:
        return door.sentence(row)

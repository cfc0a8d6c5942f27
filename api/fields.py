"""How values travel: numbers as exact texts, times as ISO-8601 UTC; a row as a serializer of its table's columns."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cdb_site.clock import iso
from cdb_site.units import plain
from marketdata.models import ExactDecimalField

FIGURE = {"type": "string", "format": "decimal", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["0.0123"]}
TIME = {"type": "string", "format": "date-time", "examples": ["2026-01-02T12:00:00.000000Z"]}


@extend_schema_field(FIGURE)
class Figure(serializers.Field):
    """An exact decimal as text: no digit is lost on the way."""

    def __init__(self, **options: Any) -> None:
        for name in ("max_digits", "decimal_places", "validators", "min_value", "max_value"):
            options.pop(name, None)
        super().__init__(**options)

    def to_representation(self, value: Decimal | str) -> str:
        return plain(Decimal(value))


@extend_schema_field(TIME)
class UtcTime(serializers.Field):
    """A moment in UTC, to the microsecond."""

    def to_representation(self, value: datetime) -> str:
        return iso(value)


# What a column is, where its table does not say it.
COLUMNS = {
    "account": "account it belongs to",
    "acknowledged_at": "wall time; null: nobody has",
    "alert_id": "its name",
    "asked_at": "wall time",
    "attempt": "which attempt to leave the position, from 1",
    "avg_entry_price": "quote asset",
    "avg_exit_price": "quote asset",
    "base_asset": "what is bought and sold",
    "by": "user who asked",
    "cancel_requested_at": "when its cancel was asked for, wall time",
    "causation_id": "event that led to it",
    "changed_at": "wall time",
    "changed_by": "who set it",
    "client_order_id": "the order's id as the venue knows it",
    "code": "kind, for programs",
    "decided_at": "wall time; null: it waits",
    "decided_by": "who approved, rejected or withdrew it",
    "decision_id": "decision it comes from",
    "done_at": "wall time; null: under way",
    "entry_decision_id": "decision that bought first",
    "entry_signal_id": "signal that it was bought on",
    "event_id": "its name; an event may come twice, with one name",
    "exit_decision_id": "decision that closed it",
    "exit_reason": "why it was closed",
    "fee_asset": "asset the fee was taken in",
    "fill_id": "number of the fill, in the order they were booked",
    "first_fill_id": "fill that opened it",
    "id": "its number",
    "interval": "of its candle, such as 1m",
    "kind": "what kind it is",
    "level": "how much it matters",
    "limits_version": "version of the limits it went by",
    "occurred_at": "market time",
    "order_id": "order it became; null: none",
    "order_type": "limited and immediate, or at the market",
    "outcome": "what was decided",
    "payload": "what would change, for programs",
    "producer": "service that said it",
    "proposed_at": "wall time",
    "proposed_by": "who proposed it",
    "quote_asset": "what prices are in",
    "reason": "why, in the words of who asked",
    "reason_code": "why, as a code",
    "recorded_at": "wall time",
    "released_by": "who or what released it",
    "schema_version": "version of the topic's fields",
    "side": "BUY or SELL",
    "signal_id": "signal it comes from",
    "since": "market time from which it is watched",
    "source": "where it comes from",
    "state": "how it stands",
    "status": "whether it is traded at the exchange",
    "stored_at": "wall time",
    "strategy": "what made it, with its settings",
    "topic": "topic it was said on",
    "trade_id": "the venue's name of it",
    "trading_state": "trading state at that moment",
    "universe_size": "how many instruments were ranked",
    "venue": "where it is sent",
    "venue_order_id": "the venue's name of it",
    "version": "one more with every change",
}


class RowSerializer(serializers.ModelSerializer[Any]):
    """The columns of a table that `Meta.fields` names; nothing is written through it."""

    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DecimalField: Figure,
        ExactDecimalField: Figure,
        models.DateTimeField: UtcTime,
    }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name, field in fields.items():
            field.read_only = True
            field.help_text = field.help_text or COLUMNS.get(name)
        return fields

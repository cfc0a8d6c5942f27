"""A decision as it is stored beside the same decision made again: every column, every field of its inputs, every
verdict of its layers, and the order it placed. Numbers are compared by value, however they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from uuid import UUID

from cdb_site.bus.events import deterministic_id
from execution.models import Order
from replay.rules.rebuilding import RebuiltDecision
from risk.decision.records import Looked, decision_payload, decision_row, order_draft
from risk.decision.requests import Request
from risk.models import Decision
from risk.rules.decision_inputs import from_json, to_json

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
PLACES = Decimal("1e-18")
HALF_UP = Context(prec=60, rounding=ROUND_HALF_UP)
ORDER_FIELDS = (
    "symbol",
    "kind",
    "side",
    "order_type",
    "reduce_only",
    "quantity",
    "limit_price",
    "decision_price",
    "signal_id",
    "valid_for_s",
)


class Unlooked(Looked):
    """Number, version, look and marks are what a day is made again from: they are not compared."""

    def __init__(self) -> None:
        pass

    def next(self, symbol: str) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDifference:
    """One stored figure that comes out otherwise: in which row of which table, and which field."""

    table: str
    row: str
    field: str
    stored: str
    again: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}: {self.field} is {self.stored}, again {self.again}"


def of_decision(row: Decision, order: Order | None, rebuilt: RebuiltDecision) -> Iterator[DayDifference]:
    """What of one decision comes out otherwise."""
    request, seen, ruling = rebuilt.recorded.request, rebuilt.seen, rebuilt.ruling
    assert isinstance(request, Request)  # noqa: S101 - a day that is read from rows asks as the services do
    said = decision_payload(row.account, request, seen, ruling)
    again = decision_row(request, seen, ruling, said, Unlooked())
    again |= {"decision_id": _id_of(request), "side": request.side, "symbol": request.symbol}
    stored = {name: getattr(row, name) for name in again if name != "inputs"}
    yield from _differing("decision", str(row.pk), stored, again)
    kept, new = to_json(from_json(row.inputs)), to_json(seen)
    yield from _differing("decision", str(row.pk), _named_inputs(kept), _named_inputs(new))
    if ruling.approved and not ruling.joined_order:
        draft = order_draft(row.account, request, seen, ruling)
        stored = {name: getattr(order, name) for name in ORDER_FIELDS} if order else {"order_id": None}
        again = {name: getattr(draft, name) for name in ORDER_FIELDS} if order else {"order_id": request.decision_id}
        yield from _differing("order", str(row.pk), stored, again)


def _named_inputs(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"inputs.{name}": value for name, value in values.items()}


def _id_of(request: Request) -> UUID:
    if request.signal_id:
        return deterministic_id("decision", str(request.signal_id))
    return deterministic_id("decision", str(request.episode_id), request.kind, str(request.attempt))


def _differing(table: str, row: str, stored: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[DayDifference]:
    for name, value in stored.items():
        if plain_value(value) != plain_value(again[name]):
            yield DayDifference(table=table, row=row, field=name, stored=str(value), again=str(again[name]))


def plain_value(value: Any) -> Any:
    """A value as it compares with what a column holds: numbers with as many places, ids and times as text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, Decimal)) or (isinstance(value, str) and NUMBER.fullmatch(value)):
        return Decimal(value).quantize(PLACES, context=HALF_UP)
    if isinstance(value, Mapping):
        return {str(name): plain_value(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else str(value)

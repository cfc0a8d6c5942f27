"""A run's decision as a live one, unsaved, so that the panels of live decisions show it; and what its order got."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from dashboard import formats
from dashboard.chains.layers import layers_of, marks
from dashboard.chains.page import again
from dashboard.chains.strip import strip_band
from execution.queries import PAPER
from replay import queries
from replay.models import ReplayRun, ReplayRunDecision
from risk.models import Decision
from risk.rules.reasons import sentence


class Got(NamedTuple):
    """What a decision's order got: base units, quote asset, and its average price."""

    quantity: Decimal
    value: Decimal
    fee: Decimal
    average: Decimal
    rows: list[dict[str, Decimal]]


def as_live(row: ReplayRunDecision) -> Decision:
    """Named by the run and its number, so that it is never one of live trading."""
    seen = row.inputs
    name = uuid5(UUID(str(row.run_id)), str(row.number))
    approved = row.outcome in ("APPROVED", "TRIMMED")
    return Decision(
        decision_id=name,
        kind=row.kind,
        outcome=row.outcome,
        reason_code=row.reason_code,
        params=row.params,
        account=PAPER,
        symbol=row.symbol,
        side=row.side,
        order_id=name if approved else None,
        wanted_quantity=row.wanted_quantity,
        quantity=row.quantity,
        price=_decimal(seen.get("price")),
        price_age_ms=seen.get("price_age_ms"),
        equity=_decimal(seen.get("equity")),
        exposure_before=_decimal(seen.get("exposure")),
        exposure_after=row.exposure_after,
        trading_state=seen.get("trading_state", ""),
        limits_version=seen.get("limits_version", 0),
        max_price_age_ms=seen.get("max_price_age_ms", 0),
        layers=row.layers,
        inputs=seen,
        occurred_at=row.at,
        decided_at=row.at,
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def got(row: ReplayRunDecision) -> Got | None:
    rows = [{name: Decimal(part[name]) for name in ("price", "quantity", "fee")} for part in row.executions]
    quantity = sum((part["quantity"] for part in rows), Decimal(0))
    if not quantity:
        return None
    value = sum((part["quantity"] * part["price"] for part in rows), Decimal(0))
    return Got(quantity, value, sum((part["fee"] for part in rows), Decimal(0)), value / quantity, rows)


def question(row: ReplayRunDecision, found: Got | None) -> str:
    what = {"base": formats.base(row.symbol), "quantity": formats.quantity(found.quantity) if found else ""}
    buying = row.side == "BUY"
    if found:
        words = _("Why were %(quantity)s %(base)s bought?") if buying else _("Why were %(quantity)s %(base)s sold?")
    else:
        words = _("Why was the buy of %(base)s denied?") if buying else _("Why was the sell of %(base)s denied?")
    return words % what


def context(run: ReplayRun, row: ReplayRunDecision) -> dict[str, Any]:
    """All that the page of one decision shows."""
    live, found = as_live(row), got(row)
    layers = layers_of(live)
    numbers = ReplayRunDecision.objects.filter(run=run).values_list("number", flat=True)
    worth = live.quantity * live.price if live.price else None
    return {
        "run": run,
        "decided": row,
        "row": live,
        "layers": layers,
        "band": strip_band(live.wanted_quantity, layers),
        "again": again(live),
        "took": {"decision": None},
        "share": live.quantity / live.wanted_quantity if live.wanted_quantity else None,
        "worth": worth,
        "wanted_worth": live.wanted_quantity * live.price if live.price else None,
        "got": found,
        "question": question(row, found),
        "words": sentence(row.reason_code, row.params),
        "trip": queries.trip_of(row),
        "older": numbers.filter(number__lt=row.number).order_by("-number").first(),
        "newer": numbers.filter(number__gt=row.number).order_by("number").first(),
    }


def listed(rows: Sequence[ReplayRunDecision]) -> list[dict[str, Any]]:
    """Rows of a list, each with its five marks and its reason."""
    told = []
    for row in rows:
        live = as_live(row)
        told.append({"row": row, "marks": marks(live), "reason": sentence(row.reason_code, row.params)})
    return told

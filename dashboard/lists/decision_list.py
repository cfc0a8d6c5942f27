"""The page of decisions, read in one snapshot: equation, list, and the drawer of the chosen one.

The number of queries does not grow with the rows: one for the page of the list, one for their signals' momentum, three
counts, and a handful for the drawer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from cdb_site import db
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.clock import Clock
from dashboard import formats
from dashboard.chains.layers import layers_of, marks
from dashboard.chains.page import again
from dashboard.lists import days, decision_filters
from dashboard.lists.decision_counts import Counts, counts
from dashboard.lists.decision_filters import NOTHING_HELD, UNDECIDED, DecisionFilters
from dashboard.lists.keyset import KeysetPage, keyset_page
from execution.models import Order
from execution.queries import PAPER
from risk.models import Decision
from risk.operator.preview import Preview, preview
from risk.operator.status_report import fresh_source
from risk.rules.reasons import sentence
from signals_app.models import Signal

SIZE = 25
UNDECIDED_MOST = 100
OUTCOME_WORD = re.compile(r"^\w+: ")


def context(given: Mapping[str, str], clock: Clock) -> dict[str, Any]:
    """The template's values."""
    today = clock.market_now().astimezone(UTC).date()
    day = days.chosen(given.get("day", ""), today)
    filters = decision_filters.asked(given)
    with db.snapshot():
        counted = counts(day)
        page = _page(filters, day, given)
        rows = _rows(page.rows)
        unanswered = list(undecided(filters, day)[:UNDECIDED_MOST]) if filters.outcome == UNDECIDED else []
        chosen = _chosen(given.get("decision", ""))
    picks, offered = decision_filters.picks(filters, counted), days.offered(today, day)
    shown = sum(row.number for row in counted.decisions if filters.holds(row))
    return {
        "filters": filters,
        "day": day,
        "day_value": decision_filters.shown_day(day),
        "days": offered,
        "picks": picks,
        "narrowed_words": days.narrowed_words(picks, offered, decision_filters.shown_day(day)),
        "equation": counted.equation(filters.symbol, filters.side),
        "denied_by": _denied_by(counted, filters),
        "rows": rows,
        "undecided": unanswered,
        "matching": shown,
        "folded": _nothing_held(counted, filters) if filters.folds else 0,
        "newer": page.newer and filters.address(day, after=page.newer),
        "older": page.older and filters.address(day, before=page.older),
        "kept": filters.address(day),
        "place": {name: given[name] for name in ("before", "after") if given.get(name)},
        "chosen": chosen,
        "preview": _preview(chosen, clock) if chosen and given.get("now") else None,
    }


def _page(filters: DecisionFilters, day: date | None, given: Mapping[str, str]) -> KeysetPage:
    if filters.outcome == UNDECIDED:
        return KeysetPage(rows=[], newer="", older="")
    rows = filters.query(day, Decision.objects.defer("inputs"))
    return keyset_page(rows, given, at="occurred_at", name="decision_id", size=SIZE)


def _rows(rows: list[Decision]) -> list[dict[str, Any]]:
    ids = [row.signal_id for row in rows if row.signal_id]
    momentum = dict(Signal.objects.filter(signal_id__in=ids).values_list("signal_id", "momentum")) if ids else {}
    return [
        {
            "row": row,
            "marks": marks(row),
            "momentum": momentum.get(row.signal_id) if row.signal_id else None,
            "reason": reason(row),
        }
        for row in rows
    ]


def reason(row: Decision) -> str:
    """The sentence after the layer that stopped it; the outcome stands beside it already."""
    words = OUTCOME_WORD.sub("", sentence(row.reason_code, row.params))
    layer = decision_filters.layer_of(row.outcome, row.reason_code)
    if layer == "0":
        return _("before the layers: %(reason)s") % {"reason": words}
    if row.side == "SELL" and row.outcome == "APPROVED":
        return _("%(reason)s Exits pass every layer.") % {"reason": words}
    return f"{layer} · {words}" if layer else words


def undecided(filters: DecisionFilters, day: date | None) -> QuerySet[Signal]:
    """Signals that nobody has decided, newest first."""
    decided = Exists(Decision.objects.filter(signal_id=OuterRef("signal_id")))
    rows = Signal.objects.filter(~decided).defer("context").order_by("-open_time")
    if day:
        candle = timedelta(seconds=settings.ENVIRONMENT.interval_s)
        begin, end = days.bounds(day)
        rows = rows.filter(open_time__gte=begin - candle, open_time__lt=end - candle)
    for name in ("symbol", "side"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    return rows


def _denied_by(counted: Counts, filters: DecisionFilters) -> list[tuple[str, int]]:
    """What denied signals, by layer; most first."""
    total: dict[str, int] = {}
    for row in counted.decisions:
        mine = filters.symbol in ("", row.symbol) and filters.side in ("", row.side)
        if row.kind == "SIGNAL" and row.outcome == "REJECTED" and mine:
            total[_stopper(row.reason_code)] = total.get(_stopper(row.reason_code), 0) + row.number
    return sorted(total.items(), key=lambda item: -item[1])


def _stopper(code: str) -> str:
    if code == NOTHING_HELD:
        return _("nothing held")
    layer = decision_filters.LAYER_OF.get(code)
    return _("layer %(n)s") % {"n": layer} if layer else _("before the layers")


def _nothing_held(counted: Counts, filters: DecisionFilters) -> int:
    shown = DecisionFilters(**{**_values(filters), "nothing": "show"})
    return sum(row.number for row in counted.decisions if row.reason_code == NOTHING_HELD and shown.holds(row))


def _values(filters: DecisionFilters) -> dict[str, str]:
    return {name: getattr(filters, name) for name in DecisionFilters.__dataclass_fields__}


def _chosen(text: str) -> dict[str, Any] | None:
    """The decision of the drawer; None for what is no id of one."""
    try:
        row = Decision.objects.filter(decision_id=UUID(text)).first() if text else None
    except ValueError:
        return None
    if row is None:
        return None
    signal = Signal.objects.filter(signal_id=row.signal_id).defer("context").first() if row.signal_id else None
    order = Order.objects.filter(order_id=row.order_id).first() if row.order_id else None
    return {
        "row": row,
        "layers": layers_of(row),
        "sentence": sentence(row.reason_code, row.params),
        "signal": signal,
        "order": order,
        "average": order.filled_notional / order.filled_quantity if order and order.filled_quantity else None,
        "exposure": row.exposure_after / row.equity if row.equity and row.exposure_after is not None else None,
        "again": again(row),
    }


def _preview(chosen: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """What the same request would get at this moment; nothing is decided, and nothing is written."""
    row, signal = chosen["row"], chosen["signal"]
    strength = signal.strength if signal else Decimal(1)
    try:
        source = fresh_source(PAPER, clock)
        seen: Preview = preview(row.symbol, row.side, marks=source.marks, clock=clock, strength=strength)
    except (LookupError, *UNREACHABLE) as problem:
        return {"problem": str(problem)[:200]}
    now = Decision(
        outcome=seen.ruling.outcome, reason_code=seen.ruling.reason_code, side=row.side, symbol=row.symbol,
        wanted_quantity=seen.ruling.wanted_quantity, quantity=seen.ruling.quantity,
        layers=[{"layer": item.layer, "verdict": item.verdict} for item in seen.ruling.layers],
    )  # fmt: skip
    return {
        "row": now,
        "marks": marks(now),
        "sentence": seen.sentence,
        "price": formats.price(seen.inputs.price),
        "strength": strength,
        "at": clock.market_now(),
    }

"""The answer to "why": everything that led to a signal, decision, order or fill, and everything that followed.

    candle closes → signal → decision with its layers → order → fills → what else happened around it

A chain is found from any of its ids, whole or by its first six digits. All of it is read from PostgreSQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from cdb_site.alerts.models import Alert
from execution.models import Fill, Order, TradingStateChange
from risk.models import Breaker, Decision, ExitIntent, LimitVersion
from signals_app.models import Signal

AROUND = timedelta(minutes=5)
SAME_MOMENT = timedelta(seconds=1)
PREFIX_LEAST = 6
ID_FORMS = "an id has 32 hex digits, with or without dashes; its first six are enough if they are unique"


class NotFound(Exception):
    """Nothing has this id. The text says what ids look like and which come near."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What belongs together; a part that does not exist is None or empty."""

    signal: Signal | None
    decision: Decision | None
    order: Order | None
    fills: list[Fill]
    limits: LimitVersion | None = None
    alerts: list[Alert] = field(default_factory=list)
    state_changes: list[TradingStateChange] = field(default_factory=list)
    breakers: list[Breaker] = field(default_factory=list)
    intents: list[ExitIntent] = field(default_factory=list)


def find(text: str) -> Chain:
    """The chain of an id of any kind. Raises NotFound."""
    wanted = text.strip().lower().replace("-", "")
    if re.fullmatch(r"[0-9a-f]{6,32}", wanted):
        decision_id = _decision_of(wanted)
        if decision_id:
            return _chain(decision_id)
        signal = _by_prefix(Signal.objects.all(), "signal_id", wanted)
        if signal:
            return Chain(signal=signal, decision=None, order=None, fills=[])
    fill = Fill.objects.filter(trade_id=text.strip()).first()
    if fill:
        return _chain(_decision_of_order(fill.order_id))
    raise NotFound(f"nothing has the id {text!r}; {ID_FORMS}. Newest decisions: {_newest() or 'none yet'}")


def _decision_of(wanted: str) -> UUID | None:
    decision = (
        _by_prefix(Decision.objects.all(), "decision_id", wanted)
        or _by_prefix(Decision.objects.all(), "signal_id", wanted)
        or _by_prefix(Decision.objects.all(), "order_id", wanted)
    )
    return decision.decision_id if decision else None


def _decision_of_order(order_id: UUID) -> UUID:
    return Order.objects.values_list("decision_id", flat=True).get(order_id=order_id)


def _by_prefix(rows: QuerySet[Any], name: str, wanted: str) -> Any:
    """The one row whose id begins so. Raises NotFound when several do."""
    if len(wanted) == 32:
        return rows.filter(**{name: UUID(wanted)}).first()
    dashed = str(UUID(wanted.ljust(32, "0")))[: len(wanted) + sum(len(wanted) > cut for cut in (8, 12, 16, 20))]
    found = list(rows.annotate(text_id=Cast(name, TextField())).filter(text_id__startswith=dashed)[:6])
    if len(found) > 1:
        raise NotFound(f"{wanted} begins several ids: {', '.join(str(getattr(row, name)) for row in found)}")
    return found[0] if found else None


def _newest() -> str:
    rows = Decision.objects.order_by("-decided_at")[:3]
    return ", ".join(f"{row.decision_id} ({row.side} {row.symbol} {row.outcome})" for row in rows)


def _chain(decision_id: UUID) -> Chain:
    decision = Decision.objects.filter(decision_id=decision_id).first()
    order = Order.objects.filter(order_id=decision.order_id).first() if decision and decision.order_id else None
    if decision is None:
        return Chain(signal=None, decision=None, order=order, fills=[])
    since, until = decision.decided_at - AROUND, decision.decided_at + AROUND
    near = Breaker.objects.filter(account=decision.account, opened_at__lte=until, symbol__in=("", decision.symbol))
    return Chain(
        signal=Signal.objects.filter(signal_id=decision.signal_id).first() if decision.signal_id else None,
        decision=decision,
        order=order,
        fills=list(Fill.objects.filter(order=order).order_by("fill_id")) if order else [],
        limits=LimitVersion.objects.filter(version=decision.limits_version).first(),
        alerts=[row for row in Alert.objects.filter(raised_at__range=(since, until)) if _concerns(row, decision)],
        state_changes=list(TradingStateChange.objects.filter(changed_at__range=(since, until)).order_by("id")),
        breakers=[row for row in near if row.released_at is None or row.released_at >= since],
        intents=_intents(decision),
    )


def _intents(decision: Decision) -> list[ExitIntent]:
    """The intents that an exit belongs to: those of its symbol that were open when it was decided."""
    if decision.side != "SELL":
        return []
    rows = ExitIntent.objects.filter(
        account=decision.account, symbol=decision.symbol, begun_at__lte=decision.decided_at + SAME_MOMENT
    ).order_by("id")
    return [row for row in rows if row.ended_at is None or row.ended_at >= decision.decided_at]


def _concerns(alert: Alert, decision: Decision) -> bool:
    return alert.params.get("symbol") in (None, decision.symbol)

"""The answer to "why": everything that led to a signal, decision, order, fill or alert, and everything that followed.

    candle closes → signal → decision with its layers → order → fills → what else happened around it

A chain is found from any of its ids, whole or by its first six digits. An alert that names no decision or order is told
with what was decided of its symbol around it. All of it is read from PostgreSQL, in a number of queries that does not
grow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from cdb_site.alerts.models import Alert
from execution.models import Fill, Order, TradingStateChange
from execution.queries import PAPER
from risk.models import Breaker, Decision, ExitIntent, LimitVersion, OperatorAct
from risk.operator.people_around import acts_around, sales_around
from signals_app.models import Signal

AROUND = timedelta(minutes=5)
SAME_MOMENT = timedelta(seconds=1)
AROUND_MOST = 100
NEAR_MOST = 10
SHOWN_MOST = 80
PREFIX_LEAST = 6
ID_FORMS = "an id has 32 hex digits, with or without dashes; its first six are enough if they are unique"


class NotFound(Exception):
    """Nothing, or more than one thing, has this id. The text says what ids look like and which come near: `nearest` are
    decisions, `several` the ids that begin so."""

    def __init__(self, words: str, nearest: Sequence[Decision] = (), several: Sequence[str] = ()) -> None:
        super().__init__(words)
        self.nearest, self.several = list(nearest), list(several)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What belongs together; a part that does not exist is None or empty. `alert` is the one that was asked about,
    `near` what was decided around it."""

    signal: Signal | None
    decision: Decision | None
    order: Order | None
    fills: list[Fill]
    limits: LimitVersion | None = None
    alerts: list[Alert] = field(default_factory=list)
    state_changes: list[TradingStateChange] = field(default_factory=list)
    breakers: list[Breaker] = field(default_factory=list)
    intents: list[ExitIntent] = field(default_factory=list)
    alert: Alert | None = None
    near: list[Decision] = field(default_factory=list)
    acts: list[OperatorAct] = field(default_factory=list)
    sales: list[Decision] = field(default_factory=list)


def find(text: str) -> Chain:
    """The chain of an id of any kind. Raises NotFound."""
    wanted = text.strip().lower().replace("-", "")
    if re.fullmatch(r"[0-9a-f]{6,32}", wanted):
        chain = _by_id(wanted)
        if chain:
            return chain
    name = text.strip()
    fill = Fill.objects.filter(trade_id=name).order_by("-fill_id").first() if "\0" not in name else None
    if fill:
        return _chain_of_order(Order.objects.get(order_id=fill.order_id))
    shown = text if len(text) <= SHOWN_MOST else f"{text[:SHOWN_MOST]}…"
    newest = list(Decision.objects.order_by("-decided_at").defer("inputs")[:3])
    names = ", ".join(f"{row.decision_id} ({row.side} {row.symbol} {row.outcome})" for row in newest)
    raise NotFound(f"nothing has the id {shown!r}; {ID_FORMS}. Newest decisions: {names or 'none yet'}", newest)


def _by_id(wanted: str) -> Chain | None:
    """Of a decision, a signal, an order (which has its decision's id) or an alert."""
    decision = _by_prefix(Decision.objects.all(), "decision_id", wanted) or _by_prefix(
        Decision.objects.all(), "signal_id", wanted
    )
    if decision:
        return _chain(decision)
    signal = _by_prefix(Signal.objects.all(), "signal_id", wanted)
    if signal:
        return _undecided(signal)
    order = _by_prefix(Order.objects.all(), "order_id", wanted)
    if order:
        return _chain_of_order(order)
    alert = _by_prefix(Alert.objects.all(), "alert_id", wanted)
    return _chain_of_alert(alert) if alert else None


def _by_prefix(rows: QuerySet[Any], name: str, wanted: str) -> Any:
    """The one row whose id begins so. Raises NotFound when several do."""
    first, last = (UUID(wanted.ljust(32, digit)) for digit in "0f")
    found = list(rows.filter(**{f"{name}__range": (first, last)}).order_by(name)[:6])
    if len(found) > 1:
        several = [str(getattr(row, name)) for row in found]
        raise NotFound(f"{wanted} begins several ids: {', '.join(several)}", several=several)
    return found[0] if found else None


def _chain_of_order(order: Order) -> Chain:
    decision = Decision.objects.filter(decision_id=order.decision_id).first()
    if decision:
        return _chain(decision)
    return Chain(signal=None, decision=None, order=order, fills=list(order.fills.order_by("fill_id")))


def _chain(decision: Decision, alert: Alert | None = None) -> Chain:
    order = Order.objects.filter(order_id=decision.order_id).first() if decision.order_id else None
    return Chain(
        signal=Signal.objects.filter(signal_id=decision.signal_id).first() if decision.signal_id else None,
        decision=decision,
        order=order,
        fills=list(Fill.objects.filter(order=order).order_by("fill_id")) if order else [],
        limits=LimitVersion.objects.filter(version=decision.limits_version).first(),
        intents=_intents(decision),
        alert=alert,
        **_around(decision.decided_at, decision.account, decision.symbol, decision.decision_id),
    )


def _undecided(signal: Signal) -> Chain:
    return Chain(signal=signal, decision=None, order=None, fills=[], **_around(signal.created_at, PAPER, signal.symbol))


def _chain_of_alert(alert: Alert) -> Chain:
    """The chain of the decision or order that the alert names; else the alert with what happened around it."""
    named = (alert.key, *(alert.params.get(name) for name in ("decision_id", "order_id", "signal_id")))
    ids = [UUID(str(name)) for name in named if re.fullmatch(r"[0-9a-f-]{32,36}", str(name)) and _is_id(str(name))]
    decision = Decision.objects.filter(Q(decision_id__in=ids) | Q(signal_id__in=ids)).first() if ids else None
    if decision:
        return _chain(decision, alert)
    symbol = alert.params.get("symbol")
    near = Decision.objects.filter(decided_at__range=(alert.raised_at - AROUND, alert.raised_at + AROUND))
    near = near.filter(symbol=symbol) if symbol else near
    return Chain(
        signal=None,
        decision=None,
        order=None,
        fills=[],
        alert=alert,
        near=list(near.order_by("-decided_at").defer("inputs")[:NEAR_MOST]),
        **_around(alert.raised_at, PAPER, symbol),
    )


def _is_id(text: str) -> bool:
    return len(text.replace("-", "")) == 32


def _around(moment: datetime, account: str, symbol: str | None, order_id: UUID | None = None) -> dict[str, Any]:
    """Alerts, changes of the trading state, breakers and what people did within five minutes of a moment, as far as
    they concern the symbol; of no symbol: all."""
    since, until = moment - AROUND, moment + AROUND
    told = Q(params__symbol=symbol) | Q(params__symbol__isnull=True) if symbol else Q()
    mine = Q(symbol__in=("", symbol)) if symbol else Q()
    changes = TradingStateChange.objects.filter(changed_at__range=(since, until)).order_by("changed_at", "id")
    still = Q(released_at__isnull=True) | Q(released_at__gte=since)
    breakers = Breaker.objects.filter(mine, still, account=account, opened_at__lte=until).order_by("id")
    alerts = Alert.objects.filter(told, raised_at__range=(since, until)).order_by("raised_at")
    return {
        "alerts": list(alerts[:AROUND_MOST]),
        "state_changes": list(changes[:AROUND_MOST]),
        "breakers": list(breakers[:AROUND_MOST]),
        "acts": acts_around(account, since, until, symbol, order_id),
        "sales": sales_around(account, since, until, symbol),
    }


def _intents(decision: Decision) -> list[ExitIntent]:
    """The intents that an exit belongs to: those of its symbol that were open when it was decided."""
    if decision.side != "SELL":
        return []
    rows = ExitIntent.objects.filter(
        account=decision.account, symbol=decision.symbol, begun_at__lte=decision.decided_at + SAME_MOMENT
    ).order_by("id")
    return [row for row in rows if row.ended_at is None or row.ended_at >= decision.decided_at]

"""An explained chain in lines for a terminal, and as plain JSON values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from cdb_site.alerts.catalog import sentence as alert_sentence
from cdb_site.alerts.models import Alert
from cdb_site.clock import iso
from cdb_site.units import in_unit, text
from execution.models import Fill, Order
from risk.models import Decision
from risk.operator.trace import Chain
from risk.rules.circuit_breakers import KINDS
from risk.rules.reasons import sentence
from signals_app.models import Signal


def lines(chain: Chain) -> Iterator[str]:
    """The chain as people read it, in order of time."""
    if chain.alert and chain.decision is None:
        yield from _asked_about(chain.alert, chain.near)
    if chain.signal:
        yield from _signal(chain.signal)
    if chain.decision:
        yield from _decision(chain.decision)
    elif chain.signal:
        yield "DECISION  none yet: see `manage.py status` for the risk manager's backlog"
    if chain.order:
        yield from _order(chain.order)
    for fill in chain.fills:
        yield _fill(fill, chain.order)
    yield from _around(chain)


def _asked_about(row: Alert, near: Sequence[Decision]) -> Iterator[str]:
    yield f"ALERT     {row.alert_id}  {row.level} {row.code}: {alert_sentence(row.code, row.params)}"
    for decision in near:
        yield f"          decided then: {decision.decision_id} ({decision.side} {decision.symbol} {decision.outcome})"


def _signal(row: Signal) -> Iterator[str]:
    yield f"SIGNAL    {row.signal_id}  {row.side} {row.symbol}  strategy {row.strategy}"
    yield f"          candle {row.interval} opened {_at(row.open_time)}, stored {_at(row.created_at)} (wall)"
    yield (
        f"          momentum {in_unit(row.momentum, 'FRACTION')}: {text(row.base_close)} → {text(row.close)};"
        f" strength {text(row.strength)}, rank {row.rank} of {row.universe_size}"
    )
    yield f"          volume {text(row.quote_volume)} over the lookback; good until {_at(row.expires_at)}"


def _decision(row: Decision) -> Iterator[str]:
    yield f"DECISION  {row.decision_id}  {row.outcome} {row.reason_code}  ({row.kind} {row.side} {row.symbol})"
    yield f"          {sentence(row.reason_code, row.params)}"
    if by := row.params.get("by"):
        yield f"          asked for by {by}: {row.params.get('reason', '')}"
    yield (
        f"          decided {_at(row.decided_at)} (wall); price {text(row.price) or 'none'}"
        f" aged {row.price_age_ms if row.price_age_ms is not None else '?'} ms; equity {text(row.equity)};"
        f" {row.trading_state}; limits version {row.limits_version}"
    )
    for layer in row.layers:
        yield _layer(layer)
    yield f"          wanted {text(row.wanted_quantity)} → decided {text(row.quantity)}"


def _layer(layer: dict[str, Any]) -> str:
    unit, seen = layer.get("unit", "FRACTION"), layer["observed"]
    observed = "" if seen is None else f"{in_unit(seen, unit)} of {in_unit(layer['limit'], unit)}"
    quantities = f"{layer['quantity_before']} → {layer['quantity_after']}"
    return f"          layer {layer['layer']} {layer['code']:<16} {layer['verdict']:<7} {observed:<28} {quantities}"


def _order(row: Order) -> Iterator[str]:
    yield f"ORDER     {row.order_id}  {row.state}  {row.side} {text(row.quantity)} {row.symbol} {row.order_type}"
    yield (
        f"          decision price {text(row.decision_price) or 'none'}, limit {text(row.limit_price) or 'market'},"
        f" filled {text(row.filled_quantity)} {row.reason_code}".rstrip()
    )
    yield f"          placed {_at(row.created_at)}, claimed {_at(row.claimed_at)}, closed {_at(row.closed_at)} (wall)"


def _fill(row: Fill, order: Order | None) -> str:
    slipped = ""
    if order and order.decision_price:
        worse = (row.price / order.decision_price - 1) * (1 if row.side == "BUY" else -1)
        slipped = f", slippage {in_unit(round(worse, 8), 'FRACTION')}"
    profit = f", realized {text(row.realized_pnl)}" if row.side == "SELL" else ""
    return (
        f"FILL      {row.trade_id}  {text(row.quantity)} @ {text(row.price)}{slipped}, fee"
        f" {text(row.fee_quantity or row.fee)} {row.fee_asset}{profit}; at the venue {_at(row.executed_at)},"
        f" booked {_at(row.recorded_at)} (wall)"
    )


def _around(chain: Chain) -> Iterator[str]:
    for intent in chain.intents:
        end = f"{intent.ending} at {_at(intent.ended_at)}" if intent.ended_at else f"open, next {_at(intent.next_at)}"
        yield f"EXIT      {_at(intent.begun_at)}  {intent.kind} {intent.symbol}: {intent.attempts} attempts, {end}"
    for change in chain.state_changes:
        held = f"{change.owner} {change.state}"
        yield f"STATE     {_at(change.changed_at)}  {held} by {change.changed_by}: {change.reason}"
    for breaker in chain.breakers:
        end = f"released {_at(breaker.released_at)} by {breaker.released_by}" if breaker.released_at else "open"
        unit = KINDS[breaker.kind].unit
        seen = f"{in_unit(breaker.observed, unit)} of {in_unit(breaker.limit, unit)}"
        yield f"BREAKER   {_at(breaker.opened_at)}  {breaker}: {seen}, {end}"
    for alert in chain.alerts:
        words = alert_sentence(alert.code, alert.params)
        yield f"ALERT     {_at(alert.raised_at)}  {alert.level} {alert.code}: {words}"


def _at(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z" if moment else "not yet"


def as_json(chain: Chain) -> dict[str, Any]:
    """The stored rows of the chain; Decimals as exact text, times as ISO-8601 UTC."""
    single = {
        "signal": chain.signal,
        "decision": chain.decision,
        "order": chain.order,
        "limits": chain.limits,
        "alert": chain.alert,
    }
    around: dict[str, Sequence[Any]] = {
        "fills": chain.fills,
        "alerts": chain.alerts,
        "state_changes": chain.state_changes,
        "breakers": chain.breakers,
        "intents": chain.intents,
        "near": chain.near,
    }
    return {name: _row(row) for name, row in single.items()} | {
        name: [_row(row) for row in rows] for name, rows in around.items()
    }


def _row(row: Any) -> dict[str, Any] | None:
    if row is None:
        return None
    return {item.attname: _plain(getattr(row, item.attname)) for item in row._meta.concrete_fields}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Decimal):
        return text(value)
    return value if isinstance(value, (int, str, list, dict, bool, type(None))) else str(value)

"""The account's state on one page: trading state, distance to every limit, positions, breakers, data, services.

Everything is read now. What cannot be read (Redis away) is said to be unknown instead of left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from django.conf import settings

from cdb_site.alerts.catalog import next_step
from cdb_site.alerts.catalog import sentence as alert_sentence
from cdb_site.alerts.models import Alert
from cdb_site.bus.redis import UNREACHABLE, connection
from cdb_site.bus.topics import topic
from cdb_site.clock import Clock, iso
from cdb_site.health.heartbeat import DOWN_AFTER_S
from cdb_site.limits_in_force import LimitInForce
from cdb_site.services import SERVICES
from cdb_site.units import text
from execution.models import Order, QuarantinedAnswer
from execution.quarantine import waiting
from execution.queries import dust
from execution.quotes import QuoteBoard
from risk import account_reading
from risk.account_reading import Reading
from risk.decision.exit_requests import held_as_dust
from risk.exits import report as exit_report
from risk.loss_baselines import read as read_levels
from risk.marks import Marks
from risk.metrics import distance
from risk.models import AuditRun, Breaker, CloseOut
from risk.operator import holders, standing
from risk.rules.circuit_breakers import KINDS, drawdown
from risk.rules.portfolio import stop_price

HEARTBEATS = 200
# What the breakers read is told several times a second; older than that, it is not known.
READINGS_OLD_S = 5.0


@dataclass(frozen=True, kw_only=True)
class StatusSource:
    """Where a report is read from."""

    account: str
    marks: Marks
    clock: Clock


def fresh_source(account: str, clock: Clock) -> StatusSource:
    """A source that knows nothing yet and reads the stored quotes when it is asked."""
    board = QuoteBoard(clock=clock, max_age_s=LimitInForce("max_price_age_s", clock))
    marks = Marks(board=board, interval=settings.ENVIRONMENT.INTERVAL)
    return StatusSource(account=account, marks=marks, clock=clock)


def report(source: StatusSource) -> dict[str, Any]:
    """The whole page as plain JSON values; fractions as texts, ages in seconds. LookupError without an account."""
    now = source.clock.market_now()
    redis = _redis_answers(source.marks.board)
    reading = account_reading.reading(source.account, source.marks, now)
    levels = reading.aligned(read_levels(source.account, now))
    beats = _beats() if redis else {}
    portfolio, limits = reading.portfolio, reading.limits
    equity = portfolio.equity
    day, peak = drawdown(equity, levels.opening), drawdown(equity, levels.peak)
    exposure = portfolio.exposure / equity if equity > 0 else Decimal(0)
    return {
        "account": source.account,
        "market_time": iso(now),
        "wall_time": iso(source.clock.wall_now()),
        "trading": holders.told(source.account),
        "mode": standing.mode(),
        "equity": text(round(equity, 8)),
        "quote_asset": reading.account.quote_asset,
        "cash": text(reading.account.cash),
        "day_pnl": text(round(equity - levels.opening, 8)),
        "limits_version": limits.version,
        "limits": [
            _limit("daily loss", day, limits.max_daily_drawdown_pct),
            _limit("drawdown of 24 h", peak, limits.max_drawdown_pct),
            _limit("exposure", exposure, limits.max_exposure_pct),
        ],
        "positions": [_position(reading, symbol, source) for symbol in portfolio.holdings],
        "left_as_dust": _left_as_dust(reading),
        "open_orders": _open_orders(source.account),
        "quarantine": [_quarantined(row) for row in waiting(source.account)],
        "breakers": [_breaker(row) for row in Breaker.objects.filter(account=source.account, released_at=None)],
        "close_out": _close_out(source.account),
        "exits": exit_report.told(source.account),
        "data": _data(source) if redis else {"redis": "does not answer"},
        "services": _services(beats, source.clock) if redis else [],
        "breaker_readings": _readings(beats, source.clock),
        "audit": _audit(),
        "alerts": [_alert(row) for row in Alert.objects.exclude(state="CLOSED").order_by("raised_at")],
    }


def services(clock: Clock) -> list[dict[str, Any]]:
    """Each service as its newest heartbeat tells it. Raises what Redis raises."""
    return _services(_beats(), clock)


def _redis_answers(board: QuoteBoard) -> bool:
    """Load the stored quotes; without Redis the board stays empty and marks come from closes."""
    try:
        board.symbols()
    except UNREACHABLE:
        return False
    return True


def _limit(name: str, observed: Decimal, limit: Decimal) -> dict[str, Any]:
    return {
        "name": name,
        "observed": text(round(observed, 6)),
        "limit": text(limit),
        "left": text(round(distance(observed, limit), 4)),
    }


def _position(reading: Reading, symbol: str, source: StatusSource) -> dict[str, Any]:
    portfolio, quoted = reading.portfolio, source.marks.board.quote(symbol)
    holding, mark = portfolio.holdings[symbol], portfolio.marks[symbol]
    stop = stop_price(holding.avg_entry_price, reading.limits.stop_loss_pct)
    return {
        "symbol": symbol,
        "quantity": text(holding.quantity),
        "entry": text(round(holding.avg_entry_price, 12)),
        "dust": held_as_dust(holding, source.marks),
        "mark": text(mark.price),
        "mark_from": mark.source,
        "mark_age_s": round(source.marks.board.age_s(quoted), 1) if quoted else None,
        "stop": text(round(stop, 12)),
        "stop_distance": text(round(1 - stop / mark.price, 6)) if mark.price else None,
        "unrealized_pnl": text(round(portfolio.unrealized_pnl(symbol), 8)),
    }


def _open_orders(account: str) -> list[dict[str, Any]]:
    rows = Order.objects.filter(account_id=account, closed_at=None).order_by("created_at")
    return [
        {"order_id": str(row.order_id), "side": row.side, "symbol": row.symbol, "state": row.state}
        for row in rows.filter(state__in=("NEW", "SUBMITTED", "PARTIALLY_FILLED", "UNKNOWN"))
    ]


def _quarantined(row: QuarantinedAnswer) -> dict[str, Any]:
    return {"id": row.pk, "order_id": str(row.order_id), "side": row.order.side, "symbol": row.order.symbol} | {
        "since": iso(row.created_at),
        "error": row.error.partition("\n")[0],
    }


def _breaker(row: Breaker) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "symbol": row.symbol,
        "observed": text(row.observed),
        "limit": text(row.limit),
        "unit": KINDS[row.kind].unit,
        "since": iso(row.opened_at),
        "waits_for_operator": KINDS[row.kind].latched,
        "next": KINDS[row.kind].next_step,
    }


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "level": row.level,
        "code": row.code,
        "text": alert_sentence(row.code, row.params),
        "next": next_step(row.code),
        "acknowledged_by": row.acknowledged_by or None,
    }


def _close_out(account: str) -> dict[str, Any] | None:
    row = CloseOut.objects.filter(account=account).first()
    if row is None:
        return None
    state = "FLAT" if row.flat_at else "GIVEN_UP" if row.given_up_at else "SELLING"
    return {"state": state, "cause": row.cause, "since": iso(row.started_at), "time_to_flat_s": row.time_to_flat_s}


def _data(source: StatusSource) -> dict[str, Any]:
    quotes = [quote for symbol in source.marks.board.symbols() if (quote := source.marks.board.quote(symbol))]
    ages = sorted((source.marks.board.age_s(quote), quote.symbol) for quote in quotes)
    if not ages:
        return {"symbols": 0}
    return {
        "symbols": len(ages),
        "newest_s": round(ages[0][0], 1),
        "oldest_s": round(ages[-1][0], 1),
        "oldest": ages[-1][1],
    }


def _left_as_dust(reading: Reading) -> dict[str, str | None]:
    """Base units by asset that exits left at the venue, and that are no position."""
    row = reading.account
    left = dust(row.account).items()
    return {symbol.removesuffix(row.quote_asset): text(units) for symbol, units in left}


def _beats() -> dict[str, tuple[float, dict[str, Any]]]:
    """The newest heartbeat of every service: the wall second when it was heard, and what it says."""
    entries: Any = connection().xrevrange(topic("health").key, count=HEARTBEATS)
    newest: dict[str, tuple[float, dict[str, Any]]] = {}
    for entry_id, fields in entries or []:
        beat = orjson.loads(fields[b"e"])["payload"]
        newest.setdefault(beat["service"], (int(entry_id.split(b"-")[0]) / 1000, beat))
    return newest


def _services(beats: dict[str, tuple[float, dict[str, Any]]], clock: Clock) -> list[dict[str, Any]]:
    """Each service by its heartbeat; one that has not been heard for long is down, whatever it last said."""
    told = {}
    for name, (heard_s, beat) in beats.items():
        age_s = clock.wall_s() - heard_s
        status = "DOWN" if age_s > DOWN_AFTER_S else beat["status"]
        told[name] = {"service": name, "status": status, "age_s": round(age_s, 1), "lag": beat["lag"]}
    for expected in SERVICES:
        if expected.kind != "exchange":
            told.setdefault(expected.name, {"service": expected.name, "status": "DOWN", "age_s": None, "lag": None})
    return sorted(told.values(), key=lambda row: row["service"])


def _readings(beats: dict[str, tuple[float, dict[str, Any]]], clock: Clock) -> dict[str, Any]:
    """What the breakers read, by kind, as the risk manager's heartbeat says it; empty when it was not heard lately."""
    _, beat = beats.get("risk", (0.0, {}))
    told = beat.get("detail", {}).get("breaker_readings")
    if not told or abs(clock.wall_s() - told["at_s"]) > READINGS_OLD_S:
        return {}
    return dict(told["rows"])


def _audit() -> dict[str, Any] | None:
    run = AuditRun.objects.first()
    if run is None:
        return None
    return {
        "at": iso(run.ran_at),
        "violations": run.violations,
        "acknowledged": run.acknowledged,
        "first": run.first,
    }

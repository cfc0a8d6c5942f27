"""Writing evaluations with their signals, and rankings.

An evaluation, its signals and their events are one transaction. The evaluation's unique key (interval, open_time)
decides: whoever inserts it first has made the signals, everyone after writes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from prometheus_client import Counter

from cdb_site import failures
from cdb_site.bus import outbox
from cdb_site.bus.builders import builds
from cdb_site.bus.events import BusEvent, id_text
from cdb_site.clock import iso
from cdb_site.db import Overtaken, bulk_insert, insertion
from cdb_site.tallying import count
from cdb_site.units import plain
from marketdata.intervals import moment
from signals_app.models import Evaluation, Ranking, Signal
from signals_app.rules.cross_section import Evaluated, SignalDraft
from signals_app.rules.screening import Ranked
from signals_app.rules.strategy import Strategy

log = logging.getLogger(__name__)
EVALUATIONS = Counter("cdb_evaluations_total", "Cross-sections evaluated", ["complete"])
NOT_IN_LINE = Counter("cdb_lane_failures_total", "Batches of signals that could not be decided in line")
SIGNALS = Counter("cdb_signals_total", "Signals emitted", ["side"])
RANKING_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class EvaluationFinding:
    """An evaluation and, by symbol, the candle event that each of its signals was decided from."""

    evaluated: Evaluated
    causes: dict[str, BusEvent | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewSignal:
    row: dict[str, Any]
    closed_at: datetime
    cause: BusEvent | None


def signal_id(strategy: Strategy, symbol: str, open_time: datetime, side: str) -> str:
    """The same candle gives the same signal, whoever evaluates it."""
    return id_text(strategy.name, symbol, strategy.interval, iso(open_time), side)


@dataclass(frozen=True, slots=True)
class StoredFindings:
    """`signals` were new; `refused` evaluations had been stored by another worker, with what that one had found."""

    signals: int = 0
    refused: int = 0


def store_findings(findings: Sequence[EvaluationFinding], strategy: Strategy) -> StoredFindings:
    """Store evaluations that nobody stored before, and emit their signals; what is decided on them in this process
    commits with them. Whatever hinders that, they are stored without, and decided when they are read.
    """
    if not findings:
        return StoredFindings()
    try:
        return _store_as_first(findings, strategy)
    except Overtaken:
        return _store_what_is_new(findings, strategy)
    except Exception as problem:
        if failures.is_waited_for(problem):
            raise
        if _is_known_already(problem):
            return _store_what_is_new(findings, strategy)
        NOT_IN_LINE.inc()
        log.exception("signals could not be decided in line; they are stored alone")
        return _store_what_is_new(findings, strategy)


def _is_known_already(problem: Exception) -> bool:
    """Another worker committed the same evaluation while this one's statement ran: what it made of it is there, under
    the same ids (`signal_id`), although it was not when the statement began."""
    violated = problem.__cause__
    return isinstance(violated, psycopg.errors.UniqueViolation) and violated.diag.table_name == Signal._meta.db_table


def _store_as_first(findings: Sequence[EvaluationFinding], strategy: Strategy) -> StoredFindings:
    """One transaction, and one statement of it, with all that is decided in line. Raises Overtaken, and nothing is
    stored, when another worker has stored one of the evaluations."""
    with outbox.unit_of_work("signal", in_line=True) as unit:
        rows = [_evaluation_row(finding.evaluated, strategy) for finding in findings]
        unit.write(
            insertion(Evaluation, rows, on_conflict="DO NOTHING", returning="1", name="evaluated", expected=len(rows))
        )
        signals = _say_signals(unit, findings, strategy)
    return _stored(findings, findings, signals)


def _store_what_is_new(findings: Sequence[EvaluationFinding], strategy: Strategy) -> StoredFindings:
    """One transaction.

    1. Insert the evaluations; those that were there already are dropped with all they found.
    2. Insert the signals of the new ones. 3. Emit one event per signal.
    """
    with outbox.unit_of_work("signal") as unit:
        rows = [_evaluation_row(finding.evaluated, strategy) for finding in findings]
        written = bulk_insert(Evaluation, rows, on_conflict="DO NOTHING", returning="open_time")
        opened = {open_time for (open_time,) in written}
        new = [finding for finding in findings if moment(finding.evaluated.period * strategy.interval_s) in opened]
        signals = _say_signals(unit, new, strategy)
    return _stored(findings, new, signals)


def _say_signals(
    unit: outbox.UnitOfWork, findings: Sequence[EvaluationFinding], strategy: Strategy
) -> list[_NewSignal]:
    signals = [signal for finding in findings for signal in _new_signals(finding, strategy)]
    if signals:
        unit.write(insertion(Signal, [signal.row for signal in signals]))
    for signal in signals:
        _emit(unit, signal)
    return signals


def _stored(
    findings: Sequence[EvaluationFinding], new: Sequence[EvaluationFinding], signals: Sequence[_NewSignal]
) -> StoredFindings:
    count(EVALUATIONS, ((str(finding.evaluated.complete).lower(),) for finding in new))
    count(SIGNALS, ((signal.row["side"],) for signal in signals))
    return StoredFindings(signals=len(signals), refused=len(findings) - len(new))


def _evaluation_row(evaluated: Evaluated, strategy: Strategy) -> dict[str, Any]:
    return {
        "interval": strategy.interval,
        "open_time": moment(evaluated.period * strategy.interval_s),
        "complete": evaluated.complete,
        "late": evaluated.late,
        "universe_size": evaluated.universe_size,
        "candles": evaluated.candles,
        "skipped": evaluated.skipped,
        "signals": len(evaluated.drafts),
    }


def _new_signals(finding: EvaluationFinding, strategy: Strategy) -> list[_NewSignal]:
    evaluated = finding.evaluated
    open_time = moment(evaluated.period * strategy.interval_s)
    closed_at = open_time + timedelta(seconds=strategy.interval_s)
    return [
        _NewSignal(
            row=_signal_row(draft, evaluated, strategy, open_time, closed_at),
            closed_at=closed_at,
            cause=finding.causes.get(draft.symbol),
        )
        for draft in evaluated.drafts
    ]


def _signal_row(
    draft: SignalDraft, evaluated: Evaluated, strategy: Strategy, open_time: datetime, closed_at: datetime
) -> dict[str, Any]:
    return {
        "signal_id": signal_id(strategy, draft.symbol, open_time, draft.side),
        "strategy": strategy.name,
        "symbol": draft.symbol,
        "interval": strategy.interval,
        "open_time": open_time,
        "side": draft.side,
        "momentum": draft.momentum,
        "strength": draft.strength,
        "rank": draft.rank,
        "universe_size": max(1, evaluated.universe_size),
        "close": draft.closes[3],
        "base_close": draft.closes[1],
        "quote_volume": draft.quote_volume,
        "expires_at": closed_at + timedelta(seconds=strategy.ttl_s),
        "context": _context(draft, evaluated, strategy),
    }


def _context(draft: SignalDraft, evaluated: Evaluated, strategy: Strategy) -> dict[str, Any]:
    """What it was decided from; why other symbols are missing in the set stands in the evaluation."""
    previous_base, base, previous, close = draft.closes
    return {
        "ranked": evaluated.ranked,
        "complete": evaluated.complete,
        "top": evaluated.top,
        "closes": {"previous_base": previous_base, "base": base, "previous": previous, "close": close},
        "threshold": plain(strategy.threshold),
        "exit": plain(strategy.exit),
        "top_n": strategy.top_n,
        "min_volume": plain(strategy.min_volume),
    }


@builds("signals")
def signal_payload(row: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of topic `signals`, of a signal's row."""
    return {
        "signal_id": row["signal_id"],
        "strategy": row["strategy"],
        "symbol": row["symbol"],
        "interval": row["interval"],
        "open_time": iso(row["open_time"]),
        "side": row["side"],
        "momentum": plain(row["momentum"]),
        "strength": plain(row["strength"]),
        "rank": row["rank"],
        "universe_size": row["universe_size"],
        "close": row["close"],
        "base_close": row["base_close"],
        "quote_volume": plain(row["quote_volume"]),
        "expires_at": iso(row["expires_at"]),
    }


def _emit(unit: outbox.UnitOfWork, signal: _NewSignal) -> None:
    """A signal begins a chain of its own: what follows from it carries its event's id."""
    unit.emit(
        "signals",
        signal_payload(signal.row),
        key=signal.row["signal_id"],
        occurred_at=signal.closed_at,
        cause=signal.cause,
        begins_chain=True,
    )


def store_ranking(ranked: Sequence[Ranked], ranked_at: datetime) -> int:
    """Store one ranking and forget those more than 24 h of market time older. Returns the rows that were new."""
    rows = [
        {
            "symbol": item.symbol,
            "ranked_at": ranked_at,
            "rank": item.rank,
            "momentum": item.momentum,
            "quote_volume": item.quote_volume,
            "spread_bps": item.spread_bps,
            "excluded": item.excluded,
        }
        for item in ranked
    ]
    written = bulk_insert(Ranking, rows, on_conflict="DO NOTHING", returning="id")
    Ranking.objects.filter(ranked_at__lt=ranked_at - RANKING_KEPT).delete()
    return len(written)

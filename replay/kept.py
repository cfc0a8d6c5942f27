"""What is kept of a finished replay: the figures of its page as JSON, the decisions and the round trips as plain rows.

Of very many decisions those that traded are kept first, then the earliest of the others; how many there were is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from replay.rules.outcome import ReplayDecision, ReplayOutcome, ReplayTrip
from replay.rules.thinning import curve
from risk.decision.records import layer_json
from risk.rules.decision_inputs import to_json

DECISIONS_MOST = 100_000
Row = dict[str, Any]


class KeptRun(NamedTuple):
    """`result` goes into the run's own row; the others are rows beside it, in order of their numbers."""

    result: Row
    decisions: list[Row]
    trips: list[Row]


def kept(outcome: ReplayOutcome, told: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> KeptRun:
    """`told` are the measures as JSON; `more` what else the page shows, by name."""
    decisions = chosen(outcome.decisions)
    counts = {
        "decisions": len(outcome.decisions),
        "decisions_kept": len(decisions),
        "trips": len(outcome.trips),
        "unheld_sells": outcome.unheld_sells,
        "disagreements": outcome.disagreements,
    }
    money = {name: str(getattr(outcome, name)) for name in ("starting_cash", "cash", "equity", "fees", "turnover")}
    result = {
        "measures": dict(told),
        "curve": curve(outcome.curve),
        "counts": counts,
        "money": money,
        "breakers": dict(outcome.breakers),
        **(more or {}),
    }
    rows = [trip_row(number, trip) for number, trip in enumerate(outcome.trips, start=1)]
    return KeptRun(result, [decision_row(one) for one in decisions], rows)


def chosen(decisions: Sequence[ReplayDecision], most: int = DECISIONS_MOST) -> list[ReplayDecision]:
    """All of them, or as many as are kept."""
    if len(decisions) <= most:
        return list(decisions)
    first = sorted(decisions, key=lambda one: (not one.executions, one.number))[:most]
    return sorted(first, key=lambda one: one.number)


def decision_row(one: ReplayDecision) -> Row:
    seen, ruling = one.seen, one.ruling
    return {
        "number": one.number,
        "at": at(one.at_s),
        "kind": seen.kind,
        "side": seen.side,
        "symbol": seen.symbol,
        "outcome": ruling.outcome,
        "reason_code": ruling.reason_code,
        "params": dict(ruling.params),
        "wanted_quantity": ruling.wanted_quantity,
        "quantity": ruling.quantity,
        "exposure_after": ruling.exposure_after,
        "inputs": to_json(seen),
        "layers": [layer_json(verdict) for verdict in ruling.layers],
        "executions": list(executions(one)),
    }


def executions(one: ReplayDecision) -> Iterable[Row]:
    for part in one.executions:
        yield {"price": str(part.price), "quantity": str(part.quantity), "fee": str(part.fee)}


def trip_row(number: int, trip: ReplayTrip) -> Row:
    same = ("symbol", "quantity", "entry_notional", "exit_notional", "gross", "fees", "net", "exit_reason")
    return {name: getattr(trip, name) for name in same} | {
        "number": number,
        "opened_at": at(trip.opened_at_s),
        "closed_at": at(trip.closed_at_s),
        "entry": trip.entry,
        "exit": trip.exit,
    }


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

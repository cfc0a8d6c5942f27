"""Plants runs of the replay in every state: two that are done and differ, one that played nothing, one under way, one
that waits, one that failed, one that was canceled. Their decisions are really decided.

A week, an hour a candle of the curve; every sixth hour a BUY and two hours later its SELL, of AAA and BBB in turn: 28
trips; every fourth BUY of the first run is denied for its exposure, and has no SELL.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

NAMED = [UUID(f"{number:032}") for number in range(1, 12)]
DONE, OTHER, EMPTY, UNDER_WAY, WAITS, FAILED, CANCELED, SEARCHED, WHAT_IF, WALKED, CUT = NAMED
STARTS = datetime(2026, 1, 29, tzinfo=UTC)
HOURS, DAYS = 168, 7
EXPOSED = "0.55"
ASKED: dict[str, Any] = {
    "from": "2026-01-29T00:00:00.000000Z", "to": "2026-02-05T00:00:00.000000Z", "symbols": ["AAAUSDT", "BBBUSDT"],
    "spread_bps": "4", "fill": "CLOSE", "marks": "CLOSE", "after_halt": "next-day", "rule": "LIVE", "interval": "1h",
}  # fmt: skip


SET = {"values": {"THRESHOLD": "0.01", "TOP_N": "5"}, "score": 1.7, "net": 0.031, "drawdown": 0.012, "trips": 64}
FOUND: dict[str, Any] = {
    "objective": "SHARPE", "sets": 6, "tried": 6, "refused": 0, "canceled": False,
    "best": SET | {"plateau": 0.4, "neighbours": 3, "alone": True},
    "plateau": SET | {"score": 0.9, "plateau": 0.8, "neighbours": 3, "alone": False},
    "heat_map": {
        "x": "THRESHOLD", "y": "TOP_N", "x_levels": ["0.005", "0.01", "0.02"], "y_levels": ["3", "5"],
        "cells": [[-0.4, 0.4, None], [0.9, 1.7, -1.2]],
    },
    "deflated_sharpe": {"observed": 0.1, "expected": 0.11, "probability": 0.42, "trials": 6, "periods": 90},
    "overfit": {"probability": 0.61, "loss": 0.5, "splits": 12870, "trials": 6},
    "walk_forward": None, "warnings": ["FEW_TRIPS", "PEAK_ALONE"], "decided": None, "ranking": [SET],
}  # fmt: skip
# Sixty levels of one parameter, chosen on two days and played on the third, twice.
PART = {"values": {"THRESHOLD": "0.01"}, "net_inside": 0.04, "net_outside": -0.01, "trips_outside": 7}
DAY_S = 86_400
BEGINS_S = int(STARTS.timestamp())
WALKED_FOUND: dict[str, Any] = FOUND | {
    "objective": "NET", "canceled": False, "warnings": [],
    "decided": {"account": {"net": 0.0311, "drawdown": 0.012}, "trips": {"trips": 64}, "fees": "12.5"},
    "best": SET | {"fees": 12.5, "plateau": 0.4, "neighbours": 2, "alone": False},
    "heat_map": {
        "x": "THRESHOLD", "y": None, "x_levels": [f"{one / 1000}" for one in range(1, 61)], "y_levels": [],
        "cells": [[(one - 30) / 1000 for one in range(60)]],
    },
    "walk_forward": {
        "figures": {"net": -0.02, "sharpe": -1.2, "drawdown": 0.03}, "efficiency": None, "trips": 14,
        "parts": [
            PART | {"first_s": BEGINS_S + first * DAY_S, "chosen_s": BEGINS_S + (first + 2) * DAY_S,
                    "played_s": BEGINS_S + (first + 3) * DAY_S}
            for first in (0, 1)
        ],
        "curve": [[BEGINS_S + 2 * DAY_S + 3600 * hour, 1 - hour / 2400] for hour in range(49)],
    },
}  # fmt: skip
ACCOUNT = {"pnl": "12.5", "fees": "3", "equity": "10012.5", "drawdown": "0.01", "orders": 9}
CHANGED = {
    "at": "2026-02-04T10:00:00+00:00", "number": 4, "kind": "SIGNAL", "side": "BUY", "symbol": "AAAUSDT",
    "recorded": "APPROVED SIGNAL_APPROVED 10", "other": "REJECTED EXPOSURE_LIMIT_EXCEEDED", "modelled": False,
}  # fmt: skip
OTHERWISE: dict[str, Any] = {
    "day": "2026-02-04", "account": "paper", "limits": {"max_exposure_pct": "0.4"}, "decisions": 40, "changed": 9,
    "gone": 1, "new": 0, "modelled": 1, "from_look": 0, "not_recorded": 0, "delay_s": 0.02, "recorded": ACCOUNT,
    "other": ACCOUNT | {"pnl": "7.25", "equity": "10007.25"}, "first": CHANGED,
    "follows": [
        CHANGED | {"number": 5, "other": "TRIMMED POSITION_TRIMMED 4", "modelled": True},
        CHANGED | {"number": None, "kind": "BREAKER", "side": "", "symbol": "", "recorded": None,
                   "other": "DRAWDOWN opened: trading only reduces"},
    ],
    "not_modelled": ["max_jump_pct"], "holes": ["hole of the tape from 10:00:00 to 10:00:05: writer restarted"],
}  # fmt: skip


SEARCH_ASKED: dict[str, Any] = {name: value for name, value in ASKED.items() if name != "rule"} | {
    "values": {"TOP_N": "5"}, "levels": {"THRESHOLD": "0.01..0.03:0.005"}, "by": "NET", "random": 4, "seed": 7,
    "walk_forward": "2d/1d", "manner": "ANCHORED",
}  # fmt: skip


def plant() -> None:
    from replay import operations

    when = datetime.now(UTC)
    done(DONE, played(denying=4), {"values": {"MAX_EXPOSURE_PCT": "0.4"}})
    done(OTHER, played(denying=0), {"values": {}})
    done(EMPTY, nothing(), {"values": {}, "from": "2020-01-01T00:00:00.000000Z", "to": "2020-01-02T00:00:00.000000Z"})
    told(SEARCHED, "SEARCH", {"search": FOUND})
    told(WHAT_IF, "WHAT_IF", {"what_if": OTHERWISE}, day="2026-02-04", values={"MAX_EXPOSURE_PCT": "0.4"})
    told(WALKED, "SEARCH", {"search": WALKED_FOUND})
    operations.ask(CUT, "SEARCH", SEARCH_ASKED, by="anna")
    operations.cancel(CUT, by="anna", now=when)
    asked(FAILED)
    operations.claim(FAILED, machine="plant", carrier="plant", now=when)
    operations.fail(FAILED, "plant", "AAAUSDT: its volume does not fit", now=when)
    asked(CANCELED)
    operations.cancel(CANCELED, by="anna", now=when)
    asked(UNDER_WAY)
    operations.claim(UNDER_WAY, machine="plant", carrier="plant", now=when)
    operations.renew(UNDER_WAY, "plant", progress=0.42, step="deciding", now=when + timedelta(days=1))
    asked(WAITS)


def asked(run_id: UUID, **changes: Any) -> None:
    from replay import operations

    operations.ask(run_id, "REPLAY", ASKED | {"values": {}} | changes, by="anna")


def told(run_id: UUID, kind: str, result: dict[str, Any], **parameters: Any) -> None:
    """A run without decisions of its own."""
    from replay import operations
    from replay.kept import KeptRun

    when = datetime.now(UTC)
    operations.ask(run_id, kind, parameters or ASKED, by="anna")
    operations.claim(run_id, machine="plant", carrier="plant", now=when)
    assert operations.finish(run_id, "plant", KeptRun(result, [], []), {}, now=when)


def done(run_id: UUID, outcome: Any, changes: dict[str, Any]) -> None:
    from replay import operations
    from replay.kept import kept
    from replay.rules.measures import measures

    when = datetime.now(UTC)
    asked(run_id, **changes)
    operations.claim(run_id, machine="plant", carrier="plant", now=when)
    prices = [{"layer": 3, "code": "TOTAL_EXPOSURE", "net": "-12.5", "drawdown": 0.002, "trips": 3}]
    more = {"layer_prices": prices, "rules": ["Decided at the close as one batch, SELLs first."]}
    manifest = {"revision": "0" * 40, "data": "sha256:" + "a" * 64, "seed": 7}
    assert operations.finish(run_id, "plant", kept(outcome, measures(outcome).as_json(), more), manifest, now=when)


def at_s(hour: int) -> int:
    return int(STARTS.timestamp()) + 3600 * (hour + 1)


def played(*, denying: int) -> Any:
    from tests.unit.replay.outcomes import curve, make_outcome

    decisions, trips = [], []
    for number, hour in enumerate(range(0, HOURS, 6), start=1):
        symbol = ("AAAUSDT", "BBBUSDT")[number % 2]
        denied = bool(denying) and number % denying == 0
        decisions.append(entry(len(decisions) + 1, hour, symbol, denied=denied))
        if not denied:
            decisions.append(leaving(len(decisions) + 1, hour + 2, symbol))
            trips.append(round_trip(symbol, hour, number, entry=decisions[-2].number, exit=decisions[-1].number))
    equity = list(path([trip.net for trip in trips], trips))
    net = sum((trip.net for trip in trips), Decimal(0))
    return make_outcome(
        starting_cash=Decimal(10000),
        cash=Decimal(10000) + net,
        equity=Decimal(10000) + net,
        fees=sum((trip.fees for trip in trips), Decimal(0)),
        turnover=Decimal(2000) * len(trips),
        decisions=tuple(decisions),
        trips=tuple(trips),
        curve=curve(
            equity,
            step_s=3600,
            start_s=int(STARTS.timestamp()),
            exposure=[0.1 if hour % 6 < 2 else 0.0 for hour in range(HOURS)],
            benchmark=[10000 + 2 * hour - 0.01 * hour**2 for hour in range(HOURS)],
        ),
        unheld_sells=5,
        breakers={"SPREAD": 2},
    )


def nothing() -> Any:
    from tests.unit.replay.outcomes import curve, make_outcome

    return make_outcome(curve=curve([]))


def path(nets: list[Decimal], trips: list[Any]) -> Iterator[float]:
    for hour in range(HOURS):
        yield 10000 + float(sum((net for net, trip in zip(nets, trips, strict=True) if trip.closed_at_s <= at_s(hour))))


def entry(number: int, hour: int, symbol: str, *, denied: bool) -> Any:
    from replay.rules.outcome import ReplayDecision
    from risk.rules.decide import decide

    seen = inputs(symbol, exposure=Decimal(5500) if denied else Decimal(500))
    ruling = decide(seen)
    got = () if denied else (execution("100", ruling.quantity),)
    return ReplayDecision(number=number, at_s=at_s(hour), seen=seen, ruling=ruling, executions=got)


def leaving(number: int, hour: int, symbol: str) -> Any:
    from replay.rules.outcome import ReplayDecision
    from risk.rules.decide import decide

    seen = inputs(symbol, side="SELL", held_quantity=Decimal(10), avg_entry_price=Decimal(100))
    ruling = decide(seen)
    got = (execution("101", ruling.quantity),)
    return ReplayDecision(number=number, at_s=at_s(hour), seen=seen, ruling=ruling, executions=got)


def inputs(symbol: str, **changes: Any) -> Any:
    from tests.builders import make_inputs

    return make_inputs(symbol=symbol, **changes)


def execution(price: str, quantity: Decimal) -> Any:
    from execution.rules.book_walk import Execution

    return Execution(price=Decimal(price), quantity=quantity, fee=quantity * Decimal(price) / 2000)


def round_trip(symbol: str, hour: int, number: int, *, entry: int, exit: int) -> Any:
    from tests.unit.replay.outcomes import make_trip

    net = (Decimal(9), Decimal(-4), Decimal(6))[number % 3]
    return make_trip(
        str(net), symbol, opened_at_s=at_s(hour), closed_at_s=at_s(hour + 2), quantity=Decimal(10),
        entry_notional=Decimal(1000), exit_notional=Decimal(1001) + net, entry=entry, exit=exit,
        exit_reason="STOP" if net < 0 else "SIGNAL",
    )  # fmt: skip

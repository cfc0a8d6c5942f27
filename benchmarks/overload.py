"""What becomes of too much: a normal rate, three times the rate that is held, then the normal rate again.

The system must be as fast RECOVER_S later as it was before, and every signal must have been answered: filled, or
expired, canceled or rejected with a code. What is refused or unknown at the end is told, and so is memory.
"""

from __future__ import annotations

from typing import Any

from benchmarks.latency import percentiles, warm_up
from benchmarks.signal_load import SignalLoad, reasons, symbols_for
from cdb_site.db import select
from cdb_site.local.system import System
from proofs.rig.memory import Memory
from proofs.rig.waiting import expect, say

TIMES, NORMAL_SHARE = 3, 4
RECOVER_S = 10.0
CHAIN = ("signal", "risk", "execution")
# Of noise: a median this many times that of before the overload, or this much more, is still the same.
SAME_TIMES, SAME_MORE_MS = 2.0, 50.0
UNDECIDED = "SELECT count(*) FROM signal s WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.signal_id)"
OPEN = """SELECT count(*) FROM "order" WHERE closed_at IS NULL"""
CLOSED = """SELECT state || coalesce(' ' || nullif(reason_code, ''), ''), count(*) FROM "order"
    WHERE closed_at IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"""
ALERTS = "SELECT code, sum(count) FROM alert GROUP BY 1 ORDER BY 1"


def overload(system: System, rate: int, seconds: float) -> dict[str, Any]:
    """`rate` is the one that is held; the normal one is a quarter of it, where latency does not depend on luck.

    Raises Unmet when the system is not itself again, or when a signal was left without an answer.
    """
    normal = max(1, rate // NORMAL_SHARE)
    load = SignalLoad(system, symbols=symbols_for(TIMES * rate))
    warm_up(load)
    load.drive(normal, RECOVER_S)
    before = percentiles(load.fills.stopwatch.seconds)
    load.quiet()
    memory = Memory(system, [child.name for child in system.children if set(CHAIN) & set(child.services)])
    decided = reasons()
    memory.start()
    sent = load.drive(TIMES * rate, seconds)
    filled = load.filled
    load.drive(normal, RECOVER_S)
    load.drive(normal, RECOVER_S)
    after = percentiles(load.fills.stopwatch.seconds)
    load.quiet()
    memory.stop()
    load.stop()
    figures = {
        "rate_held": rate,
        "rate_normal": normal,
        "sent_in_overload": sent,
        "filled_in_time": filled,
        "before_ms": before,
        "after_ms": after,
        "decisions": dict((reasons() - decided).most_common()),
        "mib_most": {name: round(max(samples), 1) for name, samples in memory.samples.items() if samples},
        **_left_behind(),
    }
    say(f"overload: {figures}")
    judge(figures)
    return figures


def _left_behind() -> dict[str, Any]:
    return {
        "orders": dict(select(CLOSED)),
        "alerts": {code: int(count) for code, count in select(ALERTS)},
        "undecided": select(UNDECIDED)[0][0],
        "open": select(OPEN)[0][0],
    }


def judge(figures: dict[str, Any]) -> None:
    """Raises Unmet."""
    before, after = figures["before_ms"], figures["after_ms"]
    expect(before and after, f"overload: too little was filled to measure by; decisions: {figures['decisions']}")
    allowed = max(before["p50"] * SAME_TIMES, before["p50"] + SAME_MORE_MS)
    expect(
        after["p50"] <= allowed,
        f"overload: {after['p50']} ms to the fill {RECOVER_S:g} s after it, {before['p50']} ms before",
    )
    silent = {name: figures[name] for name in ("undecided", "open") if figures[name]}
    expect(not silent, f"overload: left without an answer: {silent}")

"""What the bench measures of signals on a running system: the latency at one rate, whether a rate is held, a burst.

Latency runs from the schedule of the candle; a burst from the moment its candles were sent.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil

from benchmarks.floor import Floor, running_floor
from benchmarks.signal_load import SignalLoad, reasons, symbols_for, told_reasons
from cdb_site.db import select
from cdb_site.local.system import System
from proofs.rig.crowd import send
from proofs.rig.waiting import expect, say

BURST_SYMBOLS = 2500
BURST_PERIOD_S = 1.0
WARM_UP_RATE, WARM_UP_S = 200, 3.0
NEWEST_FILLS = 50
OVERLOAD_WAIT_S = 10.0
STAGES = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.decided_at - s.created_at) * 1000),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.claimed_at - d.decided_at) * 1000),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM f.recorded_at - o.claimed_at) * 1000)
    FROM (SELECT * FROM fill ORDER BY fill_id DESC LIMIT %s) f JOIN "order" o USING (order_id)
    JOIN decision d ON d.order_id = o.order_id JOIN signal s ON s.signal_id = d.signal_id"""


def latency(system: System, rate: int, seconds: float) -> dict[str, Any]:
    """One rate with page and floor: the latencies from the schedule to the fill and to the browser."""
    load = SignalLoad(system, symbols=symbols_for(rate))
    browser = load.watch_page()
    with running_floor(system.owner_env) as floor:
        warm_up(load)
        floor.seconds.clear()
        run = _driven(system, load, rate, seconds, floor=floor)
        load.stop()
    return run | {
        "to_fill_ms": percentiles(load.fills.stopwatch.seconds),
        "to_browser_ms": percentiles(browser.stopwatch.seconds),
        "floor_ms": round(statistics.median(floor.seconds) * 1000, 2) if floor.seconds else None,
    }


def attempt(system: System, rate: int, seconds: float) -> dict[str, Any]:
    """One rate alone, to see whether it is held: how late the newest fills were at the end, and what a signal cost."""
    load = SignalLoad(system, symbols=symbols_for(rate))
    warm_up(load)
    run = _driven(system, load, rate, seconds, longest_s=OVERLOAD_WAIT_S)
    load.stop()
    return run


def burst(system: System) -> dict[str, Any]:
    """All candles of 2,500 symbols close at once and all signal: BUYs, then SELLs. The slower counts."""
    load = SignalLoad(system, symbols=BURST_SYMBOLS, period_s=BURST_PERIOD_S)
    load.prove()
    worst_s = 0.0
    for side in ("BUY", "SELL"):
        for _ in range(3):
            _close(load, [], [])
        up, down = (load.crowd.symbols, []) if side == "BUY" else ([], load.crowd.symbols)
        burst_s = _close(load, up, down)
        load.quiet()
        took_s = load.fills.stopwatch.last_at_s - burst_s
        say(f"burst of {BURST_SYMBOLS} {side} candles: {load.filled} fills, the last after {took_s:.2f} s")
        missing = BURST_SYMBOLS - load.filled
        expect(
            missing <= BURST_SYMBOLS / 100, f"burst: {missing} of {BURST_SYMBOLS} {side}s unfilled; {told_reasons()}"
        )
        worst_s = max(worst_s, took_s)
    load.stop()
    return {"last_fill_s": round(worst_s, 2)}


def _close(load: SignalLoad, up: list[str], down: list[str]) -> float:
    """One candle of every symbol, a second after fresh quotes; when it was sent."""
    crowd = load.crowd
    crowd.keep_time(time.time(), crowd.period)
    crowd.quote()
    time.sleep(BURST_PERIOD_S)
    load.fills.stopwatch.reset()
    bodies, sent_s = crowd.prepare(up=up, down=down), time.time()
    load.expect(up, down, sent_s)
    send(bodies)
    return sent_s


def warm_up(load: SignalLoad) -> None:
    """Prove the load, then drive it long enough that code and plans are warm."""
    load.prove()
    load.drive(WARM_UP_RATE, WARM_UP_S)
    load.quiet()


def _driven(
    system: System,
    load: SignalLoad,
    rate: int,
    seconds: float,
    *,
    floor: Floor | None = None,
    longest_s: float = 60.0,
) -> dict[str, Any]:
    decided, before, wal = reasons(), _cpu(system), _wal_bytes()
    sent = load.drive(rate, seconds, between=floor.probe if floor else None)
    in_time, late_s = load.filled, _late_s(load)
    load.quiet(longest_s=longest_s)
    spent = {name: used - before[name] for name, used in _cpu(system).items()}
    written = _wal_bytes() - wal
    say(
        f"{rate}/s for {seconds:g} s: {load.filled} of {sent} filled, the newest {late_s} s late, "
        f"{percentiles(load.fills.stopwatch.seconds)} ms to the fill"
    )
    each = {name: round(used / sent * 1e6) for name, used in spent.items()}
    say(f"   stages (median ms): {_stages(sent)}; processor us per signal: {each}")
    return {
        "rate": rate,
        "sent": sent,
        "filled": load.filled,
        "filled_per_s": round(in_time / seconds, 1),
        "late_s": late_s,
        "cpu_us": round(sum(spent.values()) / load.filled * 1e6, 1) if load.filled else None,
        "wal_kb": round(written / load.filled / 1000, 2) if load.filled else None,
        "reasons": dict((reasons() - decided).most_common()),
    }


def _wal_bytes() -> int:
    """What the server has written ahead since it was made, for whatever reason: marks, heartbeats and the floor too."""
    return int(select("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0])


def _late_s(load: SignalLoad) -> float | None:
    """How far behind schedule the newest fills were: the backlog at the end of the run."""
    newest = load.fills.stopwatch.seconds[-NEWEST_FILLS:]
    return round(statistics.median(newest), 3) if newest else None


def _stages(newest: int) -> dict[str, float]:
    """Where the newest fills' time went: medians between the starts of the transactions, in ms."""
    row = select(STAGES, (newest,))[0]
    names = ("signal_to_decision", "to_claim", "to_record")
    return {name: round(float(ms), 1) for name, ms in zip(names, row, strict=True) if ms is not None}


def _cpu(system: System) -> dict[str, float]:
    """Processor seconds used so far by each of the system's processes, servers included."""
    return {name: cpu_s(psutil.Process(pid)) for name, pid in system.pids.items()}


def cpu_s(process: psutil.Process) -> float:
    """Processor seconds of a process and those below it."""
    total = 0.0
    for item in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = item.cpu_times()
            total += times.user + times.system
    return total


def percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """p50 and p99 in ms; None of fewer than two."""
    if len(seconds) < 2:
        return None
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": round(cuts[49] * 1000, 1), "p99": round(cuts[98] * 1000, 1)}

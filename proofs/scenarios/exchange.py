"""The same promises end to end: the whole system on the simulated exchange, which falls silent and then crashes.

Nothing is published by hand here: screeners, signal engine, risk manager and execution do what they do every day, and
are killed one after the other while every position is being closed. A system of its own; `make scenarios` starts it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import psycopg

from cdb_site.clock import SYSTEM
from cdb_site.local.children import Backoff
from cdb_site.local.system import System, running_system
from proofs.rig.connections import TRADING_STATE
from proofs.rig.program import ProgramResult, run_part, run_program
from proofs.rig.waiting import Unmet, pause, say
from proofs.scenarios.kills import Rolling

KILLED = (("risk",), ("execution", "ws"), ("rest", "signal", "signal_gen"))
OVERRIDES = {
    "SIM_RATE": "20",
    "SIM_SEED": "7",
    "LOOKBACK_MINUTES": "1",
    "SIGNAL_THRESHOLD_PCT": "0.0005",
    "SIGNAL_EXIT_PCT": "-0.5",
    "SIGNAL_MIN_VOLUME": "0",
    "TOP_N": "30",
    "BACKFILL_CANDLES": "10",
    "STOP_LOSS_PCT": "0.9",
    "MAX_DRAWDOWN_PCT": "0.99",
    "MAX_JUMP_PCT": "0.99",
    "MAX_SPREAD_BPS": "1000",
    "MAX_SLIPPAGE_PCT": "0.05",
    "MAX_DATA_SILENCE_S": "4",
    "GOOD_DATA_S": "4",
}
HELD = "SELECT count(*) FROM position WHERE quantity > 0"
OPEN_ORDERS = """SELECT count(*) FROM "order" WHERE state IN ('NEW', 'SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN')"""
TIME_TO_FLAT = """SELECT extract(epoch FROM flat_at - started_at)::float FROM close_out WHERE cause = 'DAILY_LOSS'"""
SILENCES = "SELECT count(*) FROM breaker WHERE kind = 'SILENCE' AND symbol = ''"
OPEN_SILENCES = SILENCES + " AND released_at IS NULL"
ENTRIES_IN_SILENCE = """SELECT count(*) FROM "order" o JOIN breaker b ON b.kind = 'SILENCE' AND b.symbol = ''
    AND o.created_at > b.opened_at AND o.created_at < b.released_at WHERE o.side = 'BUY'"""


def on_the_exchange(told: ProgramResult, env: dict[str, str]) -> dict[str, Any]:
    """Run this module in a process of its own."""
    return run_part(told, "proofs.scenarios.exchange", env=env)


class Whole:
    """The running system and its database."""

    def __init__(self, system: System) -> None:
        self.system = system

    def value(self, statement: str) -> Any:
        env = self.system.env
        with psycopg.connect(
            host=env["POSTGRES_HOST"],
            port=env["POSTGRES_PORT"],
            dbname=env["POSTGRES_DB"],
            user=env["POSTGRES_USER"],
            password=env["POSTGRES_PASSWORD"],
        ) as connection:
            row = connection.execute(statement).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None

    def fault(self, *words: str) -> float:
        """Order a fault of the exchange; the wall time after it was taken."""
        done = self.system.manage("sim_fault", *words)
        if done.returncode:
            raise Unmet(f"sim_fault {' '.join(words)}: {done.stdout}{done.stderr}")
        return SYSTEM.wall_s()

    def wait(self, seen: Callable[[], object], what: str, timeout_s: float = 60.0) -> float:
        """Wait; the wall time at which it was seen."""
        deadline_s = SYSTEM.monotonic_s() + timeout_s
        while not seen():
            if SYSTEM.monotonic_s() > deadline_s:
                told = f"trading is {self.value(TRADING_STATE)}, {self.value(HELD)} positions"
                raise Unmet(f"{what} did not come within {timeout_s:g} s; {told}")
            pause(0.05)
        return SYSTEM.wall_s()

    def silence(self) -> dict[str, Any]:
        """The socket says nothing for 12 s."""
        before = self.value(SILENCES)
        begun_s = self.fault("silence", "--seconds", "12")
        blocked_s = self.wait(lambda: self.value(TRADING_STATE) == "REDUCING", "REDUCING in the silence")
        self.wait(lambda: SYSTEM.wall_s() - begun_s > 12, "the end of the silence")
        active_s = self.wait(lambda: self.value(TRADING_STATE) == "ACTIVE", "ACTIVE after the silence")
        entries = self.value(ENTRIES_IN_SILENCE)
        if entries or self.value(OPEN_SILENCES) or self.value(SILENCES) != before + 1:
            raise Unmet(f"{entries} entries in the silence, {self.value(SILENCES) - before} breakers")
        return {
            "blocked_after_s": round(blocked_s - begun_s, 2),
            "recovered_after_s": round(active_s - begun_s - 12, 2),
        }

    def crash(self) -> dict[str, Any]:
        """Every price loses 40 % at once, and services die while everything is sold."""
        held = self.value(HELD)
        kills = Rolling(self.system, KILLED)
        begun_s = self.fault("crash", "--size", "0.4")
        kills.strike()
        halted_s = self.wait(lambda: self.value(TRADING_STATE) == "HALTED", "HALTED after the crash")
        self.wait(lambda: self.value(TIME_TO_FLAT) is not None, "the end of the close-out")
        kills.over()
        pause(3.0)
        left = (self.value(TRADING_STATE), self.value(HELD), self.value(OPEN_ORDERS))
        if left != ("HALTED", 0, 0):
            raise Unmet(f"after the crash: {left[0]}, {left[1]} positions, {left[2]} open orders")
        return {
            "halted": True,
            "flat": True,
            "positions": held,
            "tick_to_halt_s": round(halted_s - begun_s, 2),
            "time_to_flat_s": round(self.value(TIME_TO_FLAT), 2),
            "killed": kills.killed,
        }


def main() -> int:
    return run_program("scenarios on the exchange", _act)


def _act(told: ProgramResult) -> None:
    backoff = Backoff(first_s=0.1, most_s=0.5)
    with running_system("exchange", env_overrides=OVERRIDES, backoff=backoff) as system:
        system.wait_live(["ws", "rest", "risk", "execution"])
        whole = Whole(system)
        whole.wait(lambda: whole.value(HELD) >= 3, "three positions", timeout_s=90)
        told.figures |= {"silence": whole.silence()}
        told.figures |= {"daily_loss": whole.crash()}
        for command in (("audit_books", "--grace", "0"), ("redecide", "--check")):
            done = system.manage(*command)
            say((done.stdout + done.stderr).strip())
            if done.returncode:
                raise Unmet(f"{command[0]}: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())

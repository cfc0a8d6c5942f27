"""`make scenarios`: the risk manager's promises, one after the other, on a running system of its own.

Real services as processes on own servers; market, silence and clock move exactly as each scenario says. Every scenario
runs twice, the second time while one service after the other is killed in its middle, and must end the same. Last comes
the whole system on the simulated exchange. One JSON line at the end, a value for each; exit 1 names what did not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from cdb_site.clock import SYSTEM
from cdb_site.local.children import Backoff
from cdb_site.local.system import System, running_system
from cdb_site.services import SERVICES, in_one_lane
from proofs.rig.program import ProgramResult, enter, run_program
from proofs.rig.waiting import Unmet, expect, say
from proofs.scenarios.exchange import on_the_exchange
from proofs.scenarios.kills import Rolling
from proofs.scenarios.race import faults, race

HOSTED = ("signal", "risk", "execution", "signal_gen", "dashboard")
KILLED = (("risk",), ("execution",), ("signal", "signal_gen", "dashboard"))
OVERRIDES = {
    "LOOKBACK_MINUTES": "1",
    "SIGNAL_THRESHOLD_PCT": "0.01",
    "SIGNAL_EXIT_PCT": "-0.9",
    "SIGNAL_MIN_VOLUME": "0",
    "TOP_N": "500",
    "UNIVERSE_SIZE": "500",
    "SIGNAL_TTL_S": "3600",
    "CROSS_SECTION_GRACE_S": "1",
    "LOG_LEVEL": "INFO",
}
# name: (module, how many symbols it needs)
SCENARIOS = {
    "exposure": ("entries", 6),
    "position": ("entries", 6),
    "stop": ("entries", 9),
    "silence": ("breakers", 3),
    "slippage": ("breakers", 2),
    "jump": ("breakers", 2),
    "spread": ("breakers", 2),
    "account": ("breakers", 5),
    "reject_rate": ("rejections", 10),
    "kill_switch": ("kill_switch", 7),
    "daily_loss": ("loss", 5),
    "midnight": ("loss", 8),
    "opening_over_midnight": ("loss", 4),
    "exit_intent": ("exits", 4),
    "what_if": ("days", 7),
}


# Figures that differ from run to run: times, and what depends on what the account is worth by then.
TIMED = re.compile(r"(^|_)(ms|s)(_|$)|observed|killed")


def main(arguments: Sequence[str] | None = None) -> int:
    options, env = _options(arguments), dict(os.environ)
    chosen = options.only or [*SCENARIOS, "race", "exchange"]

    def work(told: ProgramResult) -> None:
        if set(chosen) - {"exchange"}:
            _by_hand(chosen, options, told)
        if "exchange" in chosen:
            told.figures["exchange"] = on_the_exchange(told, env)

    return run_program("scenarios", work)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make scenarios", description=(__doc__ or "").splitlines()[0])
    choices = [*SCENARIOS, "race", "exchange"]
    parser.add_argument("--only", action="append", choices=choices, help="only this one; may be repeated")
    parser.add_argument("--calm", action="store_true", help="without killing services")
    parser.add_argument(
        "--topology",
        choices=("together", "apart"),
        default="together",
        help="signal, risk and execution in one process or in three (default %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=1000, help="rounds of the race (default %(default)s)")
    parser.add_argument("--keep-logs", metavar="DIR", help="copy the services' logs there at the end")
    return parser.parse_args(arguments)


def _by_hand(chosen: Sequence[str], options: argparse.Namespace, told: ProgramResult) -> None:
    """The scenarios on a market moved by hand: their figures."""
    rows = [service for service in SERVICES if service.name in HOSTED]
    services = in_one_lane(rows) if options.topology == "together" else rows
    backoff = Backoff(first_s=0.1, most_s=0.5)
    with running_system("scenarios", env_overrides=OVERRIDES, services=services, backoff=backoff) as system:
        enter(system.env)
        try:
            _ScenarioRun(system, chosen, options, told).run()
        finally:
            if options.keep_logs:
                shutil.copytree(system.folder.logs, options.keep_logs, dirs_exist_ok=True)


class _ScenarioRun:
    """All chosen scenarios on one system."""

    def __init__(self, system: System, chosen: Sequence[str], options: argparse.Namespace, told: ProgramResult) -> None:
        self.system, self.options = system, options
        self.names, self.told, self.failures = chosen, told, told.failures
        self.symbols = {
            (name, number): [f"{name.upper().replace('_', '')}{number}{letter}USDT" for letter in "ABCDEFGHIJ"[:count]]
            for name, (_, count) in SCENARIOS.items()
            for number in range(1 if options.calm else 2)
            if name in self.names
        }
        listed = [symbol for group in self.symbols.values() for symbol in group]
        from proofs.scenarios import breakers, days, entries, exits, kill_switch, loss, rejections
        from proofs.scenarios.market import StagedMarket
        from proofs.scenarios.stage import Stage

        self.rooms = {
            "breakers": breakers,
            "days": days,
            "entries": entries,
            "exits": exits,
            "kill_switch": kill_switch,
            "loss": loss,
            "rejections": rejections,
        }
        self.market = StagedMarket(listed)
        self.stage = Stage(system, self.market)

    def run(self) -> None:
        self.system.wait_live(["risk", "execution", "signal", "dashboard"])
        if "race" in self.names:
            self.told.figures["race"] = self._race()
        if not self.symbols:
            return
        self.market.open()
        try:
            for name in self.names:
                if name in SCENARIOS:
                    self.told.figures[name] = self._scenario(name)
        finally:
            self.market.stop()
        self.told.figures |= self._afterwards()

    def _scenario(self, name: str) -> dict[str, Any]:
        """Once undisturbed, once while everything dies in turn: the same must come of it."""
        calm = self._pass(name, 0, ())
        if self.options.calm:
            return calm
        disturbed = self._pass(name, 1, KILLED)
        same = _end(calm) == _end(disturbed)
        if not same:
            self.failures.append(f"{name}: ended as {_end(disturbed)} with restarts, as {_end(calm)} without")
        return calm | {"with_restarts": {"same_end": same} | disturbed}

    def _pass(self, name: str, number: int, killed: Sequence[tuple[str, ...]]) -> dict[str, Any]:
        begun_s, title = SYSTEM.monotonic_s(), f"{name} with restarts" if killed else name
        act = getattr(self.rooms[SCENARIOS[name][0]], name)
        kills = Rolling(self.system, killed)
        try:
            self.stage.begin_day()
            found: dict[str, Any] = act(self.stage, kills, self.symbols[name, number])
        except Exception as problem:
            if not isinstance(problem, Unmet):
                traceback.print_exc(file=sys.stderr)
            self.failures.append(f"{title}: {problem}")
            found = {"failed": str(problem)}
        say(f"{title}: {SYSTEM.monotonic_s() - begun_s:.1f} s {json.dumps(found)}")
        return found | ({"killed": kills.killed} if killed else {})

    def _race(self) -> dict[str, Any]:
        """Two risk managers at once, on a database of their own."""
        begun_s = SYSTEM.monotonic_s()
        found = race(self.system, self.options.rounds, self.told)
        expect(found, "the race was not run")
        self.failures += [f"race: {sentence}" for sentence in faults(found)]
        say(f"race: {SYSTEM.monotonic_s() - begun_s:.1f} s {json.dumps(found)}")
        return found

    def _afterwards(self) -> dict[str, Any]:
        """The books, and every decision decided again."""
        for command in (("audit_books", "--grace", "0"), ("redecide", "--check")):
            done = self.system.manage(*command)
            say((done.stdout + done.stderr).strip())
            if done.returncode:
                self.failures.append(f"{command[0]}: {done.stdout.strip() or done.stderr.strip()}")
        last = done.stdout.strip().splitlines()[-1:]
        return {"redecide": json.loads(last[0])} if last and last[0].startswith("{") else {}


def _end(found: Any) -> Any:
    """What a scenario came to, without the figures that no two runs share."""
    if not isinstance(found, dict):
        return found
    return {key: _end(value) for key, value in found.items() if not TIMED.search(key)}


if __name__ == "__main__":
    sys.exit(main())

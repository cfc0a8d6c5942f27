"""`make restarts`: the demo stopped and started ten times with positions open, every second time by kill -9.

After each start the account must be worth what the market and the fills made of it, to the cent; no fill may be at a
price the market did not have, and nothing may halt without a cause. A demo that lost its day is given a new one, as its
page says. One JSON line last; exit 1 names what did not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from cdb_site.local.folders import HOME
from cdb_site.local.problems import LocalProblem
from cdb_site.local.signals import StopRequested, stop_on_signals
from proofs.restarts import books
from proofs.restarts.demo import Demo
from proofs.rig.waiting import Unmet, pause, say, wait_for

POSITIONS_S = 240.0
SETTLE_S = 20.0
LOSS = "daily loss"


class Restarts:
    """All rounds on one demo: what was seen and what did not hold."""

    def __init__(self, demo: Demo, failures: list[str]) -> None:
        self.demo, self.failures = demo, failures
        self.halts: list[str] = []
        self.fills = self.rounds = 0
        self.worst = 0.0
        self._halt_id = 0

    def run(self, rounds: int) -> dict[str, Any]:
        self.demo.start()
        for number in range(rounds):
            before = self._with_positions()
            killed = number % 2 == 1
            (self.demo.kill if killed else self.demo.stop)()
            self.demo.start()
            self._compare(before, f"round {number + 1} ({'kill -9' if killed else 'stop'})")
            self.rounds += 1
        audit = self.demo.manage("audit_books")
        if not audit.startswith("ok"):
            self.failures.append(f"audit_books: {audit}")
        return {
            "rounds": self.rounds, "fills": self.fills, "unexplained_max": self.worst, "halts": self.halts,
            "audit": audit.splitlines()[-1] if audit else "",
        }  # fmt: skip

    def _with_positions(self) -> books.Shown:
        """What is shown once something is held; a halted demo is brought back first."""
        while True:
            wait_for(self._ready, "an open position", POSITIONS_S)
            row = self._shown()
            self._note_halts()
            if row.held and row.trading_state == "ACTIVE":
                return row
            self._bring_back()

    def _ready(self) -> bool:
        """Something is held, or everything was sold and trading is halted."""
        row = self._shown()
        return bool(row.held) if row.trading_state == "ACTIVE" else row.trading_state == "HALTED" and not row.held

    def _shown(self) -> books.Shown:
        row = books.shown(self.demo.env)
        if row is None:
            raise Unmet("nothing is shown yet")
        return row

    def _bring_back(self) -> None:
        for words in (("reset_account", "--yes", "--reason", "next"), ("resume_trading", "--reason", "next")):
            said = self.demo.manage(*words)
            say(said)
            if "Error" in said:
                raise Unmet(f"the demo did not come back from its halt: {said}")

    def _compare(self, before: books.Shown, title: str) -> None:
        """After the start and a while, in which what the start spoils would show."""
        wait_for(lambda: self._marked_since(before.marked_at), "the first mark after the start", 120.0)
        pause(SETTLE_S)
        after = self._shown()
        rest, fills, _ = books.difference(before, after, self.demo.env)
        self.fills += len(fills)
        self.worst = max(self.worst, float(abs(rest)))
        change = after.equity - before.equity
        say(f"{title}: equity {change:+.2f}, {len(fills)} fills, {rest:+.4f} unexplained, {after.trading_state}")
        if abs(rest) >= books.CENT or abs(after.sum - after.equity) >= books.CENT:
            self.failures.append(f"{title}: {rest} of {change} is neither market nor fill nor fee")
        for fill in fills:
            if fill.absurd:
                market = f"the market was {fill.low} to {fill.high}"
                self.failures.append(f"{title}: {fill.side} {fill.symbol} filled at {fill.price}, {market}")
                say(self.failures[-1])
        self._check_marks(title)
        self._note_halts()

    def _marked_since(self, moment: str) -> bool:
        return self._shown().marked_at > moment

    def _check_marks(self, title: str) -> None:
        """Marks beside the exchange's own books of the same moment: no more than 1 % apart."""
        for symbol, holding in self._shown().held.items():
            book = self.demo.exchange(f"/api/v3/ticker/bookTicker?symbol={symbol}")
            mid = (books.Decimal(book["bidPrice"]) + books.Decimal(book["askPrice"])) / 2
            if abs(holding.mark / mid - 1) > books.OFF_MAX:
                self.failures.append(f"{title}: {symbol} is marked {holding.mark}, the exchange has {mid}")

    def _note_halts(self) -> None:
        for halt_id, by, reason in books.halts(self.demo.env, self._halt_id):
            self._halt_id = halt_id
            self.halts.append(f"{by}: {reason}")
            say(f"halted by {by}: {reason}")
            if not (by == "risk" and reason.startswith(LOSS)):
                self.failures.append(f"halted without a cause: {by}: {reason}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    failures: list[str] = []
    result: dict[str, Any] = {}
    demo = Demo(HOME / "restarts", "--fresh", "--rate", options.rate, "--seed", options.seed)
    try:
        with stop_on_signals():
            result = Restarts(demo, failures).run(options.rounds)
    except StopRequested as asked:
        failures.append(f"stopped by {asked}")
    except (Unmet, LocalProblem, books.BooksFailure) as problem:
        failures.append(str(problem))
    finally:
        demo.stop()
        demo.folder.remove()
    for failure in failures:
        say(f"FAILED {failure}")
    print(json.dumps(result | {"failures": failures}))
    return 1 if failures else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make restarts", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="restarts (default %(default)s)")
    parser.add_argument("--rate", default="10", metavar="N", help="market seconds per second (default %(default)s)")
    parser.add_argument("--seed", default="1", metavar="N", help="seed of the market (default %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
    sys.exit(main())

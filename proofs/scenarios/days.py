"""Scenario of a recorded day: it comes out of its rows again, and what is altered afterwards is found.

Ten minutes of market in which everything happens that moves an account: entries, a stop, a breaker, other limits, a
restart of the risk worker, a halt that sells everything, a release. Then the day is verified, played with its own
limits and with tighter ones; a decision, a fill and a byte of the tape are altered one after the other, each put back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from proofs.rig.waiting import expect, pause
from proofs.scenarios.kills import Rolling
from proofs.scenarios.stage import OPERATOR, Stage
from risk.models import Breaker, Decision
from risk.tape.writer import BLOCK_S
from risk.watch import kill_switch

Result = dict[str, Any]
CANDLES = 10
STOPPED_AT = Decimal("0.97")
JUMPED_TO = Decimal("0.94")
TIGHTER = "MAX_POSITION_PCT=0.02"
ALTER = """from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SET session_replication_role = replica")
    cursor.execute({statement!r})
    assert cursor.rowcount == 1, cursor.rowcount
"""


def what_if(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """The day, then every way to look at it."""
    _live(stage, kills, symbols)
    day = stage.market.now.date().isoformat()
    whole = _verified(stage, day)
    expect(whole["different"] == 0 and whole["holes"] == 0, f"the day did not verify: {whole}")
    same, tighter = _played(stage, day), _played(stage, day, TIGHTER)
    expect(same["changed"] == 0, f"with its own limits the day differs: {same['first']}")
    expect(tighter["changed"] > 0, "with tighter limits nothing was decided otherwise")
    found = {
        "decision": _altered(stage, day, "decision", "quantity"),
        "fill": _altered(stage, day, "fill", "price"),
        "tape": _tape_byte(stage, day),
    }
    again = _verified(stage, day)
    expect(again["different"] == 0, f"put back, the day did not verify: {again}")
    names = ("decisions", "fills", "different", "holes", "not_recorded", "provisional")
    return {
        **{name: whole[name] for name in names},
        "same": {"changed": same["changed"]},
        "tighter": {name: tighter[name] for name in ("changed", "gone", "new", "modelled")},
        "altered_found": found,
    }


def _live(stage: Stage, kills: Rolling, symbols: list[str]) -> None:
    """Ten minutes of market."""
    stopped, second, third, jumping, small, later, last = symbols[:7]
    stage.limits(good_data_s="2", max_drawdown_pct="0.9")
    stage.hold(**{stopped: "1", second: "0.7", third: "0.9"})
    pause(0.5)  # a modelled fill comes the day's median delay after its decision: at the price from before the fall
    kills.strike()
    stage.market.change([stopped], price=stage.market.terms[stopped].price * STOPPED_AT)
    stage.wait(lambda: stopped not in stage.held(), f"the stop of {stopped}")
    kills.over()
    pause(1.0)  # who watches the market minute must have seen the price before
    stage.market.change([jumping], price=stage.market.terms[jumping].price * JUMPED_TO)
    stage.opened("JUMP", jumping)
    kills.strike()
    expect(stage.buy(**{jumping: "1"})[jumping].outcome == "REJECTED", f"{jumping} was bought with a breaker open")
    stage.limits(good_data_s="2", max_drawdown_pct="0.9", max_position_pct="0.05")
    stage.hold(**{small: "1"})
    stage.system.restart("risk")
    stage.system.wait_live(["risk", "execution", "signal"])
    stage.hold(**{later: "0.8"})
    kill_switch.halt(PAPER, by=OPERATOR, reason="storm", close_positions=True, clock=SYSTEM)
    stage.wait(stage.flat, "a flat account")
    expect(stage.buy(**{last: "1"})[last].reason_code == "TRADING_HALTED", f"{last} was bought while trading is halted")
    kills.over()
    stage.wait(lambda: not Breaker.objects.filter(released_at=None).exists(), "calm")
    stage.resume()
    stage.hold(**{last: "1"})
    for _ in range(CANDLES):
        stage.market.close_candles()
    pause(BLOCK_S + 5.0)  # the tape is written in blocks


def _verified(stage: Stage, day: str) -> Result:
    return _last_line(stage, "verify_day", "--day", day)


def _played(stage: Stage, day: str, *limits: str) -> Result:
    wishes = [word for limit in limits for word in ("--limit", limit)]
    return _last_line(stage, "what_if", "--day", day, *wishes)


def _last_line(stage: Stage, *command: str) -> Result:
    done = stage.system.manage(*command)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    expect(bool(lines), f"{' '.join(command)}: {(done.stdout + done.stderr).strip()[-2000:]}")
    told: Result = json.loads(lines[-1])
    return told | {"first": told.get("first") or done.stdout.splitlines()[0], "exit": done.returncode}


def _altered(stage: Stage, day: str, table: str, column: str) -> bool:
    """One row of the day is altered by somebody who may do everything, verified, and put back."""
    row = Decision.objects.filter(outcome="APPROVED", side="BUY", number__isnull=False).latest("number")
    fill = f"order_id = '{row.order_id}' AND trade_id LIKE '%-1'"
    where = f"decision_id = '{row.pk}'" if table == "decision" else fill
    with _changed(stage, table, column, where):
        told = _verified(stage, day)
    expect(told["different"] >= 1 and told["exit"] == 1, f"an altered {table} was not found: {told}")
    expect(table in told["first"] and f"{column} is" in told["first"], f"an altered {table} is named {told['first']}")
    return True


@contextmanager
def _changed(stage: Stage, table: str, column: str, where: str) -> Iterator[None]:
    for sign in "+-":
        statement = f'UPDATE "{table}" SET {column} = {column} {sign} 1 WHERE {where}'  # noqa: S608
        done = stage.system.manage("shell", "-c", ALTER.format(statement=statement), owner=True)
        expect(done.returncode == 0, f"{table} could not be altered: {done.stderr.strip()[-500:]}")
        if sign == "+":
            yield


def _tape_byte(stage: Stage, day: str) -> bool:
    """One byte in the middle of a file of the tape."""
    folder = Path(settings.ENVIRONMENT.DATA_DIR) / "tape"
    path = max((one for one in folder.rglob("*") if one.is_file()), key=lambda one: one.stat().st_size)
    middle = path.stat().st_size // 2
    _flip(path, middle)
    try:
        told = _verified(stage, day)
    finally:
        _flip(path, middle)
    expect(told["different"] >= 1 and told["exit"] == 1, f"an altered byte of {path.name} was not found: {told}")
    return True


def _flip(path: Path, at: int) -> None:
    """One bit of one byte; the writer of the tape may be adding to the file meanwhile."""
    with path.open("r+b") as file:
        file.seek(at)
        [byte] = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))

"""Scenario of the kill switch: it is pressed while a frozen process holds the account's row, under load.

Entries are decided and wait for execution, more signals come, and nobody who needs the account gets it. Trading must
be HALTED at once all the same, none of the waiting entries may be sent, and all that is held is sold when the holder
is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.db import connections

import execution.queries
from cdb_site.clock import SYSTEM
from execution.models import Order, TradingStateChange
from execution.queries import PAPER
from proofs.rig.frozen import frozen_holder
from proofs.scenarios.kills import Rolling, expect, frozen_service, go_on, pause
from proofs.scenarios.stage import OPERATOR, Stage
from risk import audit
from risk.models import CloseOut, Decision
from risk.watch import kill_switch as switch

Result = dict[str, Any]
ENGAGED_S_MAX = 0.5
FROZEN_S = 3.0
LOOK_S = 0.002


def kill_switch(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """20 % are held and five entries of 5 % are wanted; the holder of the account is frozen for 3 s.

    With execution in a process of its own the five wait there, decided and not sent; in one process with it three of
    them wait for the account, undecided.
    """
    held, waiting = symbols[:2], symbols[2:7]
    stage.limits(stop_loss_pct="0.5", max_drawdown_pct="0.99")
    stage.hold(**dict.fromkeys(held, "1"))
    later: dict[str, str] = {}
    undecided: AbstractContextManager[list[Any]] = nullcontext([])
    with undecided if stage.together else _entries_waiting(stage, waiting) as entries:
        with frozen_holder(_target(stage)):
            if stage.together:
                later |= stage.market.signal_buys(dict.fromkeys(waiting[2:], "0.5"))
            engaged_s = _press(stage)
            go_on(stage.system, "execution")
            kills.strike()
            later |= stage.market.signal_buys(dict.fromkeys(waiting[:2], "0.5"))
            pause(FROZEN_S)
            sent_while_frozen = _sent(entries)
        ended_s = SYSTEM.monotonic_s()
    stage.wait(lambda: stage.flat() and CloseOut.objects.filter(flat_at=None).count() == 0, "a flat account")
    to_flat_s = SYSTEM.monotonic_s() - ended_s
    kills.over()
    let_through = _let_through(stage, later)
    expect(engaged_s <= ENGAGED_S_MAX, f"the kill switch was engaged after {engaged_s:.2f} s")
    expect(sent_while_frozen + _sent(entries) + let_through == 0, "an entry was let through after the halt")
    expect(not _violations(), f"the audit found {_violations()}")
    return {
        "engaged_ms": round(engaged_s * 1000, 1),
        "entries_waiting": len(entries) or len(later),
        "entries_sent_after": _sent(entries) + let_through,
        "halted": stage.state() == "HALTED",
        "flat": stage.flat(),
        "end_of_holder_to_flat_s": round(to_flat_s, 2),
    }


@contextmanager
def _entries_waiting(stage: Stage, symbols: list[str]) -> Iterator[list[Any]]:
    """Orders of these symbols, decided and not sent: execution is frozen in the block."""
    with frozen_service(stage.system, "execution"):
        entries = [row.order_id for row in stage.buy(**dict.fromkeys(symbols, "0.5")).values()]
        expect(Order.objects.filter(order_id__in=entries, state="NEW").count() == len(symbols), "not all entries wait")
        yield entries


def _let_through(stage: Stage, signals: dict[str, str]) -> int:
    """How many of these got an order, once all are decided."""
    decided = Decision.objects.filter(decision_id__in=signals.values())
    stage.wait(lambda: decided.count() == len(signals), "the later decisions")
    return decided.filter(order_id__isnull=False).count()


def _press(stage: Stage) -> float:
    """Seconds from pressing until another connection sees trading HALTED."""
    seen_s: list[float] = []

    def look() -> None:
        while execution.queries.trading_state(PAPER) != "HALTED" and SYSTEM.monotonic_s() - pressed_s < 20:
            pause(LOOK_S)
        seen_s.append(SYSTEM.monotonic_s() - pressed_s)
        connections.close_all()

    before = TradingStateChange.objects.count()
    pressed_s = SYSTEM.monotonic_s()
    looking = threading.Thread(target=look)
    looking.start()
    switch.halt(PAPER, by=OPERATOR, reason="scenario", close_positions=True, clock=SYSTEM)
    looking.join()
    expect(TradingStateChange.objects.count() > before, "the kill switch changed nothing")
    return seen_s[0]


def _sent(entries: list[Any]) -> int:
    """How many of these were claimed for the venue; what was refused at the gate is CANCELED and has no fill."""
    return Order.objects.filter(order_id__in=entries).exclude(state__in=("NEW", "CANCELED")).count()


def _violations() -> list[str]:
    return [str(item) for item in audit.violations() if item.code == "ENTRY_WHILE_NOT_ACTIVE"]


def _target(stage: Stage) -> str:
    env = stage.system.owner_env
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "DB"}
    return " ".join(f"{key}={env['POSTGRES_' + name]}" for key, name in names.items())

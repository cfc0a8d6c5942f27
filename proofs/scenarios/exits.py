"""Scenario of exit intents: each of four ways in which an exit used to be lost ends with nothing held.

reject    the venue rejects every order; execution is started so, and later as it should be
crash     execution is killed the moment the stop is reached
silence   an operator sells a symbol that has had no quote for longer than a price may be old
crossing  an exit signal meets a buy that execution, which stands still, has not taken to the venue
"""

from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal
from typing import Any

from cdb_site.clock import SYSTEM
from execution.models import Order
from proofs.scenarios.kills import Rolling, expect, frozen_service, pause
from proofs.scenarios.stage import Stage
from risk.models import Decision, ExitIntent

Result = dict[str, Any]
STOPPED_AT = Decimal("0.97")
REJECT = "PAPER_REJECT_PCT"
STALE_S = 12.0


def exit_intent(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """The four in turn, each with a symbol of its own."""
    rejected, crashed, silent, crossed = symbols[:4]
    stage.limits(max_jump_pct="0.99", max_reject_rate_pct="0.99", max_drawdown_pct="0.9", max_data_silence_s="60")
    stage.hold(**dict.fromkeys((rejected, crashed, silent), "0.5"))
    found = {
        "reject": _rejected(stage, rejected),
        "crash": _crashed(stage, crashed, kills),
        "silence": _silent(stage, silent),
        "crossing": _crossed(stage, crossed),
    }
    kills.over()
    left = sorted(set(symbols) & set(stage.held()))
    expect(not left, f"still held: {left}")
    return found


def _rejected(stage: Stage, symbol: str) -> Result:
    _execution_with(stage, "1")
    began_s = _fall(stage, symbol)
    stage.wait(lambda: _exits(symbol).filter(state="REJECTED").count() >= 2, f"two rejected exits of {symbol}")
    _execution_with(stage, "0")
    return _flat(stage, symbol, began_s)


def _crashed(stage: Stage, symbol: str, kills: Rolling) -> Result:
    began_s = _fall(stage, symbol)
    stage.system.process("execution").kill()
    kills.strike()
    return _flat(stage, symbol, began_s)


def _silent(stage: Stage, symbol: str) -> Result:
    stage.market.terms[symbol].silent = True
    pause(STALE_S)
    began_s = SYSTEM.monotonic_s()
    asked = stage.system.manage("close_position", symbol, "--reason", "silence", "--yes")
    expect(asked.returncode == 0, f"close_position: {asked.stderr.strip()}")
    pause(3.0)
    states = list(_exits(symbol).values_list("state", flat=True))
    expect(states == ["NEW"], f"without a quote the exits of {symbol} are {states}, not one that waits")
    stage.market.terms[symbol].silent = False
    return _flat(stage, symbol, began_s)


def _crossed(stage: Stage, symbol: str) -> Result:
    """The close falls by 95 % and stays there: momentum crosses down through the exit threshold.

    In a process of its own execution stands still meanwhile, and the SELL meets a BUY that is not filled. In one
    process with the decision the BUY is filled before anything else can be decided; the stop may come first.
    """
    expected = ("SIGNAL_APPROVED", "POSITION_EXIT_JOINED") if stage.together else ("POSITION_NOT_YET",)
    with nullcontext() if stage.together else frozen_service(stage.system, "execution"):
        began_s = SYSTEM.monotonic_s()
        expect(stage.buy(**{symbol: "0.5"})[symbol].outcome == "APPROVED", f"the BUY of {symbol} was refused")
        stage.market.change([symbol], price=stage.market.terms[symbol].price * Decimal("0.05"))
        stage.market.close_candles()
        sells = Decision.objects.filter(symbol=symbol, side="SELL", kind="SIGNAL")
        stage.wait(sells.exists, f"the decision on the SELL of {symbol}")
    reason = sells[0].reason_code
    expect(reason in expected, f"the SELL of {symbol} was {sells[0]}")
    return _flat(stage, symbol, began_s) | ({} if stage.together else {"reason": reason})


def _execution_with(stage: Stage, reject_share: str) -> None:
    """Execution anew, rejecting this share of all orders."""
    child = stage.system.process("execution")
    child.env[REJECT] = reject_share
    child.restart()
    stage.system.wait_live(["execution"])


def _fall(stage: Stage, symbol: str) -> float:
    """The bid falls to the stop; the monotonic time of it."""
    stage.market.change([symbol], price=stage.market.terms[symbol].price * STOPPED_AT)
    began_s = SYSTEM.monotonic_s()
    stage.wait(lambda: ExitIntent.objects.filter(symbol=symbol).exists(), f"the intent to leave {symbol}")
    return began_s


def _exits(symbol: str) -> Any:
    return Order.objects.filter(symbol=symbol, side="SELL").order_by("created_at")


def _flat(stage: Stage, symbol: str, began_s: float) -> Result:
    """Wait for the end of the intent; how long it took, and how it ended."""
    rows = ExitIntent.objects.filter(symbol=symbol, ended_at__isnull=False)
    stage.wait(rows.exists, f"the end of the intent to leave {symbol}")
    took_s = SYSTEM.monotonic_s() - began_s
    expect(symbol not in stage.held(), f"{symbol} is still held: {rows[0]}")
    return {"flat_after_s": round(took_s, 1), "ending": rows[0].ending, "intents": rows.count()}

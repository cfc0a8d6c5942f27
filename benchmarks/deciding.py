"""What one decision costs apart from any row: its inputs put together, and decided by the five layers.

    python -m benchmarks.deciding                       an entry and an exit, microseconds each
    python -m benchmarks.deciding --base /path          the same of another checkout too, in turns, and ours ÷ base

An account with five positions and an open buy on twelve symbols. Figures are the best of many short stretches, for a
machine that does something else beside it; judge by the ratios of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from execution.rules.accounting import Holding
from execution.rules.fill_model import Book, Rules
from risk.decision.requests import Request
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.decide import decide
from risk.rules.decision_batch import DecisionBatch
from risk.rules.limits import LIMITS, Limits
from risk.rules.portfolio import Mark, Portfolio

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SYMBOLS = [f"S{number:02}USDT" for number in range(12)]
HELD, BUYING, BOUGHT, SOLD = SYMBOLS[:5], SYMBOLS[6], SYMBOLS[8], SYMBOLS[1]
STRETCH, STRETCHES = 40, 500
TURNS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deciding", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, help="another checkout")
    base = parser.parse_args(arguments).base
    if base is None:
        print(json.dumps(measured()))
        return 0
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(measured())
        theirs.append(_measured_in(base.resolve()))
    figures = {name: _best(rows) for name, rows in (("ours", ours), ("base", theirs))}
    ratio = {name: round(value / figures["base"][name], 3) for name, value in figures["ours"].items()}
    print(json.dumps({**figures, "ratio": ratio}))
    return 0


def measured() -> dict[str, float]:
    """Microseconds of an entry and of an exit, whole and in parts."""
    batch, figures = _batch(), {}
    for side, symbol in (("BUY", BOUGHT), ("SELL", SOLD)):
        request = _request(side, symbol)
        seen = batch.inputs(request)
        figures[f"{side}_inputs_us"] = _us(lambda request=request: batch.inputs(request))
        figures[f"{side}_decide_us"] = _us(lambda seen=seen: decide(seen))
        figures[f"{side}_us"] = _us(lambda request=request: decide(batch.inputs(request)))
    return figures


def _us(act: Callable[[], Any]) -> float:
    best = float("inf")
    for _ in range(STRETCHES):
        begun = time.perf_counter_ns()
        for _ in range(STRETCH):
            act()
        best = min(best, (time.perf_counter_ns() - begun) / STRETCH / 1000)
    return round(best, 2)


def _best(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: min(row[name] for row in rows) for name in rows[0]}


def _measured_in(checkout: Path) -> dict[str, float]:
    """The same program on the modules of another checkout."""
    program = [sys.executable, "-P", str(Path(__file__).resolve())]
    done = subprocess.run(
        program, cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)}, capture_output=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _batch() -> DecisionBatch:
    rules = Rules(
        price_tick=Decimal("0.01"),
        quantity_step=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
        taker_fee=Decimal("0.0005"),
    )
    book = Book(
        bid=Decimal("100.12"),
        ask=Decimal("100.13"),
        bid_quantity=Decimal(5),
        ask_quantity=Decimal(4),
        quote_volume_24h=Decimal("12345678.9"),
    )
    portfolio = Portfolio(
        cash=Decimal("7890.123456789012"),
        holdings={
            symbol: Holding(symbol=symbol, quantity=Decimal("3.217"), avg_entry_price=Decimal("99.87654321"))
            for symbol in HELD
        },
        marks={symbol: Mark(price=Decimal("100.125"), source="BOOK") for symbol in HELD},
        reserved={BUYING: Decimal("500.5")},
    )
    limits = Limits(version=1, **{limit.name: limit.default for limit in LIMITS})
    return DecisionBatch(
        state=AccountState(trading_state="ACTIVE", limits=limits, portfolio=portfolio),
        markets={symbol: SymbolMarket(rules=rules, book=book, book_age_ms=40) for symbol in SYMBOLS},
        levels=Levels(day=NOON.date(), opening=Decimal(9500), peak=Decimal("9600.5")),
        market_now=NOON,
    )


def _request(side: str, symbol: str) -> Request:
    return Request(
        decision_id=UUID(int=1),
        kind="SIGNAL",
        side=side,
        symbol=symbol,
        occurred_at=NOON,
        strength=Decimal("0.8125"),
    )


if __name__ == "__main__":
    sys.exit(main())

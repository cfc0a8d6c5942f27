"""A house with an account that is guarded: a desk, marks, levels and a clock that a test moves by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import execution.claims
import execution.gate
import execution.operations
import execution.queries
from execution.models import Order
from execution.order_gateway import Desk
from risk import account_reading, operations
from risk.decision.requests import from_signal
from risk.loss_baselines import LevelBoard, process_levels
from risk.marks import Marks
from risk.models import Breaker, Decision
from risk.rules.circuit_breakers import Observations
from risk.watch.account_guard import AccountGuard
from tests.builders import (
    PAPER,
    make_desk,
    make_quote,
    open_paper_account,
    plant_instrument,
    plant_signal,
    trade,
)
from tests.clocks import HandClock


class House:
    """An account, its desk, and the guard over both, on a clock moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.desk: Desk = make_desk(folder=folder)
        self.marks = Marks(board=self.desk.board, interval="1m")
        self.levels = LevelBoard(PAPER, self.clock)
        self.restart()

    def restart(self) -> None:
        """What a new process begins with: nothing but PostgreSQL."""
        process_levels.cache_clear()
        self.levels = LevelBoard(PAPER, self.clock)
        self.guard = AccountGuard(account=PAPER, marks=self.marks, levels=self.levels, clock=self.clock)

    def look(self, **seen: Any) -> None:
        """One mark, and what is observed besides the account."""
        now = self.clock.market_now()
        reading = account_reading.reading(PAPER, self.marks, now)
        levels = reading.aligned(self.levels.at(now))
        values = {"equity": reading.portfolio.equity, "peak_equity": levels.peak} | seen
        self.guard.look(reading, levels, Observations(**values))

    def price(self, price: str, symbol: str = "AAAUSDT") -> None:
        self.desk.board.take([make_quote(symbol=symbol, bid=price, ask=price)])

    def execute_new(self) -> None:
        """What the execution service does with the doorbells."""
        self.desk.execute(
            [str(order_id) for order_id in Order.objects.filter(state="NEW").values_list("pk", flat=True)]
        )

    def ask_for(self, side: str = "BUY", symbol: str = "AAAUSDT") -> Decision:
        request = from_signal(plant_signal(symbol=symbol, side=side, ttl_s=10**9))
        operations.decide_batch(PAPER, [request], marks=self.marks, clock=self.clock, levels=self.levels)
        return Decision.objects.get(decision_id=request.decision_id)


def furnished(folder: Path) -> House:
    """A house with an open account and two symbols at 100."""
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")
    open_paper_account()
    house = House(folder)
    house.price("100")
    house.price("100", "BBBUSDT")
    return house


def open_kinds() -> list[str]:
    return [str(row) for row in Breaker.objects.filter(released_at=None).order_by("id")]


def state() -> str:
    return execution.queries.trading_state(PAPER)


def holding(house: House, quantity: str = "10") -> None:
    """10 at 100 of 10,000: 10 %. A fall to 50 loses 5 % of the day's opening."""
    trade(house.desk, f"buy {quantity} @ 100")

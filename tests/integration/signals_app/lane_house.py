"""An engine, a risk manager and a desk in one process, on the small market of the engine's tests."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import execution.placing
import risk.tasks
from execution.order_gateway import Desk
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from tests.builders import PAPER, make_desk, make_quote, open_paper_account
from tests.clocks import MomentClock
from tests.integration.signals_app.engine_market import FLAT, SYMBOLS, engine_at, heard, minute, play

RISES = "A 102 B 100 C 100"
FALLS = "A 90 B 100 C 100"


class Lane:
    """An engine that has seen three flat candles, and the desk beside it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        open_paper_account()
        self.desk: Desk = make_desk(folder=folder)
        self.quote(*SYMBOLS)
        self.marks = Marks(board=self.desk.board, interval="1m")
        self.engine, self.clock = engine_at(0)
        self.use(monkeypatch, self.clock)
        play(self.engine, self.clock, 0, [FLAT] * 3)

    def use(self, monkeypatch: pytest.MonkeyPatch, clock: MomentClock) -> None:
        levels = LevelBoard(PAPER, clock)
        monkeypatch.setattr(risk.tasks, "SYSTEM", clock)
        monkeypatch.setattr(risk.tasks, "process_marks", lambda: self.marks)
        monkeypatch.setattr(risk.tasks, "process_levels", lambda _: levels)
        monkeypatch.setattr(execution.placing, "desk_of_process", lambda: self.desk)

    def quote(self, *symbols: str) -> None:
        self.desk.board.take([make_quote(symbol=symbol, bid="100", ask="100") for symbol in symbols])

    def close(self, number: int, closes: str) -> None:
        self.clock.at = minute(number + 1) + timedelta(seconds=1)
        self.engine.take([heard(number, closes)])

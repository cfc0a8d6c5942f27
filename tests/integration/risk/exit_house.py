"""A house in which exits are carried out on a hand clock, and what their tests ask of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from execution import tasks
from execution.models import Order, Position
from marketdata.models import Instrument
from risk.models import ExitIntent
from risk.watch import kill_switch
from tests.builders import PAPER, make_quote, open_paper_account, plant_instrument, trade
from tests.integration.risk.house import House

OTHER = "BBBUSDT"


def quoted_house(folder: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Two quoted symbols, an open account, and the order sweep on its desk."""
    plant_instrument()
    plant_instrument(symbol=OTHER)
    open_paper_account()
    house = House(folder)
    house.price("100")
    house.price("100", OTHER)
    monkeypatch.setattr(tasks, "desk_of_process", lambda: house.desk)
    return house


def held(symbol: str = "AAAUSDT") -> Decimal:
    return Position.objects.get(symbol=symbol).quantity


def sells() -> list[tuple[str, str]]:
    return list(Order.objects.filter(side="SELL").order_by("created_at").values_list("state", "reason_code"))


def endings() -> list[tuple[str, str]]:
    return list(ExitIntent.objects.order_by("id").values_list("symbol", "ending"))


def live(house: House, seconds: float, *, every_s: float = 1.0) -> None:
    """Risk and execution go on for so long on the hand clock."""
    for _ in range(int(seconds / every_s)):
        house.look()
        house.execute_new()
        house.clock.move(every_s)


def rejecting(house: House) -> Any:
    """While it lasts the venue rejects everything."""
    patch = pytest.MonkeyPatch()
    patch.setattr(house.desk.venue, "reject_share", Decimal(1))
    return patch


def age_orders(interval: str) -> None:
    connection.cursor().execute(
        'UPDATE "order" SET created_at = created_at - %s::interval, claimed_at = claimed_at - %s::interval',
        [interval, interval],
    )


def coarser_step(house: House, step: str) -> None:
    Instrument.objects.filter(symbol="AAAUSDT").update(quantity_step=Decimal(step))
    house.desk.board._rules_read_at = float("-inf")


def delisted(house: House) -> None:
    """Both are held, the other is quoted no more, and everything is to be sold."""
    trade(house.desk, "buy 10 @ 100")
    trade(house.desk, "buy 10 @ 100", symbol=OTHER)
    house.desk.board.take([make_quote(symbol=OTHER, age_s=3600)])
    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)
    for _ in range(50):
        house.price("100")
        house.look()
        tasks.sweep_orders()
        age_orders("2 seconds")
        house.clock.move(15)

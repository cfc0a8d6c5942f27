"""A day in which the services really decide and book, and somebody who alters it afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

import execution.payments
from replay.days.verifying import VerifiedDay, verify_day
from risk.watch import kill_switch
from risk.watch.stops import WatchDesk
from tests.builders import PAPER, set_limits
from tests.integration.risk.exit_house import OTHER, live, quoted_house
from tests.integration.risk.house import House


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Its market time is the machine's, as that of its venue is."""
    house = quoted_house(tmp_path, monkeypatch)
    house.clock.market = datetime.now(UTC)
    return house


def today(house: House) -> date:
    return house.clock.market_now().date()


def verified(house: House) -> VerifiedDay:
    told: list[str] = []
    found = verify_day(PAPER, today(house), lambda difference: told.append(str(difference)))
    found.first = "; ".join(told)
    return found


def stopped(house: House, symbol: str) -> None:
    desk = WatchDesk(account=PAPER, marks=house.marks, clock=house.clock)
    desk.quotes_changed({symbol})
    house.execute_new()


def eventful(house: House) -> None:
    """Bought, stopped, refused by a breaker, paid in, other limits, halted and sold, resumed after a restart."""
    house.ask_for("BUY")
    house.execute_new()
    house.ask_for("BUY", OTHER)
    house.execute_new()
    live(house, 3)
    house.price("90")
    stopped(house, "AAAUSDT")
    house.look(moves={OTHER: Decimal("0.5")})
    house.ask_for("BUY", OTHER)
    execution.payments.deposit(PAPER, amount=Decimal(500), by="anna", reason="more", clock=house.clock)
    set_limits(max_position_pct="0.05")
    house.restart()
    house.ask_for("SELL", "AAAUSDT")
    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)
    live(house, 5)
    house.ask_for("BUY")
    levels = house.levels.at(house.clock.market_now())
    kill_switch.resume(PAPER, by="anna", reason="calm", marks=house.marks, clock=house.clock, levels=levels)
    house.ask_for("BUY", "AAAUSDT")
    house.execute_new()


def altered(table: str, change: str, where: str = "true") -> None:
    """Somebody who may do everything alters one row, past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        chosen = f'SELECT ctid FROM "{table}" WHERE {where} LIMIT 1'
        cursor.execute(f'UPDATE "{table}" SET {change} WHERE ctid IN ({chosen})')
        assert cursor.rowcount == 1
        cursor.execute("SET session_replication_role = origin")

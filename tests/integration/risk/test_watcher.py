"""The watcher guards first: what it says to others, and what fails beside, keeps layer 1 from nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings

import execution.queries
from cdb_site.bus import latest, streams
from cdb_site.bus.runtime import Runtime
from cdb_site.services import service
from execution.models import Order
from risk.models import CloseOut
from risk.watch import kill_switch, watcher
from risk.watch.stops import WatchDesk
from tests.builders import PAPER, open_paper_account, plant_instrument, plant_order, set_limits
from tests.integration.risk.house import House, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
AWAY = redis.exceptions.ConnectionError("away")
FULL = redis.exceptions.OutOfMemoryError("OOM command not allowed")


@pytest.fixture
def house(tmp_path: Path) -> House:
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")
    open_paper_account()
    set_limits(max_drawdown_pct="0.99")
    house = House(tmp_path)
    house.price("100")
    return house


@pytest.fixture
def part(house: House, monkeypatch: Any) -> watcher.PortfolioWatcher:
    """The watcher as the risk service hosts it, over the house's books and marks."""
    desk = WatchDesk(account=PAPER, marks=house.marks)
    monkeypatch.setattr(watcher, "watch_desk", lambda: desk)
    monkeypatch.setattr(watcher, "process_levels", lambda account: house.levels)
    monkeypatch.setattr(watcher, "MARK_GAP_S", 0.0)
    monkeypatch.setattr(watcher, "MARK_EVERY_S", 0.001)
    runtime = Runtime(service=service("risk"), environment=settings.ENVIRONMENT, instance="1", clock=house.clock)
    return watcher.PortfolioWatcher(runtime)


def state() -> str:
    return execution.queries.trading_state(PAPER)


def lose(house: House) -> None:
    """10 of 100 fall to 49: 5.1 % of the day's opening."""
    holding(house)
    plant_order(symbol="BBBUSDT")
    house.price("49")


def run(part: watcher.PortfolioWatcher, *, turns: int) -> None:
    """The watcher's own loop, stopped after so many turns."""
    left = iter(range(turns - 1))
    turn = part._turn

    def counted() -> None:
        if next(left, None) is None:
            part.runtime.stopping.set()
        turn()

    part._turn = counted  # type: ignore[method-assign]
    part.run()


def refuse_redis(monkeypatch: Any, problem: Exception) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise problem

    monkeypatch.setattr(latest, "connection", refused)
    monkeypatch.setattr(streams, "redis_connection", refused)


@pytest.mark.parametrize("problem", [AWAY, FULL], ids=["away", "full"])
def test_the_daily_loss_is_watched_while_redis_is_away_or_full(
    house: House, part: watcher.PortfolioWatcher, monkeypatch: Any, problem: Exception
) -> None:
    lose(house)
    refuse_redis(monkeypatch, problem)

    run(part, turns=2)

    assert (state(), CloseOut.objects.get().cause) == ("HALTED", "DAILY_LOSS")
    assert Order.objects.get(symbol="BBBUSDT").state == "CANCELED"


def test_a_turn_that_fails_unexpectedly_does_not_end_the_watcher(
    house: House, part: watcher.PortfolioWatcher, monkeypatch: Any
) -> None:
    failed_before = watcher.FAILED._value.get()
    monkeypatch.setattr(part.observer, "look", raising(RuntimeError("deque mutated during iteration")))

    run(part, turns=3)

    assert watcher.FAILED._value.get() - failed_before == 3


def test_a_market_that_cannot_be_observed_keeps_layer_1_from_nothing(
    house: House, part: watcher.PortfolioWatcher, monkeypatch: Any
) -> None:
    lose(house)
    monkeypatch.setattr(part.observer, "look", raising(RuntimeError("deque mutated during iteration")))

    run(part, turns=1)

    assert state() == "HALTED"


def test_a_breaker_that_cannot_be_opened_keeps_a_close_out_from_nothing(
    house: House, part: watcher.PortfolioWatcher, monkeypatch: Any
) -> None:
    lose(house)
    monkeypatch.setattr(part.guard, "_watch_market", raising(RuntimeError("a bug")))

    run(part, turns=2)

    assert Order.objects.filter(kind="HALT").exists()


def test_a_mark_reaches_those_who_listen(house: House, part: watcher.PortfolioWatcher) -> None:
    holding(house)

    run(part, turns=1)

    newest = latest.newest("portfolio")
    assert newest is not None
    assert Decimal(newest[0].payload["equity"]) > 0


def raising(problem: Exception) -> Any:
    def act(*_: Any, **__: Any) -> Any:
        raise problem

    return act


def waits(part: watcher.PortfolioWatcher, monkeypatch: Any) -> float:
    """Seconds that the watcher waits after one turn, unless it is woken."""
    monkeypatch.setattr(watcher, "RESTING_EVERY_S", 1.0)
    monkeypatch.setattr(watcher, "MARK_EVERY_S", 0.25)
    waited: list[float] = []
    monkeypatch.setattr(part.desk.mark_wanted, "wait", waited.append)
    run(part, turns=1)
    return waited[0]


def test_an_account_that_holds_nothing_is_marked_once_a_second(
    part: watcher.PortfolioWatcher, monkeypatch: Any
) -> None:
    assert waits(part, monkeypatch) == 1.0


def test_one_that_holds_something_is_marked_four_times(
    house: House, part: watcher.PortfolioWatcher, monkeypatch: Any
) -> None:
    holding(house)

    assert waits(part, monkeypatch) == 0.25


def test_one_that_is_halted_is_looked_at_four_times(
    house: House, part: watcher.PortfolioWatcher, monkeypatch: Any
) -> None:
    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=False, clock=house.clock)

    assert waits(part, monkeypatch) == 0.25


def test_a_fill_wakes_the_watcher_that_rests(part: watcher.PortfolioWatcher) -> None:
    part.desk.positions_changed()

    assert part.desk.mark_wanted.is_set()

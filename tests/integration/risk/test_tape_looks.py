"""Where decisions and the guard had seen the market is noted for the tape, when what they did is committed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from risk import operations
from risk.decision.requests import from_signal
from risk.tape import looks
from tests.builders import PAPER, make_quote, plant_signal
from tests.integration.risk.house import House, furnished, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = furnished(tmp_path)
    holding(house)
    looks.taken()
    return house


def noted() -> list[tuple[str, str]]:
    return [(look.what, look.place) for look in looks.taken()]


def test_a_batch_notes_the_place_it_was_decided_at(house: House) -> None:
    house.desk.board.take([make_quote()], "7-1")

    operations.decide_batch(PAPER, [from_signal(plant_signal())], marks=house.marks, clock=house.clock)

    assert noted() == [("DECIDED", "7-1")]


def test_a_batch_that_is_not_committed_notes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.desk.board.take([make_quote()], "7-1")
    monkeypatch.setattr(operations.intents, "follow", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        operations.decide_batch(PAPER, [from_signal(plant_signal())], marks=house.marks, clock=house.clock)

    assert noted() == []


def test_the_guard_notes_where_it_opened_a_breaker_and_where_it_halted_for_loss(house: House) -> None:
    house.look()
    house.desk.board.take([make_quote(bid="100", ask="100")], "7-1")
    house.look(spreads_bps={"BBBUSDT": Decimal(101)})
    house.desk.board.take([make_quote(bid="49", ask="49")], "8-1")
    house.look()

    assert [found for found in noted() if found[0] == "GUARDED"] == [("GUARDED", "7-1"), ("GUARDED", "8-1")]

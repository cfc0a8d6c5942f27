"""Each owner of the trading state holds and releases its own; the strictest hold counts."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

import execution.gate
import execution.queries
from execution.operations import Refused
from risk import audit
from risk.models import AuditRun, Breaker
from risk.watch import breakers, kill_switch
from tests.builders import PAPER, open_paper_account, plant_instrument, set_limits, trade
from tests.integration.risk.house import House, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    plant_instrument()
    open_paper_account()
    house = House(tmp_path)
    house.price("100")
    return house


def state() -> str:
    return execution.queries.trading_state(PAPER)


def holders() -> dict[str, str]:
    return {hold.owner: hold.state for hold in execution.queries.holds(PAPER)}


def resume(house: House) -> bool:
    levels = house.levels.at(house.clock.market_now())
    return kill_switch.resume(PAPER, by="anna", reason="over", levels=levels, marks=house.marks, clock=house.clock)


def lose_and_sell(house: House) -> None:
    """5.1 % of the day are lost; the account is flat again."""
    holding(house)
    house.price("49")
    house.look()
    house.look()
    house.execute_new()
    house.look()


def test_what_an_operator_set_beside_a_breaker_outlives_the_breaker(house: House) -> None:
    house.look(feed_age_s=Decimal(31))
    execution.gate.set_trading_state(PAPER, "REDUCING", by="anna", reason="holiday")

    breakers.release_breaker(Breaker.objects.get().pk, by="risk", reason="good data")

    assert state() == "REDUCING"
    assert holders() == {"OPERATOR": "REDUCING"}


def test_a_breaker_outlives_what_an_operator_set_beside_it(house: House) -> None:
    execution.gate.halt(PAPER, by="anna", reason="storm")
    house.look(feed_age_s=Decimal(31))
    assert holders() == {"OPERATOR": "HALTED", "BREAKERS": "REDUCING"}

    assert resume(house)

    assert state() == "REDUCING"
    breakers.release_breaker(Breaker.objects.get().pk, by="risk", reason="good data")
    assert state() == "ACTIVE"


def test_an_operators_halt_is_released_while_the_days_loss_still_holds(house: House) -> None:
    lose_and_sell(house)
    execution.gate.halt(PAPER, by="anna", reason="storm")

    assert resume(house)

    assert (state(), holders()) == ("HALTED", {"LOSS": "HALTED"})
    with pytest.raises(Refused, match="of the day's opening equity is lost"):
        resume(house)


def test_a_loss_below_an_operators_halt_holds_for_itself(house: House) -> None:
    holding(house)
    execution.gate.halt(PAPER, by="anna", reason="storm")
    trade(house.desk, "sell 10 @ 49")

    house.look()

    assert holders() == {"OPERATOR": "HALTED", "LOSS": "HALTED"}


def test_the_days_loss_is_released_by_a_person_once_the_limit_allows_it(house: House) -> None:
    lose_and_sell(house)
    set_limits(max_daily_drawdown_pct="0.06", max_drawdown_pct="0.99")
    house.look()
    assert state() == "HALTED", "nothing but a person releases it"

    assert resume(house)

    assert state() == "ACTIVE"


def test_the_audits_halt_is_released_after_a_clean_audit_only(house: House) -> None:
    AuditRun.objects.create(violations=1, first="I2", duration_ms=5)
    execution.gate.halt(PAPER, owner="AUDIT", by="audit_books", reason="1 violation")
    with pytest.raises(Refused, match="audit_books"):
        resume(house)

    audit.run_and_store(PAPER)
    assert state() == "HALTED", "an audit releases nothing by itself"

    assert resume(house)
    assert state() == "ACTIVE"


def test_a_partial_release_names_who_holds_on_and_what_releases_it(house: House) -> None:
    execution.gate.halt(PAPER, by="anna", reason="storm")
    house.look(feed_age_s=Decimal(31))

    with pytest.raises(CommandError, match=r"still REDUCING\nBREAKERS holds REDUCING .*SILENCE") as told:
        call_command("resume_trading", "--reason", "over", "--by", "anna")

    assert "released by the release of its breakers" in str(told.value)
    assert holders() == {"BREAKERS": "REDUCING"}


def test_status_names_every_holder(house: House) -> None:
    execution.gate.halt(PAPER, by="anna", reason="storm")
    house.look(feed_age_s=Decimal(31))
    said = StringIO()

    call_command("status", stdout=said)

    first, *holding_lines = said.getvalue().splitlines()[:5]
    assert first.startswith("TRADING    HALTED") and first.endswith("by anna: storm")
    assert "OPERATOR holds HALTED" in holding_lines[0] and "resume_trading" in holding_lines[1]
    assert "BREAKERS holds REDUCING" in holding_lines[2] and "release_breaker" in holding_lines[3]

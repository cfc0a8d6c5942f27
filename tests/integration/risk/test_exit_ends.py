"""What exit intents do for stops, close-outs and operators, and how one that cannot be carried out ends."""

from __future__ import annotations

import io
from collections.abc import Collection
from datetime import datetime
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import call_command

import execution.claims
import execution.queries
from cdb_site import db
from cdb_site.alerts.models import Alert
from execution.models import Order
from execution.operations import Refused
from risk import account_reading
from risk.exits import intents
from risk.exits import report as exit_report
from risk.mark_to_market import portfolio_payload
from risk.models import CloseOut, Decision, ExitIntent
from risk.rules.account_state import MarketLook
from risk.rules.exiting import ATTEMPTS_MAX, is_due
from risk.watch import kill_switch
from risk.watch.stops import WatchDesk
from tests.builders import PAPER, make_quote, plant_order, trade
from tests.integration.risk.exit_house import (
    OTHER,
    delisted,
    endings,
    held,
    live,
    quoted_house,
    rejecting,
    sells,
)
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return quoted_house(tmp_path, monkeypatch)


# Stops


def test_a_stop_once_decided_is_carried_out_also_when_the_bid_recovers(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.price("97")
    watch = WatchDesk(account=PAPER, marks=house.marks, clock=house.clock)
    watch.quotes_changed({"AAAUSDT"})
    refusal = rejecting(house)
    house.execute_new()
    refusal.undo()
    house.price("101")

    house.clock.move(2)
    watch.quotes_changed({"AAAUSDT"})
    live(house, 2)

    assert held() == 0
    assert list(Decision.objects.filter(kind="STOP").order_by("attempt").values_list("attempt", flat=True)) == [1, 2]
    assert Alert.objects.filter(code="STOP_LOSS").count() == 1


def test_a_stop_whose_bid_recovered_before_its_decision_begins_nothing(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    watch = WatchDesk(account=PAPER, marks=house.marks, clock=house.clock)
    watch.reread()

    watch._stop(list(watch._positions.values()))

    assert Decision.objects.get(kind="STOP").reason_code == "STOP_LOSS_NOT_REACHED"
    assert not ExitIntent.objects.exists()


def test_a_stop_that_was_given_up_rests_before_it_is_asked_for_again(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.price("97")
    watch = WatchDesk(account=PAPER, marks=house.marks, clock=house.clock)
    rejecting(house)

    for _ in range(80):
        house.price("97")
        watch.quotes_changed({"AAAUSDT"})
        live(house, 15, every_s=15)

    # 20 minutes: twelve attempts in six and a half, then a quarter of an hour's rest
    assert len(sells()) == ATTEMPTS_MAX
    house.clock.move(150)
    house.price("97")
    watch.quotes_changed({"AAAUSDT"})
    assert len(sells()) == ATTEMPTS_MAX + 1


# Close-outs


def test_one_position_that_cannot_be_decided_does_not_keep_the_others_from_being_sold(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade(house.desk, "buy 10 @ 100")
    trade(house.desk, "buy 10 @ 100", symbol=OTHER)
    house.price("100")
    real = house.marks.look

    def look(now: datetime, *, asked: Collection[str] = (), held: Collection[str] = ()) -> MarketLook:
        if OTHER in asked:
            raise ArithmeticError("a price that cannot be")
        return real(now, asked=asked, held=held)

    monkeypatch.setattr(house.marks, "look", look)
    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)
    live(house, 3)
    assert set(execution.queries.open_positions(PAPER)) == {OTHER}
    live(house, 600, every_s=15)

    assert endings() == [("AAAUSDT", "FLAT"), (OTHER, "GIVEN_UP")]


def test_a_price_of_last_month_does_not_keep_the_others_from_being_sold(house: House) -> None:
    trade(house.desk, "buy 10 @ 100")
    trade(house.desk, "buy 10 @ 100", symbol=OTHER)
    house.desk.board.take([make_quote(symbol=OTHER, age_s=26 * 86400)])

    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)
    live(house, 3)

    assert "AAAUSDT" not in execution.queries.open_positions(PAPER)
    assert Decision.objects.filter(symbol=OTHER, kind="HALT")[0].outcome == "APPROVED"


def resume(house: House) -> bool:
    return kill_switch.resume(
        PAPER,
        by="anna",
        reason="over",
        levels=house.levels.at(house.clock.market_now()),
        marks=house.marks,
        clock=house.clock,
    )


def test_a_delisted_symbol_is_given_up_and_the_close_out_ends_without_it(house: House) -> None:
    delisted(house)

    assert set(execution.queries.open_positions(PAPER)) == {OTHER}
    assert endings() == [("AAAUSDT", "FLAT"), (OTHER, "GIVEN_UP")]
    assert CloseOut.objects.get().given_up_at is not None
    assert Alert.objects.get(code="CLOSE_OUT_FAILED").params == {"symbols": OTHER}
    assert Alert.objects.get(code="EXIT_GIVEN_UP").params["why"] == "NO_QUOTE"
    assert Order.objects.get(side="SELL", symbol=OTHER).reason_code == "EXIT_GIVEN_UP"
    assert resume(house)


def test_nothing_is_given_up_while_the_whole_feed_is_silent(house: House) -> None:
    trade(house.desk, "buy 10 @ 100")
    house.desk.board.take([make_quote(age_s=60), make_quote(symbol=OTHER, age_s=60)])
    house.ask_for("SELL")

    for _ in range(240):
        house.look()
        house.clock.move(15)

    assert sells() == [("NEW", "")]
    assert endings() == [("AAAUSDT", "")]


def test_while_a_close_out_lasts_trading_is_not_released(house: House) -> None:
    trade(house.desk, "buy 10 @ 100")
    kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=True, clock=house.clock)

    with pytest.raises(Refused, match="still being closed"):
        resume(house)


def test_a_close_out_of_before_goes_on_with_the_order_it_had(house: House) -> None:
    """As an upgrade finds it: a row, an exit on its way, and no intent."""
    trade(house.desk, "buy 10 @ 100")
    CloseOut.objects.create(
        account=PAPER, cause="OPERATOR", asked_by="anna", reason="storm", occurred_at=house.clock.market_now()
    )
    plant_order(side="SELL", quantity="10")

    live(house, 3)

    assert sells() == [("FILLED", "")]
    assert CloseOut.objects.get().flat_at is not None


def test_an_exit_under_way_at_the_upgrade_is_tried_again(house: House) -> None:
    trade(house.desk, "buy 10 @ 100")
    plant_order(side="SELL", quantity="10")
    db.execute(import_module("risk.migrations.0011_exits_under_way").TAKE_OVER)
    refusal = rejecting(house)
    house.execute_new()
    refusal.undo()

    live(house, 3)

    assert held() == 0
    assert endings() == [("AAAUSDT", "FLAT")]


# Operators


def test_an_operator_who_joins_makes_the_next_attempt_due_at_once(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    refusal = rejecting(house)
    live(house, 20)
    refusal.undo()
    made = len(sells())

    told = said("close_position", "AAAUSDT", "--reason", "now", "--yes")
    # The command's own clock is the machine's, the house's has gone on
    ExitIntent.objects.update(next_at=house.clock.wall_now())
    live(house, 1)

    assert "its next attempt is made at once" in told
    assert len(sells()) == made + 1
    assert held() == 0


def test_a_hurried_intent_is_due_now(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    house.ask_for("SELL")
    assert not is_due(ExitIntent.objects.get().next_at, house.clock.wall_now())

    intents.hurry(PAPER, ["AAAUSDT"], house.clock)

    assert is_due(ExitIntent.objects.get().next_at, house.clock.wall_now())


def test_status_and_page_tell_what_is_leaving_what_was_given_up_and_what_is_dust(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    trade(house.desk, "buy 0.5 @ 100", symbol=OTHER)
    house.price("1", OTHER)
    house.ask_for("SELL")
    assert portfolio_exits(house) == {"AAAUSDT": "LEAVING", OTHER: "DUST"}
    assert "EXIT       AAAUSDT is to be flat" in said("status")
    rejecting(house)

    live(house, 600, every_s=15)

    assert portfolio_exits(house) == {"AAAUSDT": "NOT_SOLD", OTHER: "DUST"}
    page = said("status")
    assert "NOT SOLD   AAAUSDT after 12 attempts" in page
    assert "manage.py write_off" in page


def test_resuming_says_what_is_held_because_its_exit_was_given_up(house: House) -> None:
    delisted(house)

    told = said("resume_trading", "--reason", "over", "--by", "anna")

    assert "trading is ACTIVE" in told
    assert f"given up: {OTHER}" in told


def test_an_exit_is_explained_with_its_intent(house: House) -> None:
    trade(house.desk, "buy 2 @ 100")
    decision = house.ask_for("SELL")
    live(house, 2)

    told = said("explain", str(decision.decision_id))

    assert "SIGNAL AAAUSDT: 1 attempts, FLAT at" in told


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def portfolio_exits(house: House) -> dict[str, str | None]:
    now = house.clock.market_now()
    reading = account_reading.reading(PAPER, house.marks, now)
    states = exit_report.states(reading, house.marks)
    payload = portfolio_payload(reading, levels=house.levels.at(now), now=now, exit_states=states)
    return {row["symbol"]: row["exit"] for row in payload["positions"]}

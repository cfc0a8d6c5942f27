"""A day that the services really decided and booked comes out of its rows again; what is altered there is named."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

import execution.payments
from cdb_site.alerts.models import Alert
from replay import tasks
from replay.days import nightly
from replay.days.asking import Unplayable, limits_of, what_if
from replay.days.verifying import VerifiedDay, verify_day
from risk.loss_baselines import midnight_of
from risk.models import AuditMark, Decision
from risk.watch import kill_switch
from risk.watch.stops import WatchDesk
from tests.builders import PAPER, set_limits
from tests.integration.house.tape_rows import tape_file
from tests.integration.risk.exit_house import OTHER, live, quoted_house
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


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


def test_an_eventful_day_comes_out_of_its_rows_again(house: House) -> None:
    eventful(house)

    found = verified(house)

    assert found.first == ""
    assert (found.different, found.holes, found.not_recorded) == (0, 0, 0)
    assert found.decisions == Decision.objects.count() >= 8
    assert found.fills == 4


def altered(table: str, change: str, where: str = "true") -> None:
    """Somebody who may do everything alters one row, past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        chosen = f'SELECT ctid FROM "{table}" WHERE {where} LIMIT 1'
        cursor.execute(f'UPDATE "{table}" SET {change} WHERE ctid IN ({chosen})')
        assert cursor.rowcount == 1
        cursor.execute("SET session_replication_role = origin")


# What comes of an order, a signal or a ledger entry is told first.
NAMED_FIRST = {"order": "fill", "signal": "decision", "ledger_entry": "fill"}
BOUGHT = "side = 'BUY' AND outcome = 'APPROVED'"


@pytest.mark.parametrize(("table", "change", "where", "named"), [
    ("decision", "quantity = quantity + 1", BOUGHT, ": quantity is"),
    ("decision", "outcome = 'TRIMMED'", BOUGHT, "outcome is TRIMMED, again APPROVED"),
    ("decision", "reason_code = 'STOP_APPROVED'", BOUGHT, "reason_code is"),
    ("decision", "inputs = inputs || '{\"equity\": \"10001\"}'", BOUGHT, "inputs.equity is 10001"),
    ("decision", "inputs = inputs || '{\"breakers\": [\"JUMP\"]}'", BOUGHT, "inputs.breakers is"),
    ("decision", "inputs = inputs || '{\"paused\": true}'", BOUGHT, "inputs.paused is True, again False"),
    ("decision", "layers = '[]'", BOUGHT, "layers is"),
    ("decision", "exposure_before = exposure_before + 1", BOUGHT, "exposure_before is"),
    ("decision", "marks = '{\"BBBUSDT\": \"7\"}'", "kind = 'HALT'", "inputs.equity is"),
    ("order", "limit_price = limit_price + 1", "side = 'BUY'", ": limit_price is 102"),
    ("fill", "price = price + 1", "side = 'BUY'", ": price is 101"),
    ("fill", "realized_pnl = realized_pnl + 1", "side = 'SELL'", ": realized_pnl is"),
    ("ledger_entry", "amount = amount + 1, inventory = inventory - 1", "kind = 'TRADE'", "cash is"),
    ("signal", "strength = 0.5", "side = 'BUY'", "inputs.strength is"),
])  # fmt: skip
def test_what_is_altered_is_found_and_named(house: House, table: str, change: str, where: str, named: str) -> None:
    eventful(house)
    altered(table, change, where)

    found = verified(house)

    assert found.different >= 1
    assert found.first.startswith(f"{NAMED_FIRST.get(table, table)} ")
    assert named in found.first


def test_a_decision_that_was_taken_out_is_missed(house: House) -> None:
    eventful(house)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM decision WHERE number = 3")
        cursor.execute("SET session_replication_role = origin")

    assert "number is 4, again 3: what was decided between is missing" in verified(house).first


LOOKED = ("number", "look", "marks", "account_version", "market_now")


def test_a_decision_stored_without_its_look_is_not_taken_as_equal(house: House) -> None:
    eventful(house)
    altered("decision", f"{', '.join(f'{name} = NULL' for name in LOOKED)}", "number = 1")

    found = verified(house)

    assert (found.not_recorded, found.decisions) == (1, Decision.objects.count() - 1)


def test_the_command_says_what_differs_and_fails(house: House) -> None:
    eventful(house)
    out = io.StringIO()
    call_command("verify_day", day="today", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["different"] == 0

    altered("decision", "quantity = quantity + 1", BOUGHT)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 rows come out otherwise"):
        call_command("verify_day", day="today", stdout=out)
    first, *_, last = out.getvalue().splitlines()
    assert first.startswith("decision ") and ": quantity is" in first
    assert json.loads(last)["different"] == 1


def test_a_day_that_is_to_come_and_an_account_that_is_not_there_are_refused(house: House) -> None:
    with pytest.raises(CommandError, match="has not begun"):
        call_command("verify_day", day="2100-01-01")
    with pytest.raises(CommandError, match="'nobody' was never opened"):
        call_command("verify_day", day="today", account="nobody")


def yesterday_passes(house: House) -> None:
    """The day is over: market time goes on to the next."""
    house.clock.market += timedelta(days=1)


def alerts_open() -> list[str]:
    return list(Alert.objects.filter(code="DAY_DIFFERS", closed_at=None).values_list("key", flat=True))


def test_each_day_that_is_over_is_verified_once(house: House) -> None:
    eventful(house)
    assert nightly.due_days(PAPER, house.clock.market_now()) == []
    day = today(house)
    yesterday_passes(house)

    assert nightly.due_days(PAPER, house.clock.market_now()) == [day]
    assert nightly.verify_due(PAPER, house.clock.market_now()) == 1
    assert nightly.verify_due(PAPER, house.clock.market_now()) == 0
    assert alerts_open() == []


def test_a_day_that_differs_raises_an_alert_until_it_verifies(house: House) -> None:
    eventful(house)
    day = today(house)
    altered("decision", "quantity = quantity + 1", "number = 1")
    yesterday_passes(house)

    nightly.verify_due(PAPER, house.clock.market_now())
    assert alerts_open() == [f"paper {day}"]
    assert "quantity is" in Alert.objects.get(code="DAY_DIFFERS").params["first"]

    altered("decision", "quantity = quantity - 1", "number = 1")
    nightly.say(verify_day(PAPER, day))
    assert alerts_open() == []


def at_midnight(house: House, *, minutes: float) -> datetime:
    """So long after the end of the day that is being played."""
    return midnight_of(today(house)) + timedelta(days=1, minutes=minutes)


def test_a_day_is_due_some_minutes_after_midnight_and_not_before(house: House) -> None:
    eventful(house)
    due = [nightly.due_days(PAPER, at_midnight(house, minutes=minutes)) for minutes in (-1, 0, 4.9, 5, 60)]

    assert due == [[], [], [], [today(house)], [today(house)]]


def test_a_day_without_decisions_is_passed_over_and_verifies_when_asked_for(house: House) -> None:
    assert nightly.verify_due(PAPER, at_midnight(house, minutes=60)) == 0
    assert not Alert.objects.filter(source="replay").exists()
    out = io.StringIO()

    call_command("verify_day", day="today", stdout=out)

    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["decisions"], told["different"], told["holes"], told["untaped"]) == (0, 0, 0, 0)


def test_days_without_decisions_hold_up_no_later_one(house: House) -> None:
    eventful(house)
    day = today(house)

    assert nightly.due_days(PAPER, at_midnight(house, minutes=60) + timedelta(days=5)) == [day]


def test_a_day_without_a_tape_is_no_alarm(house: House) -> None:
    eventful(house)

    nightly.verify_due(PAPER, at_midnight(house, minutes=60))

    assert not Alert.objects.filter(source="replay").exists()
    assert verified(house).untaped == Decision.objects.count()


def test_files_of_other_days_that_are_gone_are_no_difference_of_this_one(house: House) -> None:
    eventful(house)
    tape_file(first_place="1767225600000-0", last_place="1767229200000-0")

    assert verified(house).first == ""


def test_a_hole_is_told_once_and_is_no_difference(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    eventful(house)
    lacks = VerifiedDay(account=PAPER, day=today(house), holes_told=("hole from 03:00:00 to 03:04:00: RESTART",))
    monkeypatch.setattr(nightly, "verify_day", lambda account, day: lacks)

    for minutes in (60, 70):
        nightly.verify_due(PAPER, at_midnight(house, minutes=minutes))

    (alert,) = Alert.objects.filter(source="replay")
    assert (alert.code, alert.level, alert.state, alert.params["holes"]) == ("DAY_LACKS_TAPE", "WARNING", "CLOSED", 1)


def test_a_day_that_nobody_can_verify_is_told_and_not_tried_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventful(house)

    def broken(account: str, day: date) -> VerifiedDay:
        raise ZeroDivisionError("no such number")

    monkeypatch.setattr(nightly, "verify_day", broken)
    told: list[VerifiedDay] = []

    assert nightly.verify_due(PAPER, at_midnight(house, minutes=60), told.append) == 1
    assert alerts_open() == [f"paper {today(house)}"]
    assert Alert.objects.get(code="DAY_DIFFERS").params["first"] == "ZeroDivisionError: no such number"
    assert nightly.verify_due(PAPER, at_midnight(house, minutes=90), told.append) == 0
    assert told == []


def test_a_day_that_found_the_database_away_is_due_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    eventful(house)

    def away(account: str, day: date) -> VerifiedDay:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(nightly, "verify_day", away)
        nightly.verify_due(PAPER, at_midnight(house, minutes=60))

    assert alerts_open() == []
    assert nightly.verify_due(PAPER, at_midnight(house, minutes=70)) == 1


def test_the_clock_verifies_in_a_process_of_its_own(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days ago, so that it is over whenever this runs; the day has become another one by that, and differs."""
    eventful(house)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE decision SET market_now = market_now - interval '2 days'")
        cursor.execute("SET session_replication_role = origin")
    day = today(house) - timedelta(days=2)
    monkeypatch.setenv("POSTGRES_DB", str(connection.settings_dict["NAME"]))

    assert "replay.verify_days" in settings.CELERY_BEAT_SCHEDULE
    assert tasks.verify_days() is True
    (child,) = tasks._running
    assert tasks.verify_days() is False
    assert child.wait(60) == 0

    assert alerts_open() == [f"paper {day}"]
    assert AuditMark.objects.get(code="RECORDED_DAYS paper").since.date() == day + timedelta(days=1)
    assert tasks.verify_days() is False


def test_a_check_that_is_killed_is_told_once_and_not_begun_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    eventful(house)
    monkeypatch.setattr(tasks.SYSTEM, "market_now", lambda: at_midnight(house, minutes=60))
    monkeypatch.setattr(tasks.sys, "executable", "sleep")
    monkeypatch.setattr(tasks, "WORDS", ("60",))

    assert tasks.verify_days() is True
    (child,) = tasks._running
    child.kill()
    child.wait(10)

    assert tasks.verify_days() is False
    assert alerts_open() == [f"paper {today(house)}"]
    assert "signal 9" in Alert.objects.get(code="DAY_DIFFERS").params["first"]


# What if


def test_a_real_day_with_its_own_limits_changes_nothing(house: House) -> None:
    eventful(house)

    found = what_if(PAPER, today(house), {})

    assert (found.changed, found.gone, found.new) == (0, 0, 0)
    assert found.recorded == found.other
    assert found.recorded.orders == 4


def test_a_real_day_with_tighter_limits_is_another_one(house: House) -> None:
    eventful(house)

    found = what_if(PAPER, today(house), limits_of(["MAX_POSITION_PCT=0.02"]))

    assert found.changed > 0 and found.modelled > 0
    assert found.first is not None and found.first.kind == "SIGNAL" and found.first.side == "BUY"
    assert found.other.pnl != found.recorded.pnl


@pytest.mark.parametrize(("wish", "named"), [
    ("NONSENSE=1", "NONSENSE is no limit; there are MAX_"),
    ("MAX_POSITION_PCT=5", "MAX_POSITION_PCT=5"),
    ("MAX_POSITION_PCT", "is not of the form NAME=VALUE"),
    ("THRESHOLD=0.01", "THRESHOLD is no limit"),
])  # fmt: skip
def test_a_wish_that_cannot_be_played_is_named(wish: str, named: str) -> None:
    with pytest.raises(Unplayable, match=named):
        limits_of([wish])


def test_a_day_without_decisions_says_which_days_have_some(house: House) -> None:
    with pytest.raises(Unplayable, match="has no decision yet"):
        what_if(PAPER, today(house), {})
    eventful(house)
    with pytest.raises(Unplayable, match=f"choose a day from {today(house)}"):
        what_if(PAPER, date(2020, 1, 1), {})
    with pytest.raises(Unplayable, match="has not begun"):
        what_if(PAPER, date(2100, 1, 1), {}, today=today(house))


def test_the_command_tells_both_sides_and_ends_with_json(house: House) -> None:
    eventful(house)
    out = io.StringIO()

    call_command("what_if", day="today", limit=["max_position_pct=0.02"], stdout=out)

    lines = out.getvalue().splitlines()
    told: dict[str, Any] = json.loads(lines[-1])
    assert told["changed"] > 0 and told["first"]["side"] == "BUY"
    assert any(line.startswith("first: ") for line in lines)

"""The clock verifies each day that is over once, and tells what differs, is missing, or could not be looked at."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from cdb_site.alerts.models import Alert
from replay import tasks
from replay.days import nightly
from replay.days.verifying import VerifiedDay, verify_day
from risk.loss_baselines import midnight_of
from risk.models import AuditMark, Decision
from tests.builders import PAPER
from tests.integration.house.tape_rows import tape_file
from tests.integration.replay.day_house import altered, eventful, today, verified
from tests.integration.replay.day_house import house as _house
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
house = _house


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

"""What the mode keeper says: rows for others, the mode on log lines, alerts; a withdrawn key is noticed in seconds."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from cdb_site import logs, mode_told
from cdb_site.alerts.models import Alert
from execution.mode_keeper import ModeKeeper
from execution.models import ModeChange
from tests.builders import open_paper_account, plant_instrument, plant_order
from tests.integration.execution.live_house import enable, later, make_live_desk, withdraw

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def _account(valkey: Any) -> Iterator[None]:
    plant_instrument()
    open_paper_account()
    yield
    logs.tell_mode("PAPER")


@pytest.fixture
def keeper() -> ModeKeeper:
    runtime: Any = SimpleNamespace(instance="1")
    return ModeKeeper(runtime)


def line() -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "tests", "levelno": logging.INFO, "levelname": "INFO", "msg": "hello"})
    found: dict[str, Any] = json.loads(logs.JsonFormatter().format(record))
    return found


def said() -> list[str]:
    return list(ModeChange.objects.order_by("id").values_list("mode", flat=True))


def opened() -> set[str]:
    return set(Alert.objects.exclude(state="CLOSED").values_list("code", flat=True))


def told_by(code: str) -> dict[str, Any]:
    params: dict[str, Any] = Alert.objects.exclude(state="CLOSED").get(code=code).params
    return params


def test_the_mode_is_said_once_and_again_when_it_is_another(keeper: ModeKeeper, tmp_path: Path) -> None:
    desk = make_live_desk(tmp_path)
    keeper.keep(desk)
    keeper.keep(desk)
    assert (said(), line()["execution_mode"]) == (["PAPER"], "PAPER")
    assert ModeChange.objects.get().lacks == {"TEST": ["MODE"], "LIVE": ["ENABLED", "LIMITS"]}
    assert opened() == {"MODE_NOT_AS_ASKED"}

    enable()
    later(desk)
    keeper.keep(desk)
    assert (said(), line()["execution_mode"]) == (["PAPER", "LIVE"], "LIVE")
    assert opened() == set()

    withdraw()
    later(desk)
    keeper.keep(desk)
    assert (said(), line()["execution_mode"]) == (["PAPER", "LIVE", "PAPER"], "PAPER")
    assert told_by("MODE_NOT_AS_ASKED")["missing"] == "ENABLED, LIMITS"


def test_a_process_that_starts_again_in_the_same_mode_says_nothing_new(keeper: ModeKeeper, tmp_path: Path) -> None:
    keeper.keep(make_live_desk(tmp_path, EXECUTION_MODE="PAPER", VENUE="PAPER"))
    ModeKeeper(keeper.runtime).keep(make_live_desk(tmp_path, EXECUTION_MODE="PAPER", VENUE="PAPER"))

    assert said() == ["PAPER"]
    assert opened() == set()


def test_others_know_the_mode_from_what_execution_said(keeper: ModeKeeper, tmp_path: Path, settings: Any) -> None:
    assert mode_told.read().mode == "PAPER"
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, VENUE="MEXC", EXECUTION_MODE="LIVE")
    assert (mode_told.read().mode, mode_told.read().venue) == ("UNKNOWN", "UNKNOWN")

    desk = make_live_desk(tmp_path)
    keeper.keep(desk)
    assert mode_told.read().missing == ("ENABLED", "LIMITS")
    assert mode_told.lacks() == {"TEST": ["MODE"], "LIVE": ["ENABLED", "LIMITS"]}

    enable()
    later(desk)
    keeper.keep(desk)
    assert (mode_told.read().mode, mode_told.read().venue, mode_told.read().missing) == ("LIVE", "MEXC", ())


def test_the_log_of_another_service_follows_within_seconds(keeper: ModeKeeper, tmp_path: Path, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, VENUE="MEXC", EXECUTION_MODE="LIVE")
    enable()
    keeper.keep(make_live_desk(tmp_path))
    logs.tell_mode("UNKNOWN")
    follower = mode_told.ModeFollower()

    follower.look(10.0)
    assert line()["execution_mode"] == "LIVE"

    withdraw()
    desk = make_live_desk(tmp_path)
    keeper.keep(desk)
    logs.tell_mode("LIVE")
    follower.look(12.9)
    assert line()["execution_mode"] == "LIVE"
    follower.look(13.1)
    assert line()["execution_mode"] == "PAPER"


def test_what_was_bought_with_money_and_cannot_be_sold_raises_the_alarm(keeper: ModeKeeper, tmp_path: Path) -> None:
    enable()
    make_live_desk(tmp_path).execute([plant_order().order_id])

    keeper.keep(make_live_desk(tmp_path, MEXC_API_KEY="", MEXC_API_SECRET=""))
    assert told_by("VENUE_OUT_OF_REACH")["symbols"] == "AAAUSDT"

    keeper.keep(make_live_desk(tmp_path))
    assert "VENUE_OUT_OF_REACH" not in opened()


def test_the_newest_row_of_a_mode_with_a_missing_key_is_always_paper(keeper: ModeKeeper, tmp_path: Path) -> None:
    for changes in ({}, {"EXECUTION_MODE": "TEST"}, {"LIVE_TRADING": "no"}, {"MEXC_API_KEY": ""}):
        keeper.keep(make_live_desk(tmp_path, **changes))

    with connection.cursor() as cursor:
        cursor.execute("SELECT mode, missing <> '[]' FROM mode_change ORDER BY id")
        assert cursor.fetchall() == [("PAPER", True), ("TEST", False), ("PAPER", True), ("PAPER", True)]

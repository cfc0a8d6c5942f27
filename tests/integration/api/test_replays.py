"""Runs of the replay through the API: asked for, read, canceled, deleted, and their rows page by page."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from replay import operations
from replay.models import ReplayRun
from tests.integration.api.api_house import csv_rows, fields, problem, program
from tests.integration.house.replay_rows import DONE, replay_decision, replay_run, replay_trip

pytestmark = pytest.mark.django_db
WISH = {"from": "2026-01-01", "to": "2026-01-02", "symbols": "aaausdt", "max_exposure_pct": "0.4"}


@pytest.fixture(autouse=True)
def _an_account_with_limits() -> None:
    call_command("open_account", verbosity=0)
    call_command("seed_limits", verbosity=0)


def test_a_run_is_asked_for_once_however_often_its_key_arrives() -> None:
    mine, key = program("operator"), uuid4()

    answers = [mine.post("replays/begin/", WISH, key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["run_id"] == str(key)
    assert (ReplayRun.objects.count(), ReplayRun.objects.get().state) == (1, "QUEUED")
    problem(mine.post("replays/begin/", WISH | {"to": "2026-01-03"}, key=key), 422, "key-used")


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"from": ""}, "from"), ({"fill": "NOON"}, "fill"), ({"kind": "WHIM"}, "kind"), ({"wish": "x"}, "wish")],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(changes: dict[str, Any], field: str) -> None:
    answer = program("operator").act("replays/begin/", WISH | changes)

    assert field in fields(problem(answer, 400, "bad-value"))
    assert ReplayRun.objects.count() == 0


DAY = {"kind": "WHAT_IF", "day": "2026-01-02"}
LEVELS = WISH | {"kind": "SEARCH", "threshold": "0.005..0.03:0.005"}


def test_the_other_kinds_are_asked_for_by_the_same_address() -> None:
    mine = program("operator")

    day = mine.post("replays/begin/", DAY | {"stop_loss_pct": "0.015"}, key=uuid4())
    search = mine.post("replays/begin/", LEVELS, key=uuid4())

    assert [(answer.status_code, answer.json()["kind"]) for answer in (day, search)] == [
        (202, "WHAT_IF"),
        (202, "SEARCH"),
    ]
    assert (day.json()["parameters"]["day"], day.json()["parameters"]["values"]) == (
        "2026-01-02",
        {"STOP_LOSS_PCT": "0.015"},
    )
    assert search.json()["parameters"]["levels"] == {"THRESHOLD": "0.005..0.03:0.005"}


def test_what_of_the_other_kinds_is_wrong_is_named() -> None:
    mine = program("operator")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kind": "WHAT_IF"}, "day"),
        (DAY | {"day": "2199-01-01"}, "day"),
        (DAY | {"threshold": "0.01"}, "threshold"),
        (DAY | {"stop_loss_pct": "7"}, "stop_loss_pct"),
        (LEVELS | {"threshold": "0.01"}, "levels"),
        (LEVELS | {"rule": "PEERS"}, "rule"),
        (LEVELS | {"random": "many"}, "random"),
    ]

    for wish, field in wrong:
        assert field in fields(problem(mine.act("replays/begin/", wish), 400, "bad-value")), wish
    assert ReplayRun.objects.count() == 0


def test_a_viewer_reads_and_does_nothing() -> None:
    run, viewer = replay_run(**DONE), program("viewer")

    for path in ("replays/begin/", f"replays/{run.run_id}/cancel/", f"replays/{run.run_id}/delete/"):
        problem(viewer.act(path), 403, "not-allowed")

    assert viewer.get(f"replays/{run.run_id}/").json()["result"] == {}


def test_a_run_is_canceled_and_then_deleted_and_what_cannot_be_done_is_said() -> None:
    run, mine = operations.ask(uuid4(), "REPLAY", {}, by="anna"), program("operator")
    place = f"replays/{run.run_id}/"

    problem(mine.post(f"{place}delete/"), 409, "refused")
    assert mine.post(f"{place}cancel/").json()["state"] == "CANCELED"
    problem(mine.post(f"{place}cancel/"), 409, "refused")
    assert mine.post(f"{place}delete/").status_code == 204
    problem(mine.get(place), 404, "not-found")
    problem(mine.post(f"{place}delete/"), 404, "not-found")


def test_its_rows_come_page_by_page_and_as_csv_and_never_those_of_another_run() -> None:
    run, other, mine = replay_run(**DONE), replay_run(**DONE), program()
    for number in range(1, 6):
        replay_decision(run, number=number, symbol=("AAAUSDT", "BBBUSDT")[number % 2])
        replay_trip(run, number=number)
    replay_decision(other)
    place = f"replays/{run.run_id}/"

    assert [row["number"] for row in mine.all_pages(f"{place}decisions/", limit=2)] == [1, 2, 3, 4, 5]
    assert [row["number"] for row in mine.all_pages(f"{place}decisions/", symbol="AAAUSDT")] == [2, 4]
    assert len(csv_rows(mine.get(f"{place}trips/", format="csv"))) == 5
    problem(mine.get(f"replays/{uuid4()}/trips/"), 404, "not-found")

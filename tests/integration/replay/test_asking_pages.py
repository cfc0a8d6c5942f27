"""Asking for a run on its page: as operator, viewer and nobody; twice, wrong, too much, and what an act answers."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client

from replay import operations
from replay.models import ReplayRun
from tests.integration.house.replay_rows import DONE, replay_run
from tests.integration.people.house import browser, person

pytestmark = pytest.mark.django_db
WISH = {"from": "2026-01-01", "to": "2026-01-03", "symbols": "aaausdt, bbbusdt", "max_exposure_pct": "40 %"}
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _replays_and_what_ifs_can_be_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replay.wishes.OFFERED", ("REPLAY", "WHAT_IF"))
    call_command("open_account", verbosity=0)
    call_command("seed_limits", verbosity=0)


@pytest.fixture
def operator() -> Client:
    return browser(person("operator"))


def wish(**changes: str) -> dict[str, str]:
    return {"key": uuid4().hex, "kind": "REPLAY", **WISH, **changes}


def test_an_operator_asks_for_a_run_which_waits(operator: Client) -> None:
    answer = operator.post("/replays/new/", wish())

    run = ReplayRun.objects.get()
    assert answer["Location"] == f"/replays/{run.run_id}/"
    assert (run.state, run.kind, run.parameters["values"]) == ("QUEUED", "REPLAY", {"MAX_EXPOSURE_PCT": "0.4"})
    assert run.parameters["symbols"] == ["AAAUSDT", "BBBUSDT"]
    # Both days are played: the last one ends with the midnight after it.
    assert (run.parameters["from"][:10], run.parameters["to"][:10]) == ("2026-01-01", "2026-01-04")


def test_the_same_form_sent_twice_makes_one_run(operator: Client) -> None:
    sent = wish()

    answers = [operator.post("/replays/new/", sent)["Location"] for _ in range(2)]

    assert len(set(answers)) == ReplayRun.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2025-12-30"}, "to"),
        ({"from": "2190-01-01", "to": "2190-01-02"}, "from"),
        ({"from": "1990-01-01", "to": "2026-01-01"}, "from"),
        ({"from": "2001-01-01", "to": "2026-01-01"}, "to"),
        ({"symbols": "A-B"}, "symbols"),
        ({"spread_bps": "10000"}, "spread_bps"),
        ({"after_halt": "0"}, "after_halt"),
        ({"max_exposure_pct": "200 %"}, "max_exposure_pct"),
        ({"threshold": "1 %", "exit": "2 %"}, "exit"),
        ({"top_n": "many"}, "top_n"),
    ],
)
def test_what_cannot_be_played_is_said_beside_its_field_and_the_form_keeps_what_was_typed(
    operator: Client, changes: dict[str, str], field: str
) -> None:
    answer = operator.post("/replays/new/", wish(**changes))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="problem-{field}"' in page
    assert "aaausdt" in page or "A-B" in page
    assert ReplayRun.objects.count() == 0


def test_a_kind_that_nothing_carries_out_is_refused_in_words(operator: Client) -> None:
    answer = operator.post("/replays/new/", wish(kind="SEARCH"))

    assert answer.status_code == 422
    assert "one of: REPLAY, WHAT_IF" in answer.content.decode()


def test_a_day_with_other_limits_takes_limits_and_no_other_strategy(operator: Client) -> None:
    day = {"key": uuid4().hex, "kind": "WHAT_IF", "day": "2026-01-02", "max_exposure_pct": "0.4"}

    assert operator.post("/replays/new/", day | {"threshold": "0.01"}).status_code == 422
    assert operator.post("/replays/new/", day | {"day": "2199-01-01"}).status_code == 422
    assert operator.post("/replays/new/", day).status_code == 302

    assert ReplayRun.objects.get().parameters["day"] == "2026-01-02"


def test_the_form_of_an_earlier_run_has_what_that_one_was_asked(operator: Client) -> None:
    operator.post("/replays/new/", wish(spread_bps="7"))

    page = operator.get(f"/replays/new/?earlier={ReplayRun.objects.get().run_id}").content.decode()

    for value in ("2026-01-01", "2026-01-03", "AAAUSDT BBBUSDT", "0.4", "7"):
        assert f'value="{value}"' in page


@pytest.mark.parametrize("role", ["viewer", "nobody"])
def test_who_is_no_operator_starts_cancels_and_deletes_nothing(role: str) -> None:
    client = Client() if role == "nobody" else browser(person(role))
    waiting = operations.ask(uuid4(), "REPLAY", {}, by="anna")

    answers = [
        client.post("/replays/new/", wish()),
        client.post(f"/replays/{waiting.run_id}/act/cancel/"),
        client.post(f"/replays/{waiting.run_id}/act/delete/"),
    ]

    assert {answer.status_code for answer in answers} == {302 if role == "nobody" else 403}
    assert [run.state for run in ReplayRun.objects.all()] == ["QUEUED"]


def test_a_running_run_is_not_deleted_and_the_answer_says_why(operator: Client) -> None:
    run = operations.ask(uuid4(), "REPLAY", {}, by="anna")
    operator.post(f"/replays/{run.run_id}/act/cancel/")
    other = operations.ask(uuid4(), "REPLAY", {}, by="anna")

    refused = operator.post(f"/replays/{other.run_id}/act/delete/", headers=JSON).json()
    twice = operator.post(f"/replays/{run.run_id}/act/cancel/", headers=JSON).json()
    done = operator.post(f"/replays/{run.run_id}/act/delete/", headers=JSON).json()

    assert (refused["state"], "cancel it first" in refused["words"]) == ("REFUSED", True)
    assert (twice["state"], "over" in twice["words"]) == ("REFUSED", True)
    assert done == {"state": "DONE", "words": "The run is deleted.", "next": "/replays/"}


@pytest.mark.parametrize("path", ["act/burn/", "rows/orders/", "file/orders/", "decisions/1/"])
def test_what_a_run_does_not_have_is_not_found(operator: Client, path: str) -> None:
    run = replay_run(**DONE)

    assert operator.get(f"/replays/{run.run_id}/{path}").status_code == 404


def test_a_run_whose_result_is_of_an_older_form_still_has_its_page(operator: Client) -> None:
    run = replay_run(**DONE)

    answer: Any = operator.get(f"/replays/{run.run_id}/")

    assert answer.status_code == 200
    assert b"Done" in answer.content

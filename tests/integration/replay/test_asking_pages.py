"""Asking for a run on its page: as operator, viewer and nobody; twice, wrong, too much, and what an act answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client

from dashboard.replays import form
from replay import operations
from replay.management.commands.search_parameters import Command as SearchCommand
from replay.models import ReplayRun
from replay.search_wishes import command_of
from replay.wishes import read_run
from tests.integration.house.replay_rows import DONE, replay_run
from tests.integration.people.house import browser, person

pytestmark = pytest.mark.django_db
WISH = {"from": "2026-01-01", "to": "2026-01-03", "symbols": "aaausdt, bbbusdt", "max_exposure_pct": "40 %"}
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _an_account_with_limits() -> None:
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
    answer = operator.post("/replays/new/", wish(kind="WHIM"))

    assert answer.status_code == 422
    assert "one of: REPLAY, WHAT_IF, SEARCH" in answer.content.decode()


def test_a_day_with_other_limits_takes_limits_and_no_other_strategy(operator: Client) -> None:
    day = {"key": uuid4().hex, "kind": "WHAT_IF", "day": "2026-01-02", "max_exposure_pct": "0.4"}

    assert operator.post("/replays/new/", day | {"threshold": "0.01"}).status_code == 422
    assert operator.post("/replays/new/", day | {"day": "2199-01-01"}).status_code == 422
    assert operator.post("/replays/new/", day).status_code == 302

    assert ReplayRun.objects.get().parameters["day"] == "2026-01-02"


def test_a_day_before_all_accounts_is_refused_beside_its_field(operator: Client) -> None:
    answer = operator.post("/replays/new/", {"key": str(uuid4()), "kind": "WHAT_IF", "day": "0001-01-01"})

    assert answer.status_code == 422
    assert "a day such as 2026-01-31" in answer.content.decode()
    assert not ReplayRun.objects.exists()


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


SEARCH = {"kind": "SEARCH", "from": "2026-01-01", "to": "2026-01-03", "symbols": "aaausdt", "threshold": "1 %, 2 %"}


def search(**changes: str) -> dict[str, str]:
    return {"key": uuid4().hex, **SEARCH, **changes}


def test_a_search_keeps_levels_as_the_command_writes_them_and_what_is_fixed(operator: Client) -> None:
    typed = search(
        stop_loss_pct="0.01..0.03:0.01", exit="-0.5 %", random="4", seed="7", by="net", walk_forward="1D/12h"
    )

    operator.post("/replays/new/", typed)

    kept = ReplayRun.objects.get().parameters
    assert kept["levels"] == {"THRESHOLD": "0.01, 0.02", "STOP_LOSS_PCT": "0.01..0.03:0.01"}
    assert kept["values"] == {"EXIT": "-0.005"}
    assert (kept["random"], kept["seed"], kept["by"], kept["walk_forward"]) == (4, 7, "NET", "1d/12h")
    assert "rule" not in kept


NONSENSE = "\u2603 <b>x</b> \x00 1e999999 ..:"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(({name: NONSENSE}, name) for name in (
            "from", "to", "symbols", "spread_bps", "after_halt", "fill", "marks", "by", "random", "seed",
            "walk_forward", "manner", "threshold", "exit", "min_volume", "top_n", "lookback_minutes", "stop_loss_pct",
            "max_exposure_pct")),
        ({"threshold": "0,05"}, "threshold"),
        ({"threshold": "0.01,2"}, "threshold"),
        ({"threshold": "0.03..0.01:0.005"}, "threshold"),
        ({"threshold": "0..1e999999:1"}, "threshold"),
        ({"threshold": "0..1:1e-999999"}, "threshold"),
        ({"threshold": "nan,inf"}, "threshold"),
        ({"exit": "-0.01,0e-999999"}, "exit"),
        ({"threshold": "0.01," * 100}, "threshold"),
        ({"threshold": "0.01,0.02", "exit": "0.05,0.06"}, "exit"),
        ({"threshold": "0.01,0.02", "exit": "0.05"}, "exit"),
        ({"lookback_minutes": "1,999999999"}, "lookback_minutes"),
        ({"random": "0"}, "random"),
        ({"random": "5001"}, "random"),
        ({"seed": "-1"}, "seed"),
        ({"walk_forward": "0d/1d"}, "walk_forward"),
        ({"walk_forward": "90d/30d"}, "walk_forward"),
        ({"walk_forward": "1h/1h", "to": "2026-02-20"}, "walk_forward"),
        ({"walk_forward": "9999999999999d/1d"}, "walk_forward"),
        ({"top_n": "1..100:1", "stop_loss_pct": "0.001..0.1:0.001"}, "random"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_said_beside_its_field(
    operator: Client, changes: dict[str, str], field: str
) -> None:
    answer = operator.post("/replays/new/", search(**changes))

    assert answer.status_code == 422
    assert f'id="problem-{field}"' in answer.content.decode()
    assert ReplayRun.objects.count() == 0


def test_a_search_of_one_set_says_that_something_must_vary(operator: Client) -> None:
    answer = operator.post("/replays/new/", search(threshold="0.01"))

    assert (answer.status_code, "give at least one parameter several levels" in answer.content.decode()) == (422, True)


def test_too_much_for_beside_trading_is_refused_with_the_command_that_does_it(operator: Client) -> None:
    typed = search(**{"from": "2025-01-01", "to": "2025-12-31", "threshold": "0.001..0.1:0.001", "top_n": "1..20:1"})

    page = operator.post("/replays/new/", typed).content.decode()

    assert 'id="problem-to"' in page
    command = "manage.py search_parameters --from 2025-01-01T00:00Z --to 2026-01-01T00:00Z --symbols AAAUSDT --set"
    assert f"{command} THRESHOLD=0.001..0.1:0.001 TOP_N=1..20:1" in page


def test_a_walk_forward_counts_as_the_work_it_is(operator: Client) -> None:
    typed = search(**{"from": "2025-01-01", "to": "2025-12-31", "threshold": "0.001..0.1:0.0001"})
    assert operator.post("/replays/new/", typed).status_code == 302

    answer = operator.post("/replays/new/", search(**typed | {"key": uuid4().hex, "walk_forward": "60d/2d"}))

    assert (answer.status_code, 'id="problem-to"' in answer.content.decode()) == (422, True)


def test_the_command_that_is_named_is_one_that_the_command_line_reads(operator: Client) -> None:
    typed = {name: text for name, text in search(stop_loss_pct="0.01,0.02", random="2", walk_forward="1d/12h",
             manner="ANCHORED", after_halt="90", exit="-0.01").items() if name not in ("key", "kind")}  # fmt: skip
    wish = read_run("SEARCH", typed, datetime(2026, 3, 1, tzinfo=UTC))

    parser = SearchCommand().create_parser("manage.py", "search_parameters")
    read = vars(parser.parse_args(command_of(wish.parameters).split()[2:]))

    assert read["set"] == ["EXIT=-0.01", "THRESHOLD=0.01,0.02"]
    assert (read["limit"], read["random"], read["manner"]) == (["STOP_LOSS_PCT=0.01,0.02"], 2, "ANCHORED")
    assert read["since"].isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("kind", ["REPLAY", "WHAT_IF", "SEARCH"])
def test_every_kind_has_a_form_that_is_sent_as_it_is_filled(operator: Client, kind: str) -> None:
    page = operator.get(f"/replays/new/?kind={kind}").content.decode()

    for name in set(form.FIELDS[kind][0]) | set(form.FIELDS[kind][1]):
        assert f'name="{name}"' in page


def test_two_searches_and_other_runs_are_not_compared(operator: Client) -> None:
    runs = [replay_run(kind="SEARCH", **DONE) for _ in range(2)]

    answer = operator.get("/replays/compare/", {"run": [str(run.run_id) for run in runs]})

    assert (answer.status_code, b"Two finished replays can be compared" in answer.content) == (422, True)

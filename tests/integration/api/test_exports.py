"""Files of the API: whole, for everybody who may read, in three formats; and what cannot be meant is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import OperationalError, connection
from django.test import Client

from cdb_site.streamed import streamed
from execution.models import Fill
from risk.exports import reading, writing
from risk.exports.tables import TABLES
from risk.exports.wishes import read_wish
from tests.builders import PAPER
from tests.integration.api.api_house import LISTS, Program, fields, moment, order, person, problem, program
from tests.integration.risk.export_house import booked, decided

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
NOON = moment(0)


@async_to_sync
async def gathered(parts: AsyncIterator[Any]) -> bytes:
    return b"".join([part.encode() if isinstance(part, str) else part async for part in parts])


def body(answer: Any) -> str:
    """The whole of a file that is streamed."""
    assert answer.status_code == 200 and answer.streaming, answer
    return gathered(answer.streaming_content).decode()


@pytest.fixture
def reader() -> Program:
    for number in range(3):
        booked("buy 2 @ 100; sell 2 @ 101.5", *[NOON + timedelta(minutes=number)] * 2)
        decided(NOON + timedelta(minutes=number))
    return program()


@pytest.mark.parametrize("what", TABLES)
def test_a_file_has_in_every_format_what_the_command_writes(reader: Program, what: str) -> None:
    for form, content_type in writing.CONTENT_TYPES.items():
        answer = reader.get(f"export/{what}/", format=form)

        wish = read_wish(what, {"format": form})
        assert answer["Content-Type"] == content_type
        assert body(answer) == "".join(writing.written(wish, writing.rows_of(wish, PAPER)))
        assert answer["Content-Disposition"].startswith(f'attachment; filename="{what}-')
        assert answer["Content-Disposition"].endswith(f'.{form}"')


def test_the_rows_of_a_file_are_the_rows_of_the_list(reader: Program) -> None:
    pairs = {"orders": "orders/", "fills": "fills/", "ledger": "ledger/", "round-trips": "round-trips/"}
    for what, path in pairs.items():
        told = json.loads(body(reader.get(f"export/{what}/", format="json")))
        listed = reader.all_pages(path)

        assert told and sorted(told, key=str) == sorted(listed, key=str)
        assert list(told[0]) == list(listed[0])
    [decision, *_] = json.loads(body(reader.get("export/decisions/", format="json")))
    assert list(decision) == list(reader.all_pages("decisions/")[0])


@pytest.mark.parametrize("accept", ["text/csv", "application/json", "application/x-ndjson"])
def test_the_header_accept_chooses_the_format(reader: Program, accept: str) -> None:
    answer = reader.client.get("/api/v1/export/fills/", headers=reader.headers({"Accept": accept}))

    assert answer["Content-Type"].startswith(accept)


def test_filters_and_days_narrow_it(reader: Program) -> None:
    def count(**asked: str) -> int:
        return len(body(reader.get("export/fills/", format="jsonl", **asked)).splitlines())

    day = NOON.date()
    assert count() == 6
    assert count(side="BUY", symbol="aaausdt") == 3
    assert count(symbol="NOUSDT") == 0
    assert count(**{"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat()}) == 6
    assert count(to=(day - timedelta(days=1)).isoformat()) == 0


def test_the_sentence_of_a_decision_is_in_the_language_that_is_asked_for(reader: Program) -> None:
    [english, *_] = json.loads(body(reader.get("export/decisions/", format="json")))
    [german, *_] = json.loads(body(Program(reader.token, "de").get("export/decisions/", format="json")))

    assert english["sentence"] != german["sentence"]
    assert english["decision_id"] == german["decision_id"]


@pytest.mark.parametrize(
    ("what", "asked", "field"),
    [
        ("fills", {"from": "2026-13-01"}, "from"),
        ("fills", {"to": "x" * 5000}, "to"),
        ("fills", {"from": "2026-02-02", "to": "2026-01-01"}, "from"),
        ("fills", {"zone": "../../etc/passwd"}, "zone"),
        ("fills", {"zone": "Europe"}, "zone"),
        ("fills", {"symbol": "A\x00B"}, "symbol"),
        ("fills", {"state": "FILLED"}, "state"),
        ("ledger", {"symbol": "AAAUSDT"}, "symbol"),
        ("tax", {"numbers": "roman"}, "numbers"),
        ("tax", {"since": "2026-01-01T00:00:00Z"}, "since"),
        ("orders", {"order_id": "1"}, "order_id"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(what: str, asked: dict[str, str], field: str) -> None:
    told = problem(program().get(f"export/{what}/", **asked), 400, "bad-value")

    assert fields(told) == {field}
    assert len(json.dumps(told)) < 2000


def test_another_format_and_another_file_are_not_there() -> None:
    asking = program()

    problem(asking.get("export/fills/", format="xml"), 404, "not-found")
    problem(asking.get("export/wishes/"), 404, "not-found")
    problem(
        asking.client.get("/api/v1/export/fills/", headers=asking.headers({"Accept": "image/png"})),
        406,
        "not-acceptable",
    )


def test_everybody_who_is_logged_in_may_read_and_nobody_else() -> None:
    booked("buy 1 @ 100", NOON)
    for role in ("viewer", "operator", "admin"):
        assert len(body(program(role).get("export/fills/")).splitlines()) == 2
    problem(Program().get("export/fills/"), 401, "not-authenticated")
    problem(program("viewer", "ben").post("export/fills/"), 405, "method-not-allowed")

    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(person("viewer", "clara"))
    assert body(browser.get("/api/v1/export/fills/")).startswith("fill_id,")


def test_who_asks_too_often_waits(settings: Any) -> None:
    asking = program()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, API_REQUESTS_PER_MINUTE=2)

    answers = [asking.get("export/fills/").status_code for _ in range(6)]

    assert 429 in answers and answers[0] == 200


def test_without_an_account_every_file_is_whole_and_empty() -> None:
    asking = program()
    for what in TABLES:
        rows = json.loads(body(asking.get(f"export/{what}/", format="json")))
        assert len(rows) == (what == "tax")


@pytest.mark.parametrize("form", writing.CONTENT_TYPES)
def test_a_file_that_breaks_off_ends_with_a_line_that_says_so(
    reader: Program, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PORTION", 2)
    read, portions = reading.portions, []

    def breaking(*asked: Any) -> Iterator[Any]:
        for portion in read(*asked):
            portions.append(portion)
            if len(portions) > 1:
                raise OperationalError("the server closed the connection unexpectedly")
            yield portion

    monkeypatch.setattr(writing, "portions", breaking)

    last = body(reader.get("export/fills/", format=form)).rstrip("\n").splitlines()[-1]

    assert "This file is not whole" in last
    assert last.startswith("# ") if form == "csv" else "broken_off" in json.loads(last)


def test_no_transaction_is_open_while_somebody_receives(reader: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PORTION", 1)
    wish = read_wish("fills", {})
    open_between = []

    async def slowly() -> None:
        async for _ in streamed(writing.written(wish, writing.rows_of(wish, PAPER)), "en", writing.broken(wish)):
            open_between.append(await sync_to_async(lambda: connection.in_atomic_block)())

    async_to_sync(slowly)()

    assert open_between == [False] * (1 + Fill.objects.count())


def test_hostile_texts_are_cells_and_nothing_else() -> None:
    order(0, reason_code='a,"b"\nc', state="REJECTED")
    order(2, reason_code="@SUM(A1)", state="REJECTED")

    told = list(csv.DictReader(io.StringIO(body(program().get("export/orders/")))))

    assert [row["reason_code"] for row in told] == ['a,"b"\nc', "'@SUM(A1)"]
    assert set(LISTS) >= {"orders/"}

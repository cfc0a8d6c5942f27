"""Every list: empty, to its end while rows are added, narrowed, as CSV; what it does not know is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.urls import urlpatterns
from tests.integration.api import api_house as house
from tests.integration.api.api_house import LISTS, Program, csv_rows, fields, problem, program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
every_list = pytest.mark.parametrize("path", LISTS)
# Read whole: they are bounded by what is watched.
WHOLE = {"positions/", "quotes/"}


@pytest.fixture
def reader() -> Program:
    return program("viewer")


def test_no_list_is_left_out() -> None:
    lists = {str(row.pattern) for row in urlpatterns if hasattr(getattr(row.callback, "cls", None), "key")}

    # Rows of one run are tried beside it: `test_replays.py`.
    assert {path for path in lists if not path.startswith("replays/<")} == set(LISTS)


@every_list
def test_a_list_without_rows_is_an_empty_page(reader: Program, path: str) -> None:
    _, _, needed = LISTS[path]

    answer = reader.get(path, **needed)

    assert answer.json() == {"next": None, "results": []}
    table = csv_rows(reader.get(path, format="csv", **needed))
    assert table == []


@every_list
def test_whoever_pages_to_the_end_while_rows_are_added_meets_every_row_once(reader: Program, path: str) -> None:
    plant, name, needed = LISTS[path]
    rows = {str(plant_one(plant, number, name)) for number in range(11)}
    ascending = path in ("instruments/", "universe/")

    answer = reader.get(path, limit=3, **needed)
    met = [told(row[name]) for row in answer.json()["results"]]
    plant_one(plant, 60, name)
    while following := answer.json()["next"]:
        answer = reader.get(following)
        assert len(answer.json()["results"]) <= 3
        met += [told(row[name]) for row in answer.json()["results"]]

    assert len(met) == len(set(met)), "a row came twice"
    assert set(met) - rows <= ({met[-1]} if ascending else set()), "only what sorts last may have come in"
    assert rows <= set(met), "a row was left out"


def plant_one(plant: Callable[[int], Any], number: int, name: str) -> str:
    row = plant(number)
    row.refresh_from_db()
    return told(getattr(row, "instrument_id" if name == "symbol" and hasattr(row, "instrument_id") else name))


def told(value: Any) -> str:
    return house.iso(value) if hasattr(value, "tzinfo") else str(value)


@every_list
def test_a_page_costs_the_same_wherever_it_begins_and_counts_nothing(reader: Program, path: str) -> None:
    plant, name, needed = LISTS[path]
    for number in range(7):
        plant_one(plant, number, name)
    second = reader.get(path, limit=2, **needed).json()["next"]

    with CaptureQueriesContext(
        connection,
    ) as asked:
        reader.get(second)

    statements = [query["sql"].upper() for query in asked.captured_queries]
    assert not [text for text in statements if "OFFSET" in text or "COUNT(" in text]


@every_list
def test_a_page_as_csv_has_the_rows_of_the_page_as_json_and_the_link_to_the_next(reader: Program, path: str) -> None:
    plant, name, needed = LISTS[path]
    for number in range(3):
        plant_one(plant, number, name)

    page, sheet = (reader.get(path, limit=2, format=form, **needed) for form in ("json", "csv"))

    assert [row[name] for row in csv_rows(sheet)] == [str(row[name]) for row in page.json()["results"]]
    assert list(csv_rows(sheet)[0]) == list(page.json()["results"][0])
    assert sheet["Link"] == f'<{page.json()["next"].replace("format=json", "format=csv")}>; rel="next"'


@every_list
def test_what_cannot_be_is_refused_by_its_name(reader: Program, path: str) -> None:
    wrong = [
        ("cursor", "abc"), ("cursor", "WyJcdTAwMDAiXQ"), ("cursor", "[]"), ("limit", "0"), ("limit", "1001"),
        ("limit", "-1"), ("limit", "٣"), ("colour", "red"),
    ]  # fmt: skip
    for field, value in wrong:
        body = problem(reader.get(path, **(LISTS[path][2] | {field: value})), 400, "bad-value")
        assert fields(body) == {field}


NARROWED = [
    ("instruments/", house.instrument, {"symbol": "c0001usdt"}, 1),
    ("candles/", house.candle, {"symbol": "AAAUSDT", "interval": "5m"}, 0),
    ("signals/", house.signal, {"side": "SELL"}, 0),
    ("decisions/", house.decision, {"outcome": "REJECTED", "symbol": "aaausdt", "kind": "SIGNAL"}, 4),
    ("decisions/", house.decision, {"reason_code": "SPREAD_TOO_WIDE"}, 0),
    ("orders/", house.order, {"state": "CANCELED", "side": "BUY"}, 4),
    ("orders/", house.order, {"until": "2001-01-01T00:00:00Z"}, 0),
    ("fills/", house.fill, {"symbol": "ZZZUSDT"}, 0),
    ("round-trips/", house.round_trip, {"exit_reason": "SIGNAL"}, 4),
    ("ledger/", house.ledger, {"kind": "FEE"}, 0),
    ("equity/", house.equity, {"since": "2001-01-01T00:00:00+02:00"}, 4),
    ("limits/history/", house.limits, {"since": "2199-01-01T00:00:00Z"}, 0),
    ("breakers/", house.released_breaker, {"open": "true"}, 0),
    ("breakers/", house.released_breaker, {"open": "false"}, 4),
    ("proposals/", house.proposal, {"state": "PROPOSED"}, 4),
    ("alerts/", house.alert, {"level": "CRITICAL", "code": "SERVICE_DOWN"}, 4),
    ("alerts/", house.alert, {"state": "CLOSED"}, 0),
    ("reports/", house.report, {"since": "2001-01-01"}, 4),
    ("events/", house.event, {"topic": "orders"}, 0),
    ("acts/", house.act, {"name": "halt", "state": "DONE"}, 4),
]


@pytest.mark.parametrize(("path", "plant", "narrowed", "left"), NARROWED)
def test_filters_leave_what_fits(
    reader: Program, path: str, plant: Callable[[int], Any], narrowed: dict[str, str], left: int
) -> None:
    for number in range(4):
        plant(number)

    assert len(reader.all_pages(path, limit=2, **narrowed)) == left


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("candles/", {}),
        ("decisions/", {"side": "HOLD"}),
        ("decisions/", {"since": "yesterday"}),
        ("decisions/", {"since": "2026-01-02T12:00:00"}),
        ("decisions/", {"since": "0001-01-01T00:00:00Z"}),
        ("decisions/", {"symbol": "BTC/USDT"}),
        ("decisions/", {"reason_code": "a\0b"}),
        ("fills/", {"order_id": "12"}),
        ("events/", {"topic": "gossip about others"}),
        ("reports/", {"since": "2026-02-30"}),
    ],
)
def test_a_filter_says_which_value_it_wants(reader: Program, path: str, wrong: dict[str, str]) -> None:
    body = problem(reader.get(path, **wrong), 400, "bad-value")

    assert fields(body) == (set(wrong) or {"symbol", "interval"})


def test_numbers_are_exact_texts_times_utc_and_sentences_in_the_language_asked_for(reader: Program) -> None:
    house.decision(wanted_quantity="0.000000010000000000")

    row = reader.get("decisions/").json()["results"][0]
    german = Program(reader.token, language="de-AT,de;q=0.9").get("decisions/").json()["results"][0]

    assert row["wanted_quantity"] == "0.00000001"
    assert row["occurred_at"].endswith("Z") and "T" in row["occurred_at"]
    assert row["layers"][0]["title"] != german["layers"][0]["title"]
    assert row["sentence"] != german["sentence"]
    assert "51.00 %" in row["sentence"] and "51,00 %" in german["sentence"]


def test_a_cell_that_a_spreadsheet_would_run_is_defused_and_a_number_is_not(reader: Program) -> None:
    house.proposal(reason="=HYPERLINK(1)")
    house.round_trip(net=-1, gross=0)

    assert csv_rows(reader.get("proposals/", format="csv"))[0]["reason"] == "'=HYPERLINK(1)"
    assert csv_rows(reader.get("round-trips/", format="csv"))[0]["net"] == "-1"


def test_a_format_is_asked_for_in_the_header_too_and_an_unknown_one_refused(reader: Program) -> None:
    address = house.API + "decisions/"

    assert csv_rows(reader.client.get(address, headers=reader.headers({"Accept": "text/csv"}))) == []
    problem(reader.client.get(address, headers=reader.headers({"Accept": "image/png"})), 406, "not-acceptable")


@pytest.mark.parametrize(
    "path",
    [
        "decisions/00000000-0000-0000-0000-000000000000/",
        "decisions/00000000-0000-0000-0000-000000000000/explanation/",
        "orders/00000000-0000-0000-0000-000000000000/",
        "acts/00000000-0000-0000-0000-000000000000/",
        "reports/2026-01-31/",
        "reports/2026-02-31/",
        "decisions/12/",
        "decisions",
        "no/such/place/",
        "no/line%0Abreak/",
    ],
)
def test_what_is_not_there_is_a_problem(reader: Program, path: str) -> None:
    problem(reader.get(path), 404, "not-found")


def test_what_is_not_done_at_an_address_is_a_problem(reader: Program) -> None:
    problem(reader.post("decisions/"), 405, "method-not-allowed")
    problem(reader.get("trading-state/halt/"), 405, "method-not-allowed")

"""How the system stands, through the API: what is unknown is null or refused by name, never zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from cdb_site.bus import latest
from tests.builders import make_quote, open_paper_account, plant_instrument, trade
from tests.integration.api import api_house
from tests.integration.api.api_house import Program, csv_rows, problem, program
from tests.integration.risk.house import House, furnished

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def reader() -> Program:
    return program("viewer")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return furnished(tmp_path)


def test_without_an_account_it_says_so(reader: Program) -> None:
    for path in ("account/", "positions/", "limits/"):
        problem(reader.get(path), 409, "refused")
    assert reader.get("trading-state/").json()["state"] == "HALTED"


def test_a_position_is_told_at_its_mark_with_its_stop(reader: Program, house: House) -> None:
    trade(house.desk, "buy 10 @ 100")
    latest.store_quotes([make_quote(bid="110", ask="110")])

    (row,) = reader.get("positions/").json()
    account = reader.get("account/").json()

    assert (row["symbol"], row["quantity"], row["mark"], row["stop"]) == ("AAAUSDT", "10", "110", "98")
    assert float(row["unrealized_pnl"]) == 100
    assert account["quote_asset"] == "USDT" and float(account["equity"]) > 10_000
    assert [limit["name"] for limit in account["limits"]] == ["daily loss", "drawdown of 24 h", "exposure"]
    assert csv_rows(reader.get("positions/", format="csv"))[0]["quantity"] == "10"


def test_quotes_are_told_with_their_age_and_what_is_not_known_is_null(reader: Program) -> None:
    assert reader.get("quotes/").json() == []
    latest.store_quotes([make_quote(age_s=5) | {"bid_quantity": None}])

    (row,) = reader.get("quotes/").json()

    assert (row["symbol"], row["bid"], row["bid_quantity"]) == ("AAAUSDT", "99.99", None)
    assert 4.9 < row["age_s"] < 60


def test_redis_away_is_said_and_is_no_empty_list(reader: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise redis.exceptions.ConnectionError("gone")

    monkeypatch.setattr(latest, "read_quotes", away)

    problem(reader.get("quotes/"), 503, "unavailable")


def test_health_tells_every_service_also_those_that_were_never_heard(reader: Program) -> None:
    told = reader.get("health/").json()

    services = {row["service"]: row for row in told["services"]}
    assert services["risk"] == {"service": "risk", "status": "DOWN", "age_s": None, "lag": None}
    assert (told["outbox"], told["dead_letters"], told["audited_at"]) == (0, 0, None)


def test_limits_are_told_with_bounds_and_meaning_in_the_language_asked_for(reader: Program) -> None:
    open_paper_account()

    english, german = (Program(reader.token, language=name).get("limits/").json() for name in ("en", "de"))

    rows = {row["name"]: row for row in english["limits"]}
    assert rows["max_exposure_pct"]["value"] == "0.5" and rows["max_exposure_pct"]["high"] == "0.99"
    assert english["limits"][0]["meaning"] != german["limits"][0]["meaning"]


def test_a_decision_is_explained_with_what_led_to_it(reader: Program) -> None:
    plant_instrument()
    signal = api_house.signal()
    decision = api_house.decision(signal_id=signal.signal_id)

    told = reader.get(f"decisions/{decision.decision_id}/explanation/").json()

    assert told["chain"]["signal"]["signal_id"] == str(signal.signal_id)
    assert told["lines"][0].startswith("SIGNAL") and told["sentence"]
    problem(reader.get(f"decisions/{signal.signal_id}/explanation/"), 404, "not-found")
    problem(reader.get(f"decisions/{uuid4()}/explanation/"), 404, "not-found")


def test_a_report_is_told_whole_by_its_day(reader: Program) -> None:
    report = api_house.report()

    told = reader.get(f"reports/{report.day}/").json()

    assert (told["result"], told["body"]) == ("10", {"n": 0})


@pytest.mark.parametrize("path", ["status/", "health/", "account/", "quotes/", "limits/", "trading-state/"])
def test_a_parameter_that_is_not_known_is_refused(reader: Program, path: str) -> None:
    assert api_house.fields(problem(reader.get(path, colour="red"), 400, "bad-value")) == {"colour"}

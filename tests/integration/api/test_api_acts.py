"""Every act through the API: as each role, twice with one key, with what it cannot read; and by a page's session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.test import Client

from api.urls import urlpatterns
from execution.models import TradingStateChange
from risk.acts import door
from risk.acts.table import ACTS
from risk.models import LimitVersion, OperatorAct, Proposal
from risk.roles import ROLES
from tests.builders import open_paper_account, plant_instrument
from tests.integration.api import api_house
from tests.integration.api.api_house import Program, fields, person, problem, program
from tests.integration.risk.acts_house import halt, prepared, state, world
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
# Act → its address, and the parameter that stands in it.
ADDRESSES = {
    "halt": ("trading-state/halt/", ""),
    "exits_only": ("trading-state/exits-only/", ""),
    "resume": ("trading-state/resume/", ""),
    "release_breaker": ("breakers/{}/release/", "breaker"),
    "close_position": ("positions/{}/close/", "symbol"),
    "close_all": ("positions/close-all/", ""),
    "cancel_order": ("orders/{}/cancel/", "order_id"),
    "acknowledge": ("alerts/{}/acknowledge/", "alert_id"),
    "pause_symbol": ("instruments/{}/pause/", "symbol"),
    "unpause_symbol": ("instruments/{}/unpause/", "symbol"),
    "propose_limits": ("limits/propose/", ""),
    "approve": ("proposals/{}/approve/", "proposal"),
    "reject": ("proposals/{}/reject/", "proposal"),
    "reset_account": ("account/reset/", ""),
    "deposit": ("account/deposit/", ""),
    "withdraw": ("account/withdraw/", ""),
    "ask_live_trading": ("live-trading/ask/", ""),
    "withdraw_live_trading": ("live-trading/withdraw/", ""),
}
WITHOUT_REASON = {"approve", "reject"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    plant_instrument()
    open_paper_account()
    house = House(tmp_path)
    house.price("100")
    return house


def wish(name: str, house: House, reason: str = "because") -> tuple[str, dict[str, Any]]:
    """Address and body of an act that can be done now."""
    typed = prepared(name, house)
    address, named = ADDRESSES[name]
    path = address.format(typed.pop(named)) if named else address
    body = {field: value if isinstance(value, int) else str(value) for field, value in typed.items()}
    return path, body if name in WITHOUT_REASON else body | {"reason": reason}


def test_every_act_but_breaking_the_simulation_has_its_address() -> None:
    served = {row.callback.cls.act for row in urlpatterns if hasattr(getattr(row.callback, "cls", None), "act")}

    assert served == set(ADDRESSES) == set(ACTS) - {"disturb_service"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ADDRESSES)
def test_each_act_is_done_for_who_may_and_refused_to_who_may_not(house: House, name: str, role: str) -> None:
    mine = program(role)
    path, body = wish(name, house)
    may = role == "admin" or (role == "operator" and ACTS[name].permission == "risk.operate")
    before = world()

    answer = mine.act(path, body)

    row = OperatorAct.objects.filter(by=f"{role}-anna").first()
    if may:
        assert answer.status_code == 200, answer.content
        assert row and row.state == "DONE" and row.name == name
        told = answer.json()
        assert (told["state"], told["sentence"], told["by"]) == ("DONE", door.sentence(row), f"{role}-anna")
        assert mine.get(f"acts/{told['key']}/").json() == told
    else:
        assert "it needs the role" in problem(answer, 403, "not-allowed")["detail"]
        assert row is None
        assert world() == before


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_wish_that_arrives_twice_is_done_once_and_answered_twice(house: House, name: str) -> None:
    mine, key = program("admin"), uuid4()
    path, body = wish(name, house)

    first = mine.post(path, body, key=key)
    after = world()
    second = mine.post(path, body, key=key)

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert world() == after


def test_the_key_of_another_wish_is_refused(house: House) -> None:
    mine, key = program("operator"), uuid4()
    mine.post("trading-state/halt/", {"reason": "storm"}, key=key)

    for path, body in (("trading-state/halt/", {"reason": "calm"}), ("trading-state/exits-only/", {"reason": "storm"})):
        assert fields(problem(mine.post(path, body, key=key), 422, "key-used")) == {"Idempotency-Key"}
    assert fields(problem(program("admin").post("trading-state/halt/", {"reason": "storm"}, key=key), 422, "key-used"))
    assert OperatorAct.objects.count() == 1


@pytest.mark.parametrize("name", ["halt", "propose_limits", "acknowledge", "approve"])
def test_without_a_key_with_an_unknown_field_or_what_is_no_object_nothing_is_stored(house: House, name: str) -> None:
    mine = program("admin")
    path, body = wish(name, house)
    before = OperatorAct.objects.count()

    assert fields(problem(mine.post(path, body), 400, "bad-value")) == {"Idempotency-Key"}
    assert fields(problem(mine.post(path, body, key="soon"), 400, "bad-value")) == {"Idempotency-Key"}
    assert fields(problem(mine.act(path, body | {"urgent": True}), 400, "bad-value")) == {"urgent"}
    problem(mine.act(path, [1]), 400, "bad-request")
    assert OperatorAct.objects.count() == before


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("trading-state/resume/", {}, "reason"),
        ("trading-state/resume/", {"reason": "  "}, "reason"),
        ("trading-state/halt/", {"how": "softly"}, "how"),
        ("trading-state/halt/", {"reason": "x" * 2001}, "reason"),
        ("trading-state/halt/", {"reason": "a\0b"}, "reason"),
        ("trading-state/halt/", {"reason": "\ud800"}, "reason"),
        ("trading-state/halt/", {"reason": {"deep": 1}}, "reason"),
        ("instruments/AAAUSDT/pause/", {"reason": "odd", "lasting": "soon"}, "lasting"),
        ("limits/propose/", {"reason": "x", "max_exposure_pct": "0.4"}, "based_on"),
        ("limits/propose/", {"reason": "x", "based_on": 999999}, "based_on"),
        ("limits/propose/", {"reason": "x", "based_on": 2**70}, "based_on"),
        ("limits/propose/", {"reason": "x", "based_on": 1, "max_exposure_pct": "much"}, "max_exposure_pct"),
        ("account/reset/", {"reason": "x", "cash": "NaN"}, "cash"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_would_be_right(
    house: House, path: str, body: dict[str, Any], wrong: str
) -> None:
    if body.get("based_on") == 1:
        body = body | {"based_on": LimitVersion.objects.get().version}

    told = problem(program("admin").act(path, body), 400, "bad-value")

    assert fields(told) == {wrong}
    assert not OperatorAct.objects.exists()


def test_a_refusal_says_why_in_the_language_asked_for_and_again_for_the_same_key(house: House) -> None:
    mine = Program(program("operator").token, language="de")
    path, key = f"orders/{uuid4()}/cancel/", uuid4()

    first, second = (mine.post(path, {}, key=key) for _ in range(2))

    assert problem(first, 404, "not-found") == problem(second, 404, "not-found")
    assert "nicht bekannt" in first.json()["detail"] and first.json()["answer"] == "NOT_FOUND"


def test_limits_beyond_their_bounds_are_refused_by_the_act(house: House) -> None:
    version = LimitVersion.objects.get().version

    answer = program("operator").act("limits/propose/", {"based_on": version, "reason": "x", "max_exposure_pct": "1.5"})

    assert "max_exposure_pct" in problem(answer, 409, "refused")["detail"].lower()
    assert LimitVersion.objects.count() == 1


def test_a_limit_that_is_not_named_stays_and_looser_ones_wait_for_a_second_person(house: House, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="on")
    anna, ben = program("operator"), program("operator", "ben")
    before = anna.get("limits/").json()
    held = {row["name"]: row["value"] for row in before["limits"]}
    looser = {"based_on": before["version"], "reason": "calm", "max_exposure_pct": "60 %"}

    seen = anna.post("limits/preview/", {"max_exposure_pct": "60 %"}).json()
    told = anna.act("limits/propose/", looser).json()
    (waiting,) = anna.all_pages("proposals/", state="PROPOSED")

    assert seen["looser"] == ["max_exposure_pct"] and seen["needs_second_person"]
    assert told["answer"] == "PROPOSED" and anna.get("limits/").json() == before
    assert "your own" in problem(anna.act(f"proposals/{waiting['id']}/approve/"), 409, "refused")["detail"]
    assert ben.act(f"proposals/{waiting['id']}/approve/").json()["state"] == "DONE"
    now = {row["name"]: row["value"] for row in anna.get("limits/").json()["limits"]}
    assert now == held | {"max_exposure_pct": "0.6"}
    problem(anna.act("limits/propose/", looser), 409, "refused")


def test_a_halt_is_seen_at_once_and_a_resume_releases_it(house: House) -> None:
    mine = program("operator")

    assert mine.act("trading-state/halt/", {"reason": "storm"}).json()["answer"] == "HALTED"
    held = mine.get("trading-state/").json()
    assert (held["state"], held["by"], held["holders"][0]["owner"]) == ("HALTED", "operator-anna", "OPERATOR")
    assert mine.act("trading-state/resume/", {"reason": "calm"}).json()["answer"] == "RESUMED"
    assert mine.get("trading-state/").json()["state"] == state() == "ACTIVE"


def test_a_page_session_acts_with_its_csrf_token(house: House) -> None:
    client = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=True)
    client.force_login(person("operator"))
    client.get("/settings/")
    csrf = client.cookies["csrftoken"].value
    headers = {"X-CSRFToken": csrf, "Idempotency-Key": str(uuid4())}

    answer = client.post("/api/v1/trading-state/halt/", "{}", content_type="application/json", headers=headers)

    assert answer.status_code == 200, answer.content
    assert TradingStateChange.objects.filter(changed_by="operator-anna", state="HALTED").exists()


def test_an_act_that_is_under_way_is_answered_with_202_and_asked_for_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, key = program("operator"), uuid4()
    monkeypatch.setattr(door, "_in_time", lambda *_: None)

    answer = mine.post("trading-state/halt/", {"reason": "storm"}, key=key)

    assert (answer.status_code, answer.json()["state"]) == (202, "UNDER_WAY")
    door.carry_out(key, door.live_market())
    assert mine.get(f"acts/{key}/").json()["state"] == "DONE"


def test_a_database_that_fails_is_a_problem_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program("operator")

    def fail(*_: Any) -> Any:
        raise DatabaseError("broken")

    monkeypatch.setattr(door, "perform", fail)

    problem(mine.act("trading-state/halt/", {}), 500, "failed")


def test_a_preview_changes_nothing_and_is_for_every_role(house: House) -> None:
    mine, before = program("viewer"), world()

    answer = mine.post("limits/preview/", {"stop_loss_pct": "0.01"})

    assert answer.status_code == 200 and answer.json()["looser"] == []
    body = problem(mine.post("limits/preview/", {"stop_loss_pct": "2", "max_spread_bps": "wide"}), 400, "bad-value")
    assert fields(body) == {"stop_loss_pct", "max_spread_bps"}
    assert world() == before


def test_no_wish_is_made_by_reading(house: House) -> None:
    halt("ben")
    api_house.proposal()
    mine = program("admin")

    for path in ("trading-state/", "proposals/", "acts/", "status/"):
        assert mine.get(path).status_code == 200
    assert Proposal.objects.get().state == "PROPOSED" and state() == "HALTED"

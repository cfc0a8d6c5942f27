"""Every act by everybody: done for who may, refused in words to who may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from cdb_site import wishes
from cdb_site.clock import SYSTEM
from cdb_site.wishes import ServiceWish
from execution.models import TradingStateChange
from risk.acts import door
from risk.acts.door import ActWish
from risk.acts.table import ACTS, ALL
from risk.models import Breaker, OperatorAct, Proposal
from risk.roles import ROLES, give_role, keep_groups
from tests.builders import PAPER, open_paper_account, plant_instrument, plant_order
from tests.integration.house.rows import breaker
from tests.integration.risk.acts_house import ask, halt, person, prepared, state, world
from tests.integration.risk.house import House, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def _static_files_need_no_collecting(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def house(tmp_path: Path) -> House:
    plant_instrument()
    open_paper_account()
    house = House(tmp_path)
    house.price("100")
    keep_groups()
    return house


@pytest.fixture(autouse=True)
def supervised(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a simulated market with a supervisor that reads wishes, however slow the machine is."""
    monkeypatch.setattr(wishes, "PRESENT_WITHIN_S", 3600.0)
    monkeypatch.setattr(wishes, "FORGOTTEN_AFTER_S", 3600.0)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, MARKET="SIMULATED", DATA_DIR=tmp_path)
    wishes.begin(tmp_path)
    return tmp_path


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [act.name for act in ALL])
def test_each_act_is_done_for_who_may_and_refused_in_words_to_who_may_not(house: House, name: str, role: str) -> None:
    client = person(role)
    typed = prepared(name, house)
    may = role == "admin" or (role == "operator" and ACTS[name].permission == "risk.operate")
    before = world()

    answer = ask(client, name, **typed)

    row = OperatorAct.objects.filter(by=f"{role}-anna").first()
    if may:
        assert answer.status_code == 200, answer.content
        assert row and row.state == "DONE" and row.reason == "because"
        assert answer.json()["words"] == door.sentence(row)
    else:
        assert answer.status_code == 403
        assert "it needs the role" in answer.json()["words"]
        assert row is None
        assert world() == before


@pytest.mark.parametrize("name", [act.name for act in ALL])
def test_each_act_sent_twice_with_one_key_is_done_once(house: House, name: str) -> None:
    client, key, typed = person("admin"), uuid4(), prepared(name, house)

    first = ask(client, name, key=key, **typed)
    done = world()
    again = ask(client, name, key=key, **typed)

    assert (first.status_code, first.json()["state"]) == (200, "DONE")
    assert (again.status_code, again.json()) == (200, first.json())
    assert world() == done


def test_who_is_not_logged_in_is_sent_to_the_login_and_nothing_is_done(house: House) -> None:
    answer = Client(SERVER_NAME="127.0.0.1").post("/acts/halt/", {"key": str(uuid4())})

    assert answer.status_code == 302 and "/login/" in answer["Location"]
    assert state() == "ACTIVE"


def test_a_wish_from_another_site_is_refused(house: House) -> None:
    user = User.objects.create_user("anna", password="not used here")
    give_role(user, "operator")
    client = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=True)
    client.force_login(user)

    assert client.post("/acts/halt/", {"key": str(uuid4())}).status_code == 403
    assert state() == "ACTIVE"


def test_the_same_key_again_answers_the_same_and_does_nothing_more(house: House) -> None:
    client, key = person("operator"), uuid4()

    first = ask(client, "halt", key=key)
    again = ask(client, "halt", key=key)

    assert first.json() == again.json()
    assert TradingStateChange.objects.filter(state="HALTED").count() == 1


def test_the_same_key_for_another_wish_is_refused(house: House) -> None:
    client, key = person("operator"), uuid4()
    ask(client, "halt", key=key)

    other = ask(client, "halt", key=key, how="sell")

    assert other.status_code == 409 and "another wish" in other.json()["words"]


def test_an_exit_is_not_canceled_by_hand(house: House) -> None:
    holding(house)
    order = plant_order(side="SELL")

    row = door.perform(
        ActWish(name="cancel_order", key=uuid4(), by="anna", reason="", typed={"order_id": str(order.order_id)})
    )

    assert (row.state, row.answer) == ("REFUSED", "EXIT_ORDER")


def test_a_value_that_cannot_be_read_is_named_with_its_remedy_and_nothing_is_stored(house: House) -> None:
    answer = ask(person("operator"), "pause_symbol", symbol="<b>", lasting="soon", reason="")

    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"symbol", "lasting", "reason"}
    assert "30m" in answer.json()["fields"]["lasting"]
    assert not OperatorAct.objects.exists()


def test_a_plain_form_is_led_back_with_a_message(house: House) -> None:
    client = person("operator")

    answer = client.post("/acts/halt/", {"key": str(uuid4()), "reason": "storm", "next": "/risk/"}, follow=True)

    assert answer.redirect_chain == [("/risk/", 302)]
    assert "Trading is halted" in answer.content.decode()
    assert state() == "HALTED"


def test_a_way_back_to_another_site_is_not_taken(house: House) -> None:
    answer = person("operator").post("/acts/halt/", {"key": str(uuid4()), "next": "https://evil.example/"})

    assert answer["Location"] == "/"


def test_the_question_is_asked_with_what_selling_would_bring(house: House) -> None:
    holding(house)
    client = person("operator")

    words = client.get("/acts/halt/dialog/").content.decode()
    sale = client.get("/acts/close_position/dialog/?symbol=AAAUSDT").content.decode()

    assert "nearest stop is AAAUSDT" in words and "market sells" in words
    assert "brings about" in sale


def test_the_history_says_who_acted_and_where(house: House) -> None:
    ask(person("operator"), "exits_only")

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT context.metadata FROM trading_state_history AS row
               JOIN pghistory_context AS context ON context.id = row.pgh_context_id"""
            if "trading_state_history" in connection.introspection.table_names()
            else """SELECT context.metadata FROM execution_tradingstatehistory AS row
               JOIN pghistory_context AS context ON context.id = row.pgh_context_id"""
        )
        seen = [row[0] for row in cursor.fetchall()]

    assert any("operator-anna" in str(row) and "/acts/exits_only/" in str(row) for row in seen)


def test_resuming_becomes_a_proposal_where_a_second_person_is_asked_for(house: House, settings: Any) -> None:
    halt()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="on")
    anna = person("operator")

    answer = ask(anna, "resume")
    number = Proposal.objects.get().pk
    own = ask(anna, "approve", proposal=number)
    other = ask(person("operator", "ben"), "approve", proposal=number)

    assert "Proposed as" in answer.json()["words"]
    assert own.json()["state"] == "REFUSED" and "your own" in own.json()["words"]
    assert other.status_code == 200 and state() == "ACTIVE"


def test_a_breaker_that_is_released_says_so_the_second_time(house: House) -> None:
    number = breaker(account=PAPER).pk
    client = person("operator")

    first, second = (ask(client, "release_breaker", breaker=number).json()["words"] for _ in range(2))

    assert "is released" in first and "was released before" in second
    assert Breaker.objects.get().released_by == "operator-anna"


def test_a_wish_about_a_service_reaches_the_supervisor_once(house: House, supervised: Path) -> None:
    client, key = person("operator"), uuid4()

    answers = [ask(client, "disturb_service", key=key, service="risk", how="kill") for _ in range(2)]

    assert [answer.json()["state"] for answer in answers] == ["DONE", "DONE"]
    assert wishes.taken(supervised, SYSTEM.wall_s()) == [ServiceWish(deed="kill", service="risk", seconds=15)]


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"service": "postgres", "how": "kill"}, 400),
        ({"service": "risk", "how": "delete"}, 400),
        ({"service": "risk", "how": "stop", "seconds": "100000"}, 400),
        ({"service": "risk", "how": "stop", "seconds": "-1"}, 400),
    ],
)
def test_no_stranger_and_no_long_rest_is_asked_for(
    house: House, supervised: Path, typed: dict[str, str], status: int
) -> None:
    answer = ask(person("operator"), "disturb_service", **typed)

    assert answer.status_code == status
    assert wishes.taken(supervised, SYSTEM.wall_s()) == []


def test_on_a_real_market_and_without_a_supervisor_no_service_is_touched(
    house: House, supervised: Path, settings: Any
) -> None:
    client = person("operator")
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, MARKET="MEXC")
    real = ask(client, "disturb_service", service="risk", how="kill").json()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, MARKET="SIMULATED")
    wishes.end(supervised)
    alone = ask(client, "disturb_service", service="risk", how="kill").json()

    assert [(told["state"], "only" in told["words"]) for told in (real, alone)] == [
        ("REFUSED", True),
        ("REFUSED", False),
    ]
    assert "supervisor" in alone["words"]
    assert wishes.taken(supervised, SYSTEM.wall_s()) == []

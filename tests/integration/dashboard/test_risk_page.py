"""The page of risk without a browser: what the breakers read, limits that are refused and kept, two persons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client

from cdb_site.bus import latest
from cdb_site.clock import SYSTEM
from risk import queries
from risk.models import LimitVersion, Proposal
from risk.roles import keep_groups
from risk.rules.limits import LIMITS, NAMES
from tests.builders import PAPER, open_paper_account, plant_instrument
from tests.integration.risk.acts_house import ask, person
from tests.ui.site import heartbeat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
pytestmark += [pytest.mark.filterwarnings("ignore:No directory at")]


@pytest.fixture(autouse=True)
def _an_account(settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    keep_groups()
    plant_instrument()
    open_paper_account()


@pytest.fixture
def two_persons(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="on")


def shown(client: Client, address: str = "/risk/") -> str:
    answer = client.get(address, HTTP_ACCEPT_LANGUAGE="en")
    assert answer.status_code == 200
    return answer.content.decode()


def wanted(**changes: str) -> dict[str, str]:
    """The whole form, as the page sends it."""
    version = LimitVersion.objects.latest("version")
    return {name: str(getattr(version, name)) for name in NAMES} | {"based_on": str(version.version)} | changes


def beat_of_risk(at_s: float) -> None:
    rows = {"SLIPPAGE": {"observed": "0.0132", "symbol": "AAAUSDT"}, "ORDER_RATE": {"observed": "3", "symbol": ""}}
    told = heartbeat("risk", breaker_readings={"at_s": at_s, "rows": rows}) | {"interval_s": "1.0"}
    latest.publish("health", told, producer="risk", occurred_at=SYSTEM.market_now())


def test_the_breakers_figures_are_those_of_the_risk_managers_heartbeat() -> None:
    client = person("viewer")
    unheard = shown(client, "/risk/now/")
    beat_of_risk(SYSTEM.wall_s())
    heard = shown(client, "/risk/now/")

    assert "the risk manager is not heard" in unheard
    assert "the risk manager is not heard" not in heard
    assert "Worst slippage, AAA" in heard and "132 %" in heard
    assert "fewer than 10 orders lately" in heard
    assert "<html" not in heard and "You are a viewer" in heard


def test_figures_that_a_watcher_told_long_ago_are_not_known() -> None:
    beat_of_risk(SYSTEM.wall_s() - 60)

    assert "the risk manager is not heard" in shown(person("viewer"), "/risk/now/")


def test_a_refused_change_of_limits_keeps_what_was_typed() -> None:
    client = person("operator")
    typed = wanted(max_exposure_pct="41 %")
    form = typed | {"key": str(uuid4()), "reason": "", "next": "/risk/", "again": f"/risk/?{urlencode(typed)}"}

    answer = client.post("/acts/propose_limits/", form, follow=True, headers={"accept-language": "en"})

    page = answer.content.decode()
    assert 'name="max_exposure_pct" value="41 %"' in page
    assert "others will read it" in page
    assert LimitVersion.objects.count() == 1


def test_another_change_meanwhile_refuses_and_leaves_values_and_reason_in_their_fields() -> None:
    client = person("operator")
    typed = wanted(max_exposure_pct="0.41")
    form = typed | {
        "key": str(uuid4()),
        "reason": "calm & <b>",
        "next": "/risk/",
        "again": f"/risk/?{urlencode(typed)}",
    }
    ask(person("operator", "ben"), "propose_limits", **wanted(max_position_pct="0.05"))

    page = client.post("/acts/propose_limits/", form, follow=True, headers={"accept-language": "en"}).content.decode()

    assert 'name="max_exposure_pct" value="0.41"' in page
    assert "the limits have changed since" in page
    assert queries.limits(PAPER).max_position_pct.normalize().as_tuple().digits == (5,)


def test_where_a_wish_leads_back_is_never_another_site() -> None:
    form = wanted() | {"key": str(uuid4()), "reason": "", "next": "/risk/", "again": "https://elsewhere.example/?x"}

    assert person("operator").post("/acts/propose_limits/", form).headers["Location"] == "/"


@pytest.mark.usefixtures("two_persons")
def test_nobody_approves_their_own_on_the_page_and_a_second_person_does() -> None:
    anna, ben = person("operator", "anna"), person("operator", "ben")
    ask(anna, "propose_limits", **wanted(max_exposure_pct="0.6"))
    number = Proposal.objects.get().pk

    mine, theirs = shown(anna), shown(ben)
    refused = ask(anna, "approve", proposal=number).json()

    assert "Take back…" in mine and "/acts/approve/" not in mine
    assert f"/acts/approve/?proposal={number}" in theirs and "Take back…" not in theirs
    assert refused["state"] == "REFUSED" and "own proposal" in refused["words"]
    assert str(queries.limits(PAPER).max_exposure_pct.normalize()) == "0.5"
    assert ask(ben, "approve", proposal=number).json()["state"] == "DONE"
    assert str(queries.limits(PAPER).max_exposure_pct.normalize()) == "0.6"
    assert "Nothing waits." in shown(ben)


@pytest.mark.usefixtures("two_persons")
def test_what_was_stored_in_english_is_told_in_german() -> None:
    anna, ben = person("operator", "anna"), person("operator", "ben")
    ask(anna, "propose_limits", **wanted(max_exposure_pct="0.6"))
    rule = next(rule for rule in LIMITS if rule.name == "max_exposure_pct")

    waiting = ben.get("/risk/", HTTP_ACCEPT_LANGUAGE="de").content.decode()
    ask(ben, "approve", proposal=Proposal.objects.get().pk)
    history = ben.get("/risk/", HTTP_ACCEPT_LANGUAGE="de").content.decode()

    assert f"{rule.meaning_de} 50 % → 60 %" in waiting
    assert "max_exposure_pct 0.5" not in waiting
    assert "anna, genehmigt von ben" in history and "approved by" not in history


def test_a_version_of_the_limits_is_compared_with_what_is_in_force() -> None:
    anna = person("operator", "anna")
    first = queries.limits(PAPER).version
    for exposure, size in (("0.4", "0.1"), ("0.4", "0.05"), ("0.45", "0.05")):
        ask(anna, "propose_limits", **wanted(max_exposure_pct=exposure, max_position_pct=size))

    page = anna.get(f"/risk/?compare={first}").content.decode()

    compared = page[page.index("data-compared") :].split("<table")[0]
    assert "50 % → 45 %" in compared and "10 % → 5 %" in compared and "40 %" not in compared
    for senseless in ("", "x", "99", "9" * 30):
        answer = anna.get(f"/risk/?compare={senseless}")
        assert answer.status_code == 200 and "data-compared" not in answer.content.decode()

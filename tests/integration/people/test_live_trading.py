"""Who may take which step of live trading, and that no address, no form and no field opens it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from execution import live_trading
from execution.models import LiveTrading
from people.access import ROWS
from risk.acts.table import ACTS
from risk.models import LimitVersion, OperatorAct
from tests.builders import PAPER, open_paper_account
from tests.integration.people.house import PASSWORD, browser, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CONFIRM = "/settings/live-trading/"


@pytest.fixture(autouse=True)
def _account(valkey: Any, settings: Any) -> Iterator[None]:
    """A demo, where an admin may be without a second factor."""
    settings.EFFECTS = replace(settings.EFFECTS, second_factor_in_admin=False)
    open_paper_account()
    yield


def version() -> int:
    return LimitVersion.objects.latest("version").pk


def asked(by: str = "cleo") -> LiveTrading:
    return live_trading.ask(PAPER, limits_version=version(), by=by, reason="a good month")


def wish(client: Client, name: str, **typed: Any) -> Any:
    form = {"key": str(uuid4()), "reason": "because", **{field: str(value) for field, value in typed.items()}}
    return client.post(f"/acts/{name}/", form, headers={"Accept": "application/json"})


def confirm(client: Client, request: int, **typed: str) -> Any:
    return client.post(CONFIRM, {"request": str(request), **typed}, follow=True)


def enabled() -> bool:
    return live_trading.keys(PAPER).enabled


def test_an_admin_asks_another_confirms_with_the_password_and_an_operator_withdraws() -> None:
    anna, ben, olga = person("admin", "anna"), person("admin", "ben"), person("operator", "olga")

    assert wish(browser(anna), "ask_live_trading", limits_version=version()).json()["state"] == "DONE"
    assert not enabled()
    confirm(browser(ben), LiveTrading.objects.get().pk, password=PASSWORD)
    assert enabled()
    row = LiveTrading.objects.latest("id")
    assert (row.asked_by, row.confirmed_by, row.limits_version) == ("anna", "ben", version())

    assert wish(browser(olga), "withdraw_live_trading").json()["state"] == "DONE"
    assert not enabled()


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_nobody_less_than_an_admin_asks_or_confirms(role: str) -> None:
    client, request = browser(person(role)), asked().pk

    assert wish(client, "ask_live_trading", limits_version=version()).status_code == 403
    assert client.post(CONFIRM, {"request": str(request), "password": PASSWORD}).status_code == 403
    assert LiveTrading.objects.count() == 1


def test_a_viewer_does_not_even_withdraw() -> None:
    live_trading.confirm(PAPER, asked().pk, by="ben", alone=False)

    assert wish(browser(person("viewer")), "withdraw_live_trading").status_code == 403
    assert enabled()


@pytest.mark.parametrize("typed", [{}, {"password": ""}, {"password": "wrong"}, {"code": "123456"}])
def test_the_second_step_needs_the_password_again(typed: dict[str, str]) -> None:
    confirm(browser(person("admin")), asked().pk, **typed)

    assert not enabled()


def test_whoever_has_a_second_factor_needs_its_code_and_no_password_does_instead() -> None:
    anna = person("admin", "anna")
    device = TOTPDevice.objects.create(user=anna, name="authenticator", confirmed=True)
    client, request = browser(anna), asked().pk

    confirm(client, request, password=PASSWORD)
    assert not enabled()

    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    confirm(client, request, code=f"{totp(device.bin_key):06d}")
    assert enabled()


def test_outside_the_demo_an_admin_without_a_second_factor_confirms_nothing(settings: Any) -> None:
    settings.EFFECTS = replace(settings.EFFECTS, second_factor_in_admin=True)

    confirm(browser(person("admin")), asked().pk, password=PASSWORD)

    assert not enabled()


def test_with_a_second_approver_wanted_nobody_confirms_what_they_asked_for(settings: Any) -> None:
    anna = person("admin", "anna")
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="on")
    request = asked("anna").pk

    confirm(browser(anna), request, password=PASSWORD)
    assert not enabled()

    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="off")
    confirm(browser(anna), request, password=PASSWORD)
    assert enabled()


@pytest.mark.parametrize("request_id", ["", "0", "-1", "4711", "one"])
def test_what_nobody_asked_for_cannot_be_confirmed(request_id: str) -> None:
    browser(person("admin")).post(CONFIRM, {"request": request_id, "password": PASSWORD})

    assert LiveTrading.objects.count() == 0


def test_the_password_stands_in_no_row_of_what_was_done() -> None:
    confirm(browser(person("admin")), asked().pk, password=PASSWORD)

    assert enabled()
    assert not OperatorAct.objects.exists()
    assert PASSWORD not in "".join(map(str, LiveTrading.objects.values_list()))


EVERYTHING = {
    "step": "ENABLED", "asked_by": "anna", "confirmed_by": "ben", "reason": "r", "account": PAPER, "request": "1",
    "limits_version": "1", "password": PASSWORD, "code": "123456", "enabled": "on", "mode": "LIVE", "_confirmed": "1",
}  # fmt: skip


def test_no_single_request_to_any_address_enables_it() -> None:
    """By somebody who may everything, to every address there is, with all that such a row could want."""
    client = browser(person("superuser"))

    for row in ROWS:
        if row.method != "POST" or "logout" in row.address:
            continue
        for limits in ("1", str(version())):
            client.post(row.address, {**EVERYTHING, "key": str(uuid4()), "limits_version": limits})
            assert not enabled(), row.address


@pytest.mark.parametrize("model", ["livetrading", "modechange"])
def test_the_admin_adds_changes_and_deletes_no_step(model: str) -> None:
    client, row = browser(person("superuser")), asked()

    for deed in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
        answer = client.post(f"/admin/execution/{model}/{deed}", EVERYTHING)
        assert answer.status_code in (302, 403, 404), deed
    assert LiveTrading.objects.count() == 1 and not enabled()


def test_no_table_of_the_admin_enables_it_by_any_of_its_actions() -> None:
    client = browser(person("superuser"))
    asked()

    for model, page in admin.site._registry.items():
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for action in [*page.actions, "delete_selected"]:
            name = action if isinstance(action, str) else getattr(action, "__name__", "")
            chosen = [str(pk) for pk in model._default_manager.values_list("pk", flat=True)[:3]]
            client.post(place, {"action": name, "_selected_action": chosen, "index": "0"})
        assert not enabled(), place


def test_no_act_enables_it_by_itself() -> None:
    client = browser(person("superuser"))

    for name in ACTS:
        wish(client, name, **{**EVERYTHING, "limits_version": version()})
        assert not enabled(), name

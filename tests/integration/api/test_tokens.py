"""Tokens: given for a password, over in time, at the logout and with the password; a session works beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessFailureLog
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from knox.models import AuthToken

from api import tokens
from people.factor import operations
from people.sessions import BEGUN
from tests.integration.api.api_house import API, PASSWORD, Program, fields, logged_in, person, problem, program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def test_a_password_gives_a_token_that_is_stored_as_its_hash_alone() -> None:
    person("operator")

    answer = Program().post("auth/login/", {"username": "operator-anna", "password": PASSWORD})

    told = answer.json()
    assert (answer.status_code, told["role"], len(told["token"])) == (200, "operator", 64)
    row = AuthToken.objects.get()
    assert told["token"] not in (row.digest, row.token_key)
    assert Program(told["token"]).get("status/").status_code == 200


@pytest.mark.parametrize("wrong", [{"password": "not hers"}, {"username": "nobody"}])
def test_a_wrong_password_and_an_unknown_user_get_the_same_refusal(wrong: dict[str, str]) -> None:
    person("viewer")

    body = problem(
        Program().post("auth/login/", {"username": "viewer-anna", "password": PASSWORD} | wrong),
        401,
        "not-authenticated",
    )

    assert body["detail"] == "User and password do not fit, or the user may not log in now."
    assert not AuthToken.objects.exists()


def test_a_login_names_the_fields_that_are_missing_or_unknown() -> None:
    assert fields(problem(Program().post("auth/login/", {"username": "x"}), 400, "bad-value")) == {"password"}
    body = problem(Program().post("auth/login/", {"username": "x", "password": "y", "role": "admin"}), 400, "bad-value")
    assert fields(body) == {"role"}


@pytest.mark.parametrize("text", ["", "abc", "0" * 64, "Ä" * 64, "0" * 63 + "\\x00", "a b"])
def test_what_is_no_token_is_refused_as_a_problem_and_never_led_to_the_login_page(text: str) -> None:
    answer = Client().get(API + "decisions/", headers={"Authorization": f"Bearer {text}".strip()})

    problem(answer, 401, "not-authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_without_a_token_nothing_is_told() -> None:
    problem(Program().get("account/"), 401, "not-authenticated")
    problem(Program().post("trading-state/halt/", {}), 401, "not-authenticated")


def test_an_expired_token_is_refused() -> None:
    mine = program()
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))

    problem(mine.get("decisions/"), 401, "not-authenticated")


def test_a_logout_ends_this_token_and_a_logout_everywhere_all_of_this_person() -> None:
    first, other = program(), program("operator")
    second, third = logged_in("viewer-anna"), logged_in("viewer-anna")

    assert first.post("auth/logout/").status_code == 204
    problem(first.get("status/"), 401, "not-authenticated")
    assert second.get("status/").status_code == 200

    assert second.post("auth/logout-all/").status_code == 204
    problem(third.get("status/"), 401, "not-authenticated")
    assert other.get("status/").status_code == 200


def test_another_password_ends_every_token_and_a_login_does_not() -> None:
    mine = program()
    user = User.objects.get(username="viewer-anna")
    user.last_login = timezone.now()
    user.save()
    assert mine.get("status/").status_code == 200

    user.set_password("another long password")
    user.save()

    problem(mine.get("status/"), 401, "not-authenticated")


def test_somebody_switched_off_is_refused() -> None:
    mine = program()
    User.objects.update(is_active=False)

    problem(mine.get("status/"), 401, "not-authenticated")
    problem(Program().post("auth/login/", {"username": "viewer-anna", "password": PASSWORD}), 401, "not-authenticated")


def test_tokens_of_one_person_are_bounded_and_expired_ones_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "TOKENS_MOST", 2)
    program()
    logged_in("viewer-anna")

    problem(Program().post("auth/login/", {"username": "viewer-anna", "password": PASSWORD}), 409, "refused")

    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    logged_in("viewer-anna")
    assert AuthToken.objects.count() == 1


def test_no_token_is_made_in_the_admin_and_every_one_can_be_revoked_there() -> None:
    mine, client = program(), Client()
    client.force_login(User.objects.create_superuser("root"))

    assert client.get("/admin/knox/authtoken/add/").status_code == 403
    page = client.get("/admin/knox/authtoken/").content.decode()
    row = AuthToken.objects.get()
    assert "viewer-anna" in page and row.token_key not in page
    client.post(f"/admin/knox/authtoken/{row.digest}/delete/", {"post": "yes"})
    problem(mine.get("status/"), 401, "not-authenticated")


def test_a_page_session_reads_and_must_show_its_csrf_token_to_act(settings: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("operator"))

    assert client.get(API + "status/").status_code == 200
    body = problem(client.post(API + "trading-state/halt/", {}, content_type="application/json"), 403, "not-allowed")
    assert "CSRF" in body["detail"]


def test_who_has_a_second_factor_gets_a_token_with_its_code_alone_and_each_code_once() -> None:
    anna = person("operator")
    TOTPDevice.objects.create(user=anna, confirmed=True)
    [code, *_] = operations.new_recovery_codes(anna)
    wish = {"username": "operator-anna", "password": PASSWORD}

    without = problem(Program().post("auth/login/", wish), 401, "code-wanted")
    given = Program().post("auth/login/", wish | {"code": code})
    again = problem(Program().post("auth/login/", wish | {"code": code}), 401, "code-wanted")
    wrong = problem(Program().post("auth/login/", wish | {"code": "000000"}), 401, "code-wanted")

    assert fields(without) == fields(wrong) == fields(again) == {"code"}
    assert given.status_code == 200
    assert AuthToken.objects.count() == 1
    assert AccessFailureLog.objects.count() == 2, "a missing code is a question, a wrong one a failed login"


def test_while_the_authenticator_waits_its_code_is_no_failed_login_and_a_recovery_code_opens() -> None:
    anna = person("operator")
    TOTPDevice.objects.create(
        user=anna, confirmed=True, throttling_failure_count=1000, throttling_failure_timestamp=timezone.now()
    )
    [code, *_] = operations.new_recovery_codes(anna)
    wish = {"username": "operator-anna", "password": PASSWORD}

    soon = Program().post("auth/login/", wish | {"code": "000000"})
    given = Program().post("auth/login/", wish | {"code": code})

    problem(soon, 429, "throttled")
    assert 0 < int(soon["Retry-After"]) <= 65
    assert AccessFailureLog.objects.count() == 0
    assert given.status_code == 200


@pytest.mark.parametrize("name", ["viewer-anna", "operator-anna"])
def test_a_program_s_login_leaves_the_session_of_a_page_as_it_is(name: str) -> None:
    client = Client()
    client.force_login(person("viewer"))
    person("operator")
    session = client.session
    session[BEGUN] -= 3600
    session.save()
    before = Session.objects.get()

    wish = {"username": name, "password": PASSWORD}
    answer = client.post(API + "auth/login/", wish, content_type="application/json")

    assert answer.status_code == 200 and "sessionid" not in answer.cookies
    after = Session.objects.get()
    assert (after.session_key, after.expire_date) == (before.session_key, before.expire_date)
    assert after.get_decoded() == before.get_decoded()


def test_a_program_s_login_makes_no_session() -> None:
    person("viewer")

    answer = Program().post("auth/login/", {"username": "viewer-anna", "password": PASSWORD})

    assert answer.status_code == 200 and "sessionid" not in answer.cookies
    assert not Session.objects.exists()


@pytest.mark.parametrize("update_fields", [None, ["is_active"]])
def test_somebody_switched_on_again_has_no_token_of_before(update_fields: list[str] | None) -> None:
    mine = program()
    user = User.objects.get(username="viewer-anna")
    for active in (False, True):
        user.is_active = active
        user.save(update_fields=update_fields)

    problem(mine.get("status/"), 401, "not-authenticated")
    assert not AuthToken.objects.exists()

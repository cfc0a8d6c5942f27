"""Who fails to log in too often waits, is told until when, and locks nobody else out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client

from people.lockout import NAMES_SHARE
from tests.integration.people.house import PASSWORD, browser, person, try_login

pytestmark = pytest.mark.django_db
LIMIT = settings.ENVIRONMENT.LOGIN_FAILURES_MAX


def fail(times: int, name: str = "anna", *, address: str = "192.0.2.1", **more: Any) -> Any:
    client = Client()
    answers = [try_login(client, name, "wrong", address=address, **more) for _ in range(times)]
    return answers[-1]


def hours_later(hours: float) -> None:
    for row in AccessAttempt.objects.all():
        AccessAttempt.objects.filter(pk=row.pk).update(attempt_time=row.attempt_time - timedelta(hours=hours))


def test_the_last_failure_allowed_is_refused_and_says_until_when() -> None:
    person("viewer", "anna")

    before, answer = fail(LIMIT - 1), fail(1)

    assert before.status_code == 200
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= settings.ENVIRONMENT.LOGIN_LOCK_MINUTES * 60
    assert "Try again after" in answer.content.decode() and "in 15 minutes" in answer.content.decode()


def test_the_page_is_german_for_who_reads_german() -> None:
    answer = fail(LIMIT, headers={"accept-language": "de"})

    assert "Zu viele fehlgeschlagene Anmeldungen" in answer.content.decode()
    assert "in 15 Minuten" in answer.content.decode()


def test_the_right_password_does_not_open_a_locked_login() -> None:
    person("viewer", "anna")
    fail(LIMIT)

    client = Client()
    answer = try_login(client, "anna")

    assert answer.status_code == 429
    assert client.get("/").status_code == 302


def test_what_is_tried_meanwhile_does_not_lengthen_the_wait() -> None:
    fail(LIMIT)
    counted = AccessAttempt.objects.get().attempt_time, AccessAttempt.objects.get().failures_since_start

    fail(3)

    assert (AccessAttempt.objects.get().attempt_time, AccessAttempt.objects.get().failures_since_start) == counted


def test_a_stranger_locks_nobody_out_at_another_address() -> None:
    person("operator", "anna")
    fail(LIMIT, address="203.0.113.9")

    assert try_login(Client(), "anna", address="192.0.2.1").status_code == 302


def test_another_browser_at_the_same_address_is_locked_as_well() -> None:
    person("viewer", "anna")
    fail(LIMIT, headers={"user-agent": "one"})

    assert try_login(Client(), "anna", headers={"user-agent": "two"}).status_code == 429


def test_an_address_that_tries_many_names_is_locked_for_all_names() -> None:
    person("viewer", "anna")
    for number in range(LIMIT * NAMES_SHARE):
        fail(1, f"name-{number}", address="203.0.113.9")

    assert try_login(Client(), "anna", address="203.0.113.9").status_code == 429
    assert try_login(Client(), "anna", address="192.0.2.1").status_code == 302


def test_the_wait_ends() -> None:
    person("viewer", "anna")
    fail(LIMIT)

    hours_later(settings.ENVIRONMENT.LOGIN_LOCK_MINUTES / 60 + 0.01)

    assert try_login(Client(), "anna").status_code == 302


def test_a_success_forgets_the_failures_before_it() -> None:
    person("viewer", "anna")
    fail(LIMIT - 1)
    try_login(Client(), "anna")

    assert fail(LIMIT - 1).status_code == 200


def test_a_name_that_does_not_exist_is_answered_as_one_that_does() -> None:
    person("viewer", "anna")

    there, not_there = fail(LIMIT, "anna"), fail(LIMIT, "nobody")

    assert (there.status_code, there.templates[0].name) == (not_there.status_code, not_there.templates[0].name)


def test_a_program_is_answered_in_json() -> None:
    answer = fail(LIMIT, headers={"accept": "application/json"})

    assert answer.status_code == 429
    assert set(answer.json()) == {"words", "until"}


def test_every_login_is_kept_with_who_when_and_from_where() -> None:
    person("viewer", "anna")
    fail(2, address="203.0.113.9")
    client = Client()
    try_login(client, "anna", address="192.0.2.7")
    client.post("/logout/", REMOTE_ADDR="192.0.2.7")

    success, failures = AccessLog.objects.get(), AccessFailureLog.objects.all()

    assert (success.username, success.ip_address) == ("anna", "192.0.2.7")
    assert success.attempt_time is not None and success.logout_time is not None
    assert [(row.username, row.ip_address, row.locked_out) for row in failures] == [("anna", "203.0.113.9", False)] * 2


def test_no_password_is_kept_of_a_failed_login() -> None:
    try_login(Client(), "anna", "my-real-password-for-something")

    kept = [*AccessAttempt.objects.values_list(), *AccessFailureLog.objects.values_list()]

    assert "my-real-password-for-something" not in str(kept)


def test_an_admin_unlocks_in_the_admin_and_it_is_kept_who_did() -> None:
    person("viewer", "bert")
    fail(LIMIT, "bert")
    admin = browser(person("admin"))
    row = AccessAttempt.objects.get()

    admin.post("/admin/axes/accessattempt/", {"action": "unlock", "_selected_action": [row.pk]})

    assert try_login(Client(), "bert").status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.change_message) == ("admin-anna", "unlocked bert at 192.0.2.1")


@pytest.mark.parametrize("table", ["accesslog", "accessfailurelog", "accessattempt"])
def test_the_record_of_logins_can_be_read_and_not_changed(table: str) -> None:
    person("viewer", "bert")
    fail(1, "bert")
    try_login(Client(), "bert", address="192.0.2.8")
    fail(1, "bert")
    admin = browser(person("superuser"))
    from django.apps import apps

    row = apps.get_model("axes", table).objects.first()

    assert admin.get(f"/admin/axes/{table}/").status_code == 200
    assert admin.get(f"/admin/axes/{table}/{row.pk}/change/").status_code == 200
    assert admin.post(f"/admin/axes/{table}/{row.pk}/change/", {}).status_code == 403
    assert admin.post(f"/admin/axes/{table}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"/admin/axes/{table}/add/").status_code == 403


def test_the_command_unlocks_a_name() -> None:
    person("viewer", "anna")
    fail(LIMIT)
    said = StringIO()

    call_command("unlock_login", user="anna", stdout=said)

    assert "1 counts" in said.getvalue()
    assert try_login(Client(), "anna").status_code == 302


def test_the_command_wants_to_know_whom() -> None:
    with pytest.raises(CommandError, match="name whom to unlock"):
        call_command("unlock_login")


def test_behind_a_proxy_the_address_is_the_one_the_proxy_heard(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, TRUSTED_PROXIES=1)

    fail(1, headers={"x-forwarded-for": "1.2.3.4, 203.0.113.9"}, address="10.0.0.1")

    assert AccessFailureLog.objects.get().ip_address == "203.0.113.9"


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::1]:80", "::1"),
        ("[2001:db8:1:2:aaaa::7]:443", "2001:db8:1:2::"),
        ("fe80::7%eth0", "fe80::"),
        ("no address", "10.0.0.1"),
        ("203.0.113.7:", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_whatever_a_proxy_writes_an_address_is_counted(settings: Any, said: str, counted: str) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, TRUSTED_PROXIES=1)

    fail(1, headers={"x-forwarded-for": said}, address="10.0.0.1")

    assert AccessFailureLog.objects.get().ip_address == counted


def test_other_addresses_of_one_network_of_64_bits_do_not_evade_the_wait() -> None:
    person("viewer", "anna")
    for number in range(LIMIT):
        fail(1, address=f"2001:db8:1:2::{number + 1}")

    assert try_login(Client(), "anna", address="2001:db8:1:2:ffff::9").status_code == 429
    assert try_login(Client(), "anna", address="2001:db8:1:3::1").status_code == 302
    call_command("unlock_login", address="2001:db8:1:2::1", stdout=StringIO())
    assert try_login(Client(), "anna", address="2001:db8:1:2::1").status_code == 302


def test_without_a_proxy_nobody_chooses_an_address() -> None:
    fail(1, headers={"x-forwarded-for": "1.2.3.4"}, address="203.0.113.9")

    assert AccessFailureLog.objects.get().ip_address == "203.0.113.9"


def test_a_login_of_many_thousand_letters_is_refused_like_any_other() -> None:
    answer = try_login(Client(), "a" * 50_000, "b" * 50_000)

    assert answer.status_code == 200
    assert PASSWORD not in answer.content.decode()


@pytest.mark.parametrize("name", ["\0", "anna\0", "ä" * 300, "'; DROP TABLE auth_user; --"])
def test_a_strange_name_is_no_error_of_the_server(name: str) -> None:
    assert try_login(Client(), name, "wrong").status_code == 200

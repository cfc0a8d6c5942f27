"""The second factor: set up with password and code, asked for at every login, reset when it is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessFailureLog, AccessLog
from django.conf import settings as site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from knox.models import AuthToken

from people.factor import operations
from people.factor.waiting import KEY, WAITS_S
from tests.integration.people.house import PASSWORD, browser, person, try_login

pytestmark = pytest.mark.django_db


def code_of(device: TOTPDevice, step: int = 0) -> str:
    """What the person's authenticator shows, `step` half minutes from now."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift + step)
    return f"{totp.token():06d}"


def with_factor(role: str = "admin") -> tuple[User, TOTPDevice, list[str]]:
    user = person(role)
    device = TOTPDevice.objects.create(user=user, confirmed=True)
    return user, device, operations.new_recovery_codes(user)


def is_in(client: Client) -> bool:
    return client.get("/api/v1/status/").status_code == 200


def outside_the_demo(settings: Any) -> None:
    settings.EFFECTS = replace(settings.EFFECTS, second_factor_in_admin=True)


def test_it_is_set_up_with_the_password_and_a_code() -> None:
    user = person("admin")
    client = browser(user)
    page = client.get("/factor/").content.decode()
    device = TOTPDevice.objects.get()
    assert "data:image/svg+xml;base64," in page and operations.key_as_text(device) in page

    answer = client.post("/factor/", {"password": PASSWORD, "code": code_of(device)})

    assert answer.status_code == 200
    assert operations.enrolled(user) == device
    assert len(answer.context["codes"]) == 10
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


@pytest.mark.parametrize("wrong", [{"password": "not it"}, {"code": "000000"}, {"code": ""}, {"code": "ä\0" * 40}])
def test_it_is_not_set_up_with_less(wrong: dict[str, str]) -> None:
    client = browser(person("viewer"))
    client.get("/factor/")
    right = {"password": PASSWORD, "code": code_of(TOTPDevice.objects.get())}

    answer = client.post("/factor/", right | wrong)

    assert answer.status_code == 422
    assert not TOTPDevice.objects.filter(confirmed=True).exists()


def test_a_page_that_is_loaded_again_shows_the_same_key() -> None:
    client = browser(person("viewer"))
    client.get("/factor/")
    client.get("/factor/")

    assert TOTPDevice.objects.count() == 1


def test_every_session_is_shown_a_key_of_its_own_and_confirms_no_other() -> None:
    user = person("admin")
    stranger, owner = browser(user), browser(user)
    stranger.get("/factor/")
    known = TOTPDevice.objects.get()

    page = owner.get("/factor/").content.decode()
    mine = TOTPDevice.objects.exclude(pk=known.pk).get()

    assert operations.key_as_text(known) not in page and operations.key_as_text(mine) in page
    assert owner.post("/factor/", {"password": PASSWORD, "code": code_of(known)}).status_code == 422
    mine.refresh_from_db()
    mine.throttle_reset()
    assert owner.post("/factor/", {"password": PASSWORD, "code": code_of(mine)}).status_code == 200
    assert list(TOTPDevice.objects.all()) == [mine], "the key that somebody else has seen is gone"


def test_setting_it_up_ends_the_tokens_and_the_other_sessions_of_this_person_alone() -> None:
    user, other = person("admin"), person("viewer")
    stranger, owner, bystander = browser(user), browser(user), browser(other)
    AuthToken.objects.create(user=user)
    AuthToken.objects.create(user=other)
    owner.get("/factor/")

    owner.post("/factor/", {"password": PASSWORD, "code": code_of(TOTPDevice.objects.get())})

    assert (is_in(stranger), is_in(owner), is_in(bystander)) == (False, True, True)
    assert [token.user for token in AuthToken.objects.all()] == [other]


def test_a_key_that_is_gone_is_followed_by_a_new_one() -> None:
    client = browser(person("viewer"))
    client.get("/factor/")
    old = TOTPDevice.objects.get()
    old.delete()

    assert client.post("/factor/", {"password": PASSWORD, "code": code_of(old)}).status_code == 422
    assert operations.key_as_text(TOTPDevice.objects.get()) in client.get("/factor/").content.decode()


def test_the_key_is_never_shown_again_once_it_holds() -> None:
    user, device, _ = with_factor()

    page = browser(user).get("/factor/").content.decode()

    assert operations.key_as_text(device) not in page and device.key not in page and "data:image" not in page


def test_the_password_alone_opens_nothing() -> None:
    with_factor()
    client = Client()

    answer = try_login(client, "admin-anna")

    assert answer["Location"] == "/login/factor/"
    assert not is_in(client)
    assert client.get("/").status_code == 302
    assert client.get("/admin/").status_code == 302
    assert AccessLog.objects.count() == 0


def test_password_and_code_open_the_page_that_was_wanted() -> None:
    _, device, _ = with_factor()
    client = Client()
    client.post("/login/?next=/risk/", {"username": "admin-anna", "password": PASSWORD, "next": "/risk/"})

    answer = client.post("/login/factor/", {"code": code_of(device)})

    assert answer["Location"] == "/risk/"
    assert is_in(client)
    assert AccessLog.objects.count() == 1


def test_nobody_is_led_to_another_site() -> None:
    _, device, _ = with_factor()
    client = Client()
    client.post("/login/", {"username": "admin-anna", "password": PASSWORD, "next": "https://evil.example/"})

    assert client.post("/login/factor/", {"code": code_of(device)})["Location"] == "/"


def test_a_code_is_good_once() -> None:
    _, device, _ = with_factor()
    code = code_of(device)
    first, second = Client(), Client()
    for client in (first, second):
        try_login(client, "admin-anna")
        client.post("/login/factor/", {"code": code})

    assert (is_in(first), is_in(second)) == (True, False)


def test_a_recovery_code_is_good_once() -> None:
    user, _, codes = with_factor()
    first, second = Client(), Client()
    for client in (first, second):
        try_login(client, "admin-anna")
        client.post("/login/factor/", {"code": f" {codes[0].upper()} "})

    assert (is_in(first), is_in(second)) == (True, False)
    assert operations.recovery_codes_left(user) == 9


def test_new_recovery_codes_want_a_code_and_end_the_old_ones() -> None:
    user, device, old = with_factor()
    client = browser(user)

    assert client.post("/factor/", {"code": "123"}).status_code == 422
    device.throttle_reset()
    operations.StaticDevice.objects.get().throttle_reset()
    answer = client.post("/factor/", {"code": code_of(device)})

    assert set(answer.context["codes"]).isdisjoint(old)
    assert operations.checked(user, old[0]) is None


def test_wrong_codes_are_counted_as_failed_logins_and_lock() -> None:
    """Of a recovery code, which does not wait."""
    _, device, _ = with_factor()
    client = Client()
    try_login(client, "admin-anna")

    answers = [
        client.post("/login/factor/", {"code": "wrongwro"}, REMOTE_ADDR="192.0.2.1").status_code
        for _ in range(site.ENVIRONMENT.LOGIN_FAILURES_MAX)
    ]

    assert answers[:-1] == [422] * (len(answers) - 1) and answers[-1] == 429
    assert AccessFailureLog.objects.count() == len(answers)
    right = client.post("/login/factor/", {"code": code_of(device)}, REMOTE_ADDR="192.0.2.1")
    assert right.status_code == 429 and not is_in(client)


def fail_often(*devices: Any) -> None:
    """As if a stranger had tried a thousand wrong codes until now."""
    for device in devices:
        device.throttling_failure_count, device.throttling_failure_timestamp = 1000, timezone.now()
        device.save()


def test_a_thousand_wrong_codes_of_a_stranger_keep_the_owner_out_for_a_minute_at_most() -> None:
    _, device, _ = with_factor()
    client = Client()
    try_login(client, "admin-anna")
    fail_often(device)

    early = client.post("/login/factor/", {"code": code_of(device)})
    device.throttling_failure_timestamp -= timedelta(seconds=65)
    device.save()
    client.post("/login/factor/", {"code": code_of(device)})

    assert early.status_code == 429 and 0 < int(early["Retry-After"]) <= 64
    assert f"none is taken for {early['Retry-After']} second" in early.content.decode()
    assert AccessFailureLog.objects.count() == 0, "a code that was not looked at is no failed login"
    assert is_in(client)


def test_a_recovery_code_is_taken_at_once_whatever_was_tried_before() -> None:
    user, device, codes = with_factor()
    client = Client()
    try_login(client, "admin-anna")
    fail_often(device, operations.StaticDevice.objects.get(user=user))

    client.post("/login/factor/", {"code": codes[0]})

    assert is_in(client)


def test_new_recovery_codes_are_not_made_while_no_code_is_taken() -> None:
    user, device, _ = with_factor()
    fail_often(device)

    answer = browser(user).post("/factor/", {"code": code_of(device)})

    assert answer.status_code == 429 and "none is taken for" in answer.content.decode()


def test_the_code_is_asked_for_five_minutes_only() -> None:
    _, device, _ = with_factor()
    client = Client()
    try_login(client, "admin-anna")
    session = client.session
    session[KEY] = {**session[KEY], "since_s": session[KEY]["since_s"] - WAITS_S}
    session.save()

    assert client.post("/login/factor/", {"code": code_of(device)})["Location"] == "/login/"
    assert not is_in(client)


@pytest.mark.parametrize("change", ["password", "is_active"])
def test_a_change_of_the_account_ends_the_waiting(change: str) -> None:
    user, device, _ = with_factor()
    client = Client()
    try_login(client, "admin-anna")
    if change == "password":
        user.set_password("another-long-password-1")
    else:
        user.is_active = False
    user.save()

    client.post("/login/factor/", {"code": code_of(device)})

    assert not is_in(client)


def test_without_a_password_before_there_is_nothing_to_ask() -> None:
    with_factor()

    assert Client().get("/login/factor/")["Location"] == "/login/"


def test_who_has_none_logs_in_by_password_as_ever() -> None:
    person("superuser", "operator")
    client = Client()

    assert try_login(client, "operator")["Location"] == "/"
    assert is_in(client)
    assert client.get("/admin/").status_code == 200


def test_outside_the_demo_the_admin_asks_for_one_to_be_set_up(settings: Any) -> None:
    outside_the_demo(settings)
    client = browser(person("superuser"))

    assert client.get("/admin/")["Location"] == "/factor/"
    assert client.post("/admin/auth/user/add/", {})["Location"] == "/factor/"

    client.get("/factor/")
    client.post("/factor/", {"password": PASSWORD, "code": code_of(TOTPDevice.objects.get())})
    assert client.get("/admin/").status_code == 200


def test_outside_the_demo_a_login_from_before_the_factor_does_not_enter_the_admin(settings: Any) -> None:
    outside_the_demo(settings)
    user, _, _ = with_factor()
    client = browser(user)

    assert client.get("/admin/")["Location"] == "/login/"
    assert not is_in(client)


def test_outside_the_demo_password_and_code_enter_the_admin(settings: Any) -> None:
    outside_the_demo(settings)
    _, device, _ = with_factor()
    client = Client()
    try_login(client, "admin-anna")
    client.post("/login/factor/", {"code": code_of(device)})

    assert client.get("/admin/").status_code == 200
    device.delete()
    assert client.get("/admin/")["Location"] == "/factor/"


def test_a_login_after_the_first_step_begins_a_new_session() -> None:
    _, device, _ = with_factor()
    client = Client()
    client.get("/login/")
    try_login(client, "admin-anna")
    between = client.session.session_key
    client.post("/login/factor/", {"code": code_of(device)})

    assert client.session.session_key != between
    assert not Session.objects.filter(session_key=between).exists()


def test_an_admin_resets_a_lost_one_and_it_is_kept_who_did() -> None:
    lost = person("operator", "bert")
    TOTPDevice.objects.create(user=lost, confirmed=True)
    admin = browser(person("admin"))

    admin.post("/admin/auth/user/", {"action": "reset_factor", "_selected_action": [lost.pk]})

    assert operations.enrolled(lost) is None
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_repr, entry.change_message) == (
        "admin-anna",
        "bert",
        "second factor reset",
    )


def test_an_admin_does_not_reset_that_of_a_superuser() -> None:
    boss, device, _ = with_factor("superuser")
    admin = browser(person("admin"))

    admin.post("/admin/auth/user/", {"action": "reset_factor", "_selected_action": [boss.pk]})

    assert operations.enrolled(boss) == device


def test_the_command_resets_it_and_names_who_has_none() -> None:
    user, _, _ = with_factor()
    said = StringIO()

    call_command("reset_factor", user.username, stdout=said)

    assert operations.enrolled(user) is None and operations.recovery_codes_left(user) == 0
    assert "/factor/" in said.getvalue()
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("reset_factor", user.username)
    with pytest.raises(CommandError, match="no such person: nobody"):
        call_command("reset_factor", "nobody")


@pytest.mark.parametrize("address", ["/admin/otp_totp/totpdevice/", "/admin/otp_static/staticdevice/"])
def test_keys_and_codes_have_no_page_in_the_admin(address: str) -> None:
    assert browser(person("superuser")).get(address).status_code == 404

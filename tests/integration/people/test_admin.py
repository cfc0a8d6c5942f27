"""The admin of people, what it exports and what history it shows."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from risk.models import Decision, LimitVersion
from risk.roles import role_of
from tests.integration.api.api_house import decision
from tests.integration.people.house import PASSWORD, browser, person

pytestmark = pytest.mark.django_db
SCRIPTS_INLINE = ("'unsafe-inline'", "'unsafe-eval'")


def edited(user: User, **changes: Any) -> dict[str, Any]:
    form = {"username": user.username, "first_name": "", "last_name": "", "email": "", "role": role_of(user)}
    return {**form, **({"is_active": "on"} if user.is_active else {}), **changes}


@pytest.fixture
def admin() -> Client:
    return browser(person("admin"))


def test_an_admin_gives_a_role_and_nothing_more(admin: Client) -> None:
    bert = person("viewer", "bert")
    more = {"is_superuser": "on", "user_permissions": ["1"], "groups": [str(Group.objects.get(name="admin").pk)]}

    answer = admin.post(f"/admin/auth/user/{bert.pk}/change/", edited(bert, role="operator", **more))

    bert = User.objects.get(pk=bert.pk)
    assert answer.status_code == 302
    assert (role_of(bert), bert.is_staff, bert.is_superuser, bert.user_permissions.count()) == (
        "operator",
        False,
        False,
        0,
    )


def test_a_new_person_has_a_password_that_the_rules_take_and_a_role(admin: Client) -> None:
    form = {"username": "carla", "usable_password": "true", "role": "admin"}

    weak = admin.post("/admin/auth/user/add/", {**form, "password1": "short", "password2": "short"})
    good = admin.post("/admin/auth/user/add/", {**form, "password1": PASSWORD, "password2": PASSWORD})

    carla = User.objects.get(username="carla")
    assert (weak.status_code, good.status_code) == (200, 302)
    assert (role_of(carla), carla.is_staff, carla.is_superuser) == ("admin", True, False)


@pytest.mark.parametrize("page", ["change", "password"])
def test_an_admin_does_not_touch_a_superuser(admin: Client, page: str) -> None:
    boss = person("superuser")
    form = {**edited(boss, role="viewer"), "password1": PASSWORD + "x", "password2": PASSWORD + "x"}

    assert admin.post(f"/admin/auth/user/{boss.pk}/{page}/", form).status_code == 403

    assert User.objects.get(pk=boss.pk).check_password(PASSWORD)


def test_nobody_is_deleted(admin: Client) -> None:
    bert = person("viewer", "bert")
    chosen = {"action": "delete_selected", "_selected_action": [bert.pk], "post": "yes"}

    for client in (admin, browser(person("superuser"))):
        client.post("/admin/auth/user/", chosen)

    assert User.objects.filter(pk=bert.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_the_history_of_a_person_names_who_changed_what(admin: Client) -> None:
    bert = person("viewer", "bert")
    admin.post(f"/admin/auth/user/{bert.pk}/change/", edited(bert, email="bert@example.org"))
    User.objects.filter(pk=bert.pk).update(first_name="Bertram")

    page = admin.get(f"/admin/auth/user/{bert.pk}/history/")

    kept = page.context["kept"]
    assert (kept[0].who, kept[0].what) == ("", "first_name:  → Bertram")
    assert ("admin-anna", "email:  → bert@example.org") in [(change.who, change.what) for change in kept]
    assert "first_name:  → Bertram" in page.content.decode()
    assert PASSWORD not in page.content.decode() and bert.password not in page.content.decode()


def test_the_chosen_rows_become_a_file_that_no_spreadsheet_runs(admin: Client) -> None:
    call_command("open_account", verbosity=0)
    call_command("seed_limits", verbosity=0)
    first = LimitVersion.objects.get()
    LimitVersion.objects.bulk_create([
        LimitVersion(**{
            **{field.name: getattr(first, field.name) for field in LimitVersion._meta.fields},
            "version": first.version + 1, "reason": "=cmd|' /C calc'!A0",
        })
    ])  # fmt: skip
    chosen = [row.pk for row in LimitVersion.objects.all()]

    answer = admin.post("/admin/risk/limitversion/", {"action": "export_csv", "_selected_action": chosen})

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer["Content-Disposition"].startswith('attachment; filename="limitversion-')
    assert len(rows) == 2
    assert "'=cmd|' /C calc'!A0" in {value for row in rows for value in row.values()}


@pytest.mark.parametrize("who", ["anonymous", "viewer", "operator"])
def test_nobody_else_exports(who: str) -> None:
    client = Client() if who == "anonymous" else browser(person(who))

    answer = client.post("/admin/auth/user/", {"action": "export_csv", "_selected_action": ["1"]})

    assert answer.status_code in (302, 403) and "csv" not in answer["Content-Type"]


@pytest.mark.parametrize("address", ["/admin/", "/admin/auth/user/", "/admin/marketdata/pause/add/"])
def test_the_admin_has_a_policy_of_its_own_without_inline_scripts(admin: Client, address: str) -> None:
    policy = admin.get(address)["Content-Security-Policy"]

    assert "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert not [word for word in SCRIPTS_INLINE if word in policy]


def test_the_admin_leads_back_to_the_dashboard_in_its_colours(admin: Client) -> None:
    page = admin.get("/admin/").content.decode()

    assert '<a href="/">← Claire de Binaire</a>' in page
    assert "people/admin.css" in page


def test_rooms_are_called_what_they_are_for_in_both_languages(admin: Client) -> None:
    english = admin.get("/admin/").content.decode()
    german = admin.get("/admin/", HTTP_ACCEPT_LANGUAGE="de").content.decode()

    for name in ("Logins", "Tokens of the API", "Market data"):
        assert name in english
    for name in ("Anmeldungen", "Token der API", "Marktdaten"):
        assert name in german
    for library in ("Axes", "Knox", "Marketdata"):
        assert not re.search(rf">\s*{library}\s*<", english)


def test_decisions_stand_newest_first_with_seconds_and_without_zeros_that_fill_up_places(admin: Client) -> None:
    for symbol in ("OLDUSDT", "NEWUSDT"):
        decision(symbol=symbol, price=Decimal("988.35"))

    page = admin.get("/admin/risk/decision/").content.decode()
    exported = admin.post(
        "/admin/risk/decision/", {"action": "export_csv", "_selected_action": [Decision.objects.first().pk]}
    )

    assert page.index("NEWUSDT") < page.index("OLDUSDT")
    assert ">988.35<" in page and "988.350" not in page
    assert re.search(r">20\d\d-\d\d-\d\d \d\d:\d\d:\d\d<", page)
    assert "988.35" in exported.content.decode() and "988.350" not in exported.content.decode()


@pytest.mark.parametrize("wish", ["dark", "light", "system"])
def test_the_admin_has_the_theme_that_was_chosen_on_the_dashboard(admin: Client, wish: str) -> None:
    admin.post("/settings/choose/", {"theme": wish})

    assert f'admin_theme.js" data-theme="{wish}"' in admin.get("/admin/").content.decode()


@pytest.mark.parametrize("address", ["/nowhere/", "/admin/nowhere/"])
def test_an_address_that_is_none_says_so_in_words_and_leads_back(admin: Client, address: str) -> None:
    answer = admin.get(address, HTTP_ACCEPT_LANGUAGE="de")

    page = answer.content.decode()
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in page and '<a href="/">' in page

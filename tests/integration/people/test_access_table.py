"""Every row of the table of access, asked as every role; and that nothing is answered that has no row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, include, path

from people import access
from people.access import ADMIN_PREFIX, ROWS, AccessRow, Door, Least, admin_rows
from tests.integration.people.house import browser, person

pytestmark = pytest.mark.django_db
ROLES = {"anonymous": Least.ANYONE, "viewer": Least.VIEWER, "operator": Least.OPERATOR, "admin": Least.ADMIN}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LABELS = sorted(model._meta.label_lower for model in admin.site._registry)
# By method, right or token, or because there is nothing by that name.
SHUT = {401, 403, 404, 405}
LOGIN = "/login/?next="
by_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.address}")


@pytest.fixture(autouse=True)
def _a_simulated_market_whose_exchange_is_away(settings: Any) -> None:
    nowhere = "http://127.0.0.1:9"
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, MARKET="SIMULATED", MEXC_REST_URL=nowhere)


@pytest.fixture(scope="module")
def logins(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, SimpleCookie]]:
    """The cookie of somebody of every role, and of a superuser: made once, for a few hundred questions."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("open_account", verbosity=0)
        call_command("seed_limits", verbosity=0)
        yield {role: browser(person(role)).cookies for role in ("viewer", "operator", "admin", "superuser")}
        transaction.set_rollback(True)


@pytest.fixture
def asked(logins: dict[str, SimpleCookie], db: None) -> dict[str, Client]:
    """A browser of each of them; what they do is undone."""
    people = {"anonymous": Client(), **{role: Client() for role in logins}}
    for role, cookie in logins.items():
        people[role].cookies = SimpleCookie(cookie.output(header="", sep=";"))
    return people


def verdict(row: AccessRow, answer: Any) -> str:
    """What an answer says about the door: open, or how it is shut."""
    if answer.status_code == 302 and answer["Location"].startswith(LOGIN):
        return "login"
    if answer.status_code in (401, 403):
        return "no token" if row.door == Door.API and not answer.wsgi_request.user.is_authenticated else "403"
    return "open" if answer.status_code in row.answers else f"unexpected {answer.status_code}"


def wanted(row: AccessRow, role: str) -> str:
    if ROLES[role] >= row.least:
        return "open"
    if role == "anonymous":
        return "no token" if row.door == Door.API else "login"
    return "403"


@by_row
def test_a_row_is_answered_as_it_says(row: AccessRow, asked: dict[str, Client]) -> None:
    said = {role: verdict(row, asked[role].generic(row.method, row.address)) for role in ROLES}

    assert said == {role: wanted(row, role) for role in ROLES}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    for item in get_resolver().url_patterns if patterns is None else patterns:
        here = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from routes(item.url_patterns, here)
        else:
            yield here


def test_every_route_of_the_site_has_a_row_and_no_row_is_of_a_route_that_is_gone() -> None:
    ours = {route for route in routes() if not route.startswith(ADMIN_PREFIX)}

    assert ours == {row.route for row in ROWS}


def test_a_route_without_a_row_is_found() -> None:
    more = path("new/", include([path("thing/<int:number>/", lambda _: None)]))

    assert set(routes([more])) - {row.route for row in ROWS} == {"new/thing/<int:number>/"}


def test_a_method_without_a_row_is_answered_to_nobody(asked: dict[str, Client]) -> None:
    """As the one who may most, so that nothing but the method can shut the door; what is for all, as nobody."""
    named = {(row.route, row.method) for row in ROWS}
    addresses = {row.address: row for row in ROWS if row.route != "logout/"}

    answered = [
        f"{method} {address}: {status}"
        for address, row in addresses.items()
        for method in METHODS
        if (row.route, method) not in named
        and (status := asked["superuser" if row.least else "anonymous"].generic(method, address).status_code)
        not in SHUT
    ]

    assert len(addresses) > 40
    assert answered == []


@pytest.mark.parametrize("label", LABELS)
def test_a_table_of_the_admin_is_open_to_admins_and_written_where_the_table_says(
    label: str, asked: dict[str, Client]
) -> None:
    for row in admin_rows(label):
        address = "/" + row.route.replace("<pk>", "1")
        said = {role: at_admin(asked[role], row.method, address) for role in asked}
        allowed = "403" if row.least == Least.NOBODY else "open"
        lesser = {"anonymous": "login", "viewer": "403", "operator": "403"}
        assert said == lesser | {"admin": allowed, "superuser": allowed}, row


def at_admin(client: Client, method: str, address: str) -> str:
    """A row that is not there leads from its page to the index, once the door is passed: 302."""
    answer = client.generic(method, address)
    if answer.status_code == 302 and answer["Location"].startswith(LOGIN):
        return "login"
    return str(answer.status_code) if answer.status_code not in (200, 302) else "open"


@pytest.mark.parametrize(
    "address", ["", "jsi18n/", "autocomplete/", "password_change/", "app/", "nothing-there/", "r/1/1/"]
)
@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_nothing_below_the_admin_answers_who_is_no_admin(role: str, address: str, asked: dict[str, Client]) -> None:
    assert asked["anonymous"].get(f"/admin/{address}").status_code == 302
    assert asked[role].get(f"/admin/{address}").status_code == 403


def test_no_act_is_missing() -> None:
    acts = {row.path for row in access.acts()}

    assert acts == {f"acts/{name}/{way}" for name in access.ACTS for way in ("", "dialog/")}

"""A login ends by itself: when nobody asks for anything, and in any case after its hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import resolve
from django.utils import timezone

from people.sessions import ASKED_BY_PAGES, BEGUN, RENEW_S, RENEWED, begin
from tests.integration.people.house import browser, person, try_login

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _an_hour_idle_and_ten_in_all(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, SESSION_IDLE_MINUTES=60, SESSION_MAX_HOURS=10)


def shift(client: Client, **seconds: int) -> None:
    """Move what a session remembers into the past."""
    session = client.session
    for name, by_s in seconds.items():
        session[name] -= by_s
    session.save()


def is_in(client: Client) -> bool:
    return client.get("/api/v1/status/").status_code == 200


def test_a_login_begins_with_its_idle_time() -> None:
    person("viewer", "anna")
    client = Client()
    try_login(client, "anna")

    left = Session.objects.get(session_key=client.session.session_key).expire_date - timezone.now()

    assert timedelta(minutes=59) < left <= timedelta(minutes=60)


def test_a_session_that_was_asked_for_nothing_is_over() -> None:
    client = browser(person("viewer"))
    assert is_in(client)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert not is_in(client)


def test_a_request_renews_the_idle_time_at_most_once_a_minute() -> None:
    client = browser(person("viewer"))
    first = Session.objects.get().expire_date
    is_in(client)
    assert Session.objects.get().expire_date == first

    shift(client, **{RENEWED: RENEW_S + 1})
    Session.objects.update(expire_date=first - timedelta(minutes=30))
    is_in(client)

    assert Session.objects.get().expire_date >= first


def test_a_session_ends_after_its_hours_however_often_it_is_used() -> None:
    client = browser(person("viewer"))
    shift(client, **{BEGUN: 10 * 3600 - 120, RENEWED: RENEW_S + 1})

    assert is_in(client)
    assert Session.objects.get().expire_date - timezone.now() <= timedelta(seconds=121)

    shift(client, **{BEGUN: 120})
    assert not is_in(client)
    assert Session.objects.count() == 0


def test_a_session_from_before_there_was_an_end_gets_one() -> None:
    client = browser(person("viewer"))
    session = client.session
    del session[BEGUN], session[RENEWED]
    session.save()

    assert is_in(client)
    assert client.session[BEGUN] and client.session[RENEWED]


def test_a_clock_that_went_back_neither_ends_nor_prolongs_a_session() -> None:
    client = browser(person("viewer"))
    shift(client, **{BEGUN: -7200, RENEWED: -7200})

    assert is_in(client)
    assert Session.objects.get().expire_date - timezone.now() <= timedelta(minutes=61)


@pytest.mark.parametrize("address", sorted(ASKED_BY_PAGES))
def test_what_a_page_asks_by_itself_does_not_renew_a_session_and_is_refused_when_it_is_over(address: str) -> None:
    client = browser(person("viewer"))
    shift(client, **{RENEWED: RENEW_S + 1})
    renewed_s = client.session[RENEWED]

    assert resolve(address)
    client.get(address)
    assert client.session[RENEWED] == renewed_s
    client.get("/settings/")
    assert client.session[RENEWED] > renewed_s

    shift(client, **{BEGUN: 10 * 3600 + 1})
    client.get(address)
    assert Session.objects.count() == 0


def test_the_login_of_somebody_else_begins_no_session_anew() -> None:
    client = browser(person("viewer"))
    session = client.session
    session[BEGUN] -= 3600
    request = RequestFactory().post("/login/")
    request.session = session

    begin(request, person("operator"))

    assert session[BEGUN] == client.session[BEGUN] - 3600

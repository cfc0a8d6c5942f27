"""Channels in the admin: an address goes in and never comes out, changes are in the history, a test says what came."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from backoffice.automation.code_figures import ROOT
from notifications import admin as pages
from notifications import operations
from notifications.apprise_door import problem_with
from notifications.models import AlertChannel, ChannelDelivery, TelegramChat
from risk.roles import give_role, keep_groups
from tests.integration.notifications.catchers import WebCatcher
from tests.integration.notifications.post_house import PostHouse, channel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
SECRET = "hush-hush-7f3a"
LIST = "/admin/notifications/alertchannel/"


def person(role: str) -> Client:
    keep_groups()
    user = User.objects.create_user(f"{role}-anna", password="not used here")
    give_role(user, role)
    client = Client()
    client.force_login(user)
    return client


def form(**changes: Any) -> dict[str, Any]:
    values = {
        "name": "ops", "address": f"json://127.0.0.1:9/{SECRET}", "enabled": "on", "language": "de",
        "least_level": "WARNING", "kinds": ["FEED_SILENT"], "daily_report": "on", "quiet_from": "22:00",
        "quiet_until": "07:00", "time_zone": "Europe/Berlin", "per_minute": "5",
    }  # fmt: skip
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def problems(page: Any) -> str:
    assert page.status_code == 200
    return " ".join(str(words) for words in page.context["errors"])


def test_an_admin_makes_a_channel_and_nobody_reads_its_address_again() -> None:
    anna = person("admin")

    anna.post(f"{LIST}add/", form())
    made = AlertChannel.objects.get()
    pages_read = [anna.get(LIST), anna.get(f"{LIST}{made.pk}/change/"), anna.get(f"{LIST}{made.pk}/history/")]

    assert (made.url, made.service, made.changed_by) == (f"json://127.0.0.1:9/{SECRET}", "json", "admin-anna")
    assert made.kinds == ["FEED_SILENT"]
    for page in pages_read:
        assert page.status_code == 200
        assert SECRET not in page.content.decode()


def test_a_name_that_another_channel_has_is_refused_beside_its_field() -> None:
    anna = person("admin")
    anna.post(f"{LIST}add/", form())

    again = anna.post(f"{LIST}add/", form(address="json://127.0.0.1:9/another"))

    assert "already exists" in problems(again)
    assert [row.name for row in AlertChannel.objects.all()] == ["ops"]


def test_an_empty_address_keeps_the_one_there_is_and_the_history_knows_who_set_another() -> None:
    anna = person("admin")
    anna.post(f"{LIST}add/", form())
    made = AlertChannel.objects.get()

    anna.post(f"{LIST}{made.pk}/change/", form(address="", name="night"))
    kept = AlertChannel.objects.get()
    anna.post(f"{LIST}{made.pk}/change/", form(address="json://127.0.0.1:9/another-one-5d2c"))

    tracked = apps.get_model("notifications", "ChannelHistory")
    rows = tracked.objects.order_by("pgh_id")
    assert (kept.url, kept.name) == (made.url, "night")
    assert AlertChannel.objects.get().url.endswith("another-one-5d2c")
    assert [row.pgh_label for row in rows] == ["insert", "update", "update"]
    assert rows[2].url_set_at > rows[1].url_set_at == rows[0].url_set_at
    assert {row.pgh_context.metadata["by"] for row in rows} == {"admin-anna"}
    assert "url" not in {field.name for field in tracked._meta.get_fields()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"address": ""}, "a channel needs an address"),
        ({"address": "ops@example.org"}, "this is no address"),
        ({"address": "pigeon://roof/hush-hush-7f3a"}, "pigeon is no service that is known"),
        ({"address": "discord://hush-hush-7f3a"}, "a part is missing or unusable for discord"),
        ({"address": "tgram://not-a-token-hush-hush-7f3a/42"}, "a part is missing or unusable for tgram"),
        ({"quiet_until": ""}, "Quiet hours need their beginning and their end"),
        ({"quiet_until": "22:00"}, "Quiet hours cannot begin when they end"),
        ({"time_zone": "Mars/Base"}, "is no time zone: use a name such as UTC"),
        ({"per_minute": "0"}, "from 1 to 60 messages"),
        ({"kinds": ["MOOD"]}, "MOOD"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason_and_without_the_secret(
    changes: dict[str, Any], words: str
) -> None:
    anna = person("admin")

    page = anna.post(f"{LIST}add/", form(**changes))

    assert words in problems(page)
    assert SECRET not in page.content.decode()
    assert not AlertChannel.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_is_no_admin_reaches_no_channel_and_no_chat(role: str) -> None:
    made = channel()
    client = person(role)

    answers = [
        client.get(LIST),
        client.post(f"{LIST}add/", form()),
        client.post(f"{LIST}{made.pk}/test/"),
        client.get("/admin/notifications/telegramchat/"),
    ]

    assert all(answer.status_code in (302, 403) for answer in answers)
    assert AlertChannel.objects.count() == 1
    assert not ChannelDelivery.objects.exists()


@contextmanager
def working(house: PostHouse) -> Iterator[None]:
    """The sender in a thread of its own, as the clock hosts it."""

    def run() -> None:
        try:
            house.sender.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        house.sender.runtime.stopping.set()
        thread.join(10)


def test_the_test_button_asks_first_and_says_what_came_of_it(house: PostHouse, web: WebCatcher) -> None:
    made = channel(web, quiet_from="00:00", quiet_until="23:59")
    anna = person("admin")
    web.answers = [(200, {}, b"{}"), (500, {}, b"{}")]

    asked = anna.get(f"{LIST}{made.pk}/test/")
    with working(house):
        good = anna.post(f"{LIST}{made.pk}/test/", follow=True).content.decode()
        bad = anna.post(f"{LIST}{made.pk}/test/", follow=True).content.decode()

    assert "Send a test to" in asked.content.decode() and len(web.caught) == 2
    assert "The service has taken the test message." in good
    assert "The test failed: " in bad and "500" in bad
    assert SECRET not in asked.content.decode() + good + bad
    assert [row.state for row in ChannelDelivery.objects.order_by("pk")] == ["SENT", "GIVEN_UP"]


def test_who_asks_between_the_first_look_and_the_first_wait_is_heard(house: PostHouse, web: WebCatcher) -> None:
    made, asked = channel(web), Queue[ChannelDelivery]()
    look, looked = house.sender.look, iter([True])

    def asked_after_the_first() -> float:
        pause = look()
        if next(looked, False):
            asked.put(operations.ask_for_test(made, house.now))
        return pause

    house.sender.look = asked_after_the_first  # type: ignore[method-assign]
    with working(house):
        ending = pages.tested(asked.get(timeout=30))

    assert ending == ("SENT", "")


def test_a_test_that_nobody_sends_says_so(web: WebCatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "WAIT_S", 0.0)
    made, off = channel(web), channel(web, enabled=False)
    anna = person("admin")

    waiting = anna.post(f"{LIST}{made.pk}/test/", follow=True).content.decode()
    switched_off = anna.post(f"{LIST}{off.pk}/test/", follow=True).content.decode()

    assert "Does the signal generator run?" in waiting
    assert "switch it on first" in switched_off
    assert web.caught == []


def test_a_test_from_another_site_is_refused(web: WebCatcher) -> None:
    made = channel(web)
    person("admin")
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="admin-anna"))

    assert client.post(f"{LIST}{made.pk}/test/").status_code == 403
    assert not ChannelDelivery.objects.exists()


def test_a_channel_that_is_switched_on_again_tells_of_nothing_from_before(house: PostHouse, web: WebCatcher) -> None:
    anna = person("admin")
    anna.post(f"{LIST}add/", form(address=web.address(), enabled=None, least_level="INFO", kinds=[], quiet_from="",
                                  quiet_until=""))  # fmt: skip
    made = AlertChannel.objects.get()
    house.alert()
    house.work()
    anna.post(f"{LIST}{made.pk}/change/", form(address="", least_level="INFO", kinds=[], quiet_from="", quiet_until=""))
    house.work()
    before = len(web.caught)
    house.alert(key="new")
    house.work()

    assert (before, len(web.caught)) == (0, 1)


def test_a_group_is_no_chat_that_asks_as_somebody() -> None:
    anna = person("admin")
    user = User.objects.get(username="admin-anna")
    address = "/admin/notifications/telegramchat/add/"

    group = anna.post(address, {"chat_id": "-100123", "user": user.pk, "enabled": "on"})
    anna.post(address, {"chat_id": "4242", "user": user.pk, "enabled": "on"})

    assert "is no private chat" in problems(group)
    assert [(row.chat_id, row.user, row.changed_by) for row in TelegramChat.objects.all()] == [
        (4242, user, "admin-anna")
    ]
    assert apps.get_model("notifications", "TelegramChatHistory").objects.count() == 1


def test_the_list_of_deliveries_tells_how_each_ended(house: PostHouse, web: WebCatcher) -> None:
    channel(web)
    house.alert()
    house.work()

    page = person("admin").get("/admin/notifications/channeldelivery/").content.decode()

    assert "FEED_SILENT" in page and "SENT" in page.upper()


FILLED_IN = {
    "BOT_TOKEN": "123456789:abcdefghijklmnop-qrstuvwxyzABCDEFGHI", "CHAT_ID": "4242", "TOKEN_A": "T1JJ3T3L2",
    "TOKEN_B": "A1BRTD4JD", "TOKEN_C": "TIiajkdnlazkcOXrIdevi7FQ", "WEBHOOK_ID": "123456789012345678",
    "WEBHOOK_TOKEN": "abcdefghijklmnopqrstuvwxyz", "APPPASSWORD": "abcdefghijklmnop",
}  # fmt: skip


def test_every_address_of_the_document_is_taken_once_it_is_filled_in() -> None:
    page = (ROOT / "docs/notifications.md").read_text(encoding="utf-8")
    addresses = re.findall(r"`(\w+://[^`…\s]+)`", page.partition("## Set up")[2].partition("**E-mail**")[0])

    refused = {}
    for address in addresses:
        for word, value in FILLED_IN.items():
            address = address.replace(word, value)
        if address != "json://" and (problem := problem_with(address)):
            refused[address] = problem

    assert len(addresses) >= 7
    assert refused == {}

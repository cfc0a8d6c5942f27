"""An alert reaches each channel that wants it once, whatever the other side does with it."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from backoffice.automation.code_figures import ROOT
from cdb_site import retention
from cdb_site.alerts import operations as alerts
from cdb_site.alerts.models import Alert
from notifications import apprise_door, claims, courier, planning
from notifications.models import AlertChannel, ChannelDelivery
from notifications.rules.pace import ATTEMPTS_MOST
from tests.integration.notifications.catchers import WebCatcher, web_catcher
from tests.integration.notifications.post_house import PostHouse, channel, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
SECRET = "hush-hush-7f3a"


def test_an_alert_is_told_in_the_channels_language_with_what_to_do(house: PostHouse, web: WebCatcher) -> None:
    channel(web, language="de", time_zone="Europe/Berlin")
    house.alert()

    house.work()

    [text] = web.texts
    assert "CRITICAL FEED_SILENT" in text and "Seit 40 s keine Marktdaten" in text
    assert "Was zu tun ist: " in text and ("CET" in text or "CEST" in text)
    assert web.caught[0].body["type"] == "failure"
    assert states() == ["SENT"]


def test_an_alert_that_is_met_again_or_looked_at_again_is_told_once(house: PostHouse, web: WebCatcher) -> None:
    channel(web)
    for age_s in (40, 50):
        alerts.raise_alert("FEED_SILENT", source="risk", key="feed", params={"age_s": age_s})
        house.work(looks=2)
    house.sender = house.another_sender()
    house.work()

    assert len(web.caught) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, 1),
        ({"enabled": False}, 0),
        ({"least_level": "CRITICAL"}, 0),
        ({"least_level": "WARNING"}, 1),
        ({"kinds": ["FEED_SILENT", "STOP_LOSS"]}, 1),
        ({"kinds": ["FEED_SILENT"]}, 0),
        ({"told_since": "2099-01-01T00:00Z"}, 0),
    ],
)
def test_a_channel_hears_of_what_it_asked_for(
    house: PostHouse, web: WebCatcher, changes: dict[str, object], told: int
) -> None:
    channel(web, **changes)
    house.alert("STOP_LOSS", level="WARNING", params={"symbol": "AAAUSDT"})

    house.work()

    assert len(web.caught) == told


def test_a_failure_is_tried_again_after_a_pause_and_no_line_holds_the_address(
    house: PostHouse, web: WebCatcher, capfd: pytest.CaptureFixture[str]
) -> None:
    root, written = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(written)
    channel(web)
    web.answers = [(500, {}, SECRET.encode())]
    house.alert()

    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        house.work(looks=2)
    finally:
        root.removeHandler(handler)
        root.setLevel(logging.INFO)
    row = ChannelDelivery.objects.get()
    waits_s = (row.next_at - house.now).total_seconds()
    house.move(16)
    house.work()

    assert len(web.caught) == 2 and states() == ["SENT"]
    assert 10 < waits_s <= 15
    assert "500" in row.error and SECRET not in row.error
    said = "".join((*capfd.readouterr(), written.getvalue()))
    assert "did not take a message" in said and SECRET not in said


def test_too_many_requests_are_answered_with_a_minute_of_silence(house: PostHouse, web: WebCatcher) -> None:
    channel(web)
    web.answers = [(429, {"Retry-After": "30"}, b"{}")]
    house.alert()

    house.work()
    house.move(45)
    house.work()
    silent = len(web.caught)
    house.move(20)
    house.work()

    assert (silent, len(web.caught), states()) == (1, 2, ["SENT"])


def test_what_nobody_takes_is_given_up_loudly_but_not_to_the_channel_that_failed(
    house: PostHouse, web: WebCatcher
) -> None:
    dead, alive = channel(name="dead"), channel(web, name="alive", kinds=["NOTIFICATION_FAILED"])
    house.alert()
    for _ in range(ATTEMPTS_MOST):
        house.work()
        house.move(3601)
    house.sender, house.clock.ahead_s = house.another_sender(), 0
    house.work()

    failed = Alert.objects.get(code="NOTIFICATION_FAILED")
    lost = ChannelDelivery.objects.get(channel=dead)
    assert (lost.state, lost.attempts) == ("GIVEN_UP", ATTEMPTS_MOST)
    assert (failed.level, failed.key, failed.state) == ("CRITICAL", str(dead.pk), "RAISED")
    assert "Connection" in failed.params["error"] and SECRET not in str(failed.params)
    assert [row.code for row in ChannelDelivery.objects.filter(channel=alive)] == ["NOTIFICATION_FAILED"]
    assert "dead" in web.texts[0]


def test_the_alert_of_a_failed_channel_closes_with_the_next_message_it_takes(house: PostHouse, web: WebCatcher) -> None:
    mended = channel(web)
    alerts.raise_alert(
        "NOTIFICATION_FAILED", source="bus", key=str(mended.pk), params={"channel": "x", "count": 1, "error": "e"}
    )
    house.alert()

    house.work()

    assert Alert.objects.get(code="NOTIFICATION_FAILED").state == "CLOSED"
    assert len(web.caught) == 1


def test_a_channel_that_hangs_keeps_nobody_waiting_and_its_threads_are_bounded(
    house: PostHouse, web: WebCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise_door, "HANGS_AFTER_S", 0.2)
    with web_catcher() as hanging:
        hanging.hang()
        slow = channel(hanging, url=hanging.address() + "?rto=60")
        channel(web)
        house.alert()
        house.work()
        for _ in range(5):
            house.move(3601)
            house.work()
        errors = set(ChannelDelivery.objects.filter(channel=slow).values_list("error", flat=True))
        threads = [thread for thread in threading.enumerate() if thread.name == f"send {slow.pk}"]

        assert len(web.caught) >= 1
        assert len(hanging.caught) == len(threads) == apprise_door.HANGING_MOST
        assert errors == {"3 earlier messages still wait for an answer"}
        hanging.free.set()
        for thread in threads:
            thread.join(5)


DIES = """
import os, signal, django
django.setup()
from django.utils import timezone
from cdb_site.clock import SYSTEM
from notifications import claims, courier, planning
courier.record = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
planning.plan("paper", timezone.now(), looked_at=None)
[channel], _ = claims.due(timezone.now())
courier.deliver(claims.claim(channel, timezone.now()), SYSTEM)
"""


def test_a_sender_that_dies_between_sending_and_recording_sends_once_more_and_not_twice(
    house: PostHouse, web: WebCatcher
) -> None:
    channel(web)
    house.alert()
    env = {**os.environ, "POSTGRES_DB": connection.settings_dict["NAME"]}
    died = subprocess.run([sys.executable, "-W", "ignore", "-c", DIES], env=env, capture_output=True, cwd=ROOT)
    after_death = len(web.caught)
    house.work(looks=2)
    within_the_lease = len(web.caught)
    house.move(claims.LEASE.total_seconds() + 1)
    house.work(looks=2)
    house.move(3600)
    house.work(looks=2)

    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert (after_death, within_the_lease, len(web.caught)) == (1, 1, 2)
    assert states() == ["SENT"]


def test_who_comes_back_late_records_nothing_over_another_ones_end(house: PostHouse, web: WebCatcher) -> None:
    told = channel(web)
    house.alert()
    house.work()
    row = ChannelDelivery.objects.get()
    ChannelDelivery.objects.update(state="WAITING", settled_at=None)
    [late] = claims.claim(told.pk, house.now)
    claims.release(house.now + claims.LEASE + timedelta(seconds=1))
    [newer] = claims.claim(told.pk, house.now + claims.LEASE + timedelta(seconds=1))
    courier.record(newer, apprise_door.Outcome(), house.now)
    courier.record(late, apprise_door.Outcome(error="no"), house.now)

    row.refresh_from_db()
    assert (row.state, row.error, row.message) == ("SENT", "", newer.message)


def test_what_cannot_be_put_into_words_is_given_up_too_and_holds_up_no_other(
    house: PostHouse, web: WebCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(web)
    house.alert("STOP_LOSS", level="WARNING", params={"symbol": "AAAUSDT"})
    house.alert("FEED_SILENT")
    real = courier.words_of

    def wordless(message: claims.OutgoingMessage) -> apprise_door.Words:
        if message.rows[0].code == "STOP_LOSS":
            raise KeyError("bid")
        return real(message)

    monkeypatch.setattr(courier, "words_of", wordless)
    for _ in range(ATTEMPTS_MOST):
        house.work()
        house.move(3601)

    ends = dict(ChannelDelivery.objects.values_list("code", "state"))
    assert (ends["FEED_SILENT"], ends["STOP_LOSS"]) == ("SENT", "GIVEN_UP")


def test_a_time_zone_that_this_machine_does_not_know_is_utc(house: PostHouse, web: WebCatcher) -> None:
    channel(web, time_zone="Mars/Base", quiet_from="00:00", quiet_until="00:01")
    house.alert()

    house.work()

    assert " UTC" in web.texts[0]


def test_two_senders_at_once_tell_each_alert_once(house: PostHouse, web: WebCatcher) -> None:
    for _ in range(3):
        channel(web)
    for number in range(10):
        house.alert(key=f"k{number}", params={"age_s": number})
    start = threading.Barrier(4)

    def sends() -> None:
        sender = house.another_sender()
        start.wait(10)
        try:
            for _ in range(8):
                sender.look()
                for thread in list(sender.couriers.values()):
                    thread.join(30)
        finally:
            connection.close()

    threads = [threading.Thread(target=sends) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    ages = [text.partition("No market data for ")[2].partition(" s")[0] for text in web.texts]
    assert states() == ["SENT"] * 30
    assert sorted(ages) == sorted(str(number) for number in range(10) for _ in range(3))


def test_a_burst_of_a_thousand_is_a_few_messages_and_none_is_lost(house: PostHouse, web: WebCatcher) -> None:
    channel(web, per_minute=10)
    Alert.objects.bulk_create(
        Alert(
            code="ORDER_REJECTED", level="WARNING", state="CLOSED", source="t", key=str(number), closed_at=house.now,
            params={"symbol": f"S{number}USDT", "reason_code": "FULL"},
        )
        for number in range(1000)
    )  # fmt: skip

    house.work(looks=3)

    assert states() == ["SENT"] * 1000
    assert len(web.caught) == 5, "four alone and one of all others"
    assert "× 996" in web.texts[-1]
    assert all(len(text) < 2000 for text in web.texts)


def test_more_than_a_minute_may_bring_is_told_together_and_then_waits(house: PostHouse, web: WebCatcher) -> None:
    channel(web, per_minute=2)
    for number in range(4):
        house.alert(key=f"k{number}")
    house.work()
    first = len(web.caught)
    house.alert("STOP_LOSS", level="WARNING", params={"symbol": "AAAUSDT"})
    house.work()
    within_the_minute = len(web.caught)
    house.move(61)
    house.work()

    assert (first, within_the_minute, len(web.caught)) == (2, 2, 3)
    assert "3 messages" in web.texts[1] and "More than a minute may bring: 3" in web.texts[1]
    assert "STOP_LOSS" in web.texts[2]


def test_what_is_older_than_an_hour_when_the_sender_is_back_is_one_line(house: PostHouse, web: WebCatcher) -> None:
    channel(web)
    for number in range(5):
        house.alert(key=f"k{number}", age_s=7200 + number)
    house.alert("SERVICE_DOWN", age_s=1800, params={"service": "risk", "age_s": 30})
    house.alert(age_s=8 * 86_400)

    house.work()

    alone, late = web.texts
    assert "SERVICE_DOWN" in alone
    assert "Raised while nothing could be sent: 5, from" in late and "FEED_SILENT" not in late
    assert len(states()) == 6, "what is older than a week is not told at all"


def test_a_channel_that_is_deleted_meanwhile_takes_its_deliveries_along(house: PostHouse, web: WebCatcher) -> None:
    told = channel(web)
    house.alert()
    planning.plan("paper", house.now, looked_at=None)
    [message] = claims.claim(told.pk, house.now)
    AlertChannel.objects.filter(pk=told.pk).delete()

    outcome = courier.take(message, house.clock)
    courier.record(message, apprise_door.Outcome(error="gone"), house.now)
    house.work()

    assert outcome.sent and len(web.caught) == 1
    assert states() == []
    assert not Alert.objects.filter(code="NOTIFICATION_FAILED").exists()


def test_a_channel_that_is_deleted_while_something_is_planned_for_it_leaves_nothing(house: PostHouse) -> None:
    gone = channel()
    house.alert()
    deleted, planned = threading.Event(), threading.Event()

    def deletes() -> None:
        try:
            with transaction.atomic():
                AlertChannel.objects.filter(pk=gone.pk).delete()
                deleted.set()
                planned.wait(0.5)
        finally:
            connection.close()

    thread = threading.Thread(target=deletes)
    thread.start()
    assert deleted.wait(10)
    house.work()
    planned.set()
    thread.join(10)

    assert not AlertChannel.objects.exists() and states() == []


def test_deliveries_end_a_month_after_they_were_settled(house: PostHouse) -> None:
    told = channel()
    for kind, age_days in (("SENT", 31), ("GIVEN_UP", 31), ("SENT", 29)):
        ChannelDelivery.objects.create(
            channel=told, kind="TEST", state=kind, settled_at=house.now - timedelta(days=age_days)
        )
    ChannelDelivery.objects.create(channel=told, kind="TEST", raised_at=house.now - timedelta(days=60))

    retention.retire_rows(lambda: None)

    assert states() == ["SENT", "WAITING"]

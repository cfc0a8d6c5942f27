"""Alerts: one open row per condition however often it is met, acknowledged by name, said on the bus when it changes."""

from __future__ import annotations

import io
import logging
import threading
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test import Client

from cdb_site.alerts import operations as alerts
from cdb_site.alerts.models import Alert
from cdb_site.alerts.tasks import write_to_log
from cdb_site.bus import models, outbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def raise_silence(**params: Any) -> Alert:
    return alerts.raise_alert("FEED_SILENT", source="risk", key="feed", params={"age_s": 40} | params)


def said() -> list[tuple[str, str, int]]:
    payloads = models.Event.objects.filter(topic="alerts").order_by("recorded_at").values_list("payload", flat=True)
    return [(payload["code"], payload["state"], payload["version"]) for payload in payloads]


def test_a_condition_that_lasts_is_one_open_alert_that_counts() -> None:
    first = raise_silence()
    second = raise_silence(age_s=50)

    assert (Alert.objects.count(), second.alert_id, second.count) == (1, first.alert_id, 2)
    assert second.params == {"age_s": 50}
    assert said() == [("FEED_SILENT", "RAISED", 1)]


def test_a_condition_that_ends_is_closed_and_may_come_again() -> None:
    raise_silence()

    assert alerts.close_alert("FEED_SILENT", source="risk", key="feed")
    assert not alerts.close_alert("FEED_SILENT", source="risk", key="feed")
    raise_silence()

    assert sorted(Alert.objects.values_list("state", flat=True)) == ["CLOSED", "RAISED"]
    assert said() == [("FEED_SILENT", "RAISED", 1), ("FEED_SILENT", "CLOSED", 2), ("FEED_SILENT", "RAISED", 1)]


def test_the_same_condition_about_something_else_is_another_alert() -> None:
    for key in ("AAAUSDT", "BBBUSDT"):
        alerts.raise_alert("FEED_SILENT", source="risk", key=key, params={"age_s": 40})

    assert Alert.objects.count() == 2


def test_a_momentary_occurrence_is_closed_at_once_and_each_is_its_own() -> None:
    for _ in range(2):
        alerts.raise_alert("ORDER_REJECTED", source="execution", key="x", params={"symbol": "A", "reason_code": "R"})

    assert list(Alert.objects.values_list("state", flat=True)) == ["CLOSED", "CLOSED"]
    assert Alert.objects.exclude(closed_at=None).count() == 2


def test_an_alert_of_a_unit_that_fails_was_never_raised() -> None:
    with pytest.raises(ZeroDivisionError), outbox.unit_of_work("risk"):
        raise_silence()
        raise ZeroDivisionError

    assert (Alert.objects.count(), said()) == (0, [])


def test_an_unknown_code_is_a_programming_error() -> None:
    with pytest.raises(KeyError, match="NO_SUCH_CODE"):
        alerts.raise_alert("NO_SUCH_CODE", source="risk", key="x", params={})


def test_many_who_meet_one_condition_at_once_open_one_alert() -> None:
    barrier, problems = threading.Barrier(6), []

    def meet() -> None:
        try:
            for _ in range(5):
                barrier.wait(10)
                raise_silence()
                barrier.wait(10)
                alerts.close_alert("FEED_SILENT", source="risk", key="feed")
        except Exception as problem:
            problems.append(problem)
            barrier.abort()
        finally:
            connection.close()

    threads = [threading.Thread(target=meet) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert problems == []
    assert sum(Alert.objects.values_list("count", flat=True)) == 30
    assert not Alert.objects.exclude(state="CLOSED").exists()


def test_an_alert_is_a_line_of_the_log_at_the_level_of_its_meaning(caplog: pytest.LogCaptureFixture) -> None:
    raise_silence()
    [event] = outbox.stored_events(list(models.Event.objects.values_list("event_id", flat=True)))
    log = logging.getLogger("cdb_site.alerts")
    log.addHandler(caplog.handler)

    write_to_log([event])

    log.removeHandler(caplog.handler)
    assert ("CRITICAL", "RAISED FEED_SILENT: No market data for 40 s.") in {
        (record.levelname, record.getMessage()) for record in caplog.records
    }


def test_an_acknowledged_alert_says_who_and_stays_open_until_its_condition_ends() -> None:
    alert = raise_silence()

    assert alerts.acknowledge(alert.alert_id, by="anna")
    raise_silence(age_s=50)
    alert.refresh_from_db()

    assert (alert.state, alert.acknowledged_by, alert.count) == ("ACKNOWLEDGED", "anna", 2)
    assert alert.acknowledged_at
    alerts.close_alert("FEED_SILENT", source="risk", key="feed")
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == ("CLOSED", "anna")
    assert said() == [("FEED_SILENT", "RAISED", 1), ("FEED_SILENT", "ACKNOWLEDGED", 2), ("FEED_SILENT", "CLOSED", 3)]


def test_only_the_first_who_acknowledges_is_kept() -> None:
    alert = raise_silence()
    alerts.acknowledge(alert.alert_id, by="anna")

    assert not alerts.acknowledge(alert.alert_id, by="bert")
    alert.refresh_from_db()

    assert (alert.acknowledged_by, alert.version) == ("anna", 2)


def test_a_closed_alert_needs_nobody() -> None:
    alert = raise_silence()
    alerts.close_alert("FEED_SILENT", source="risk", key="feed")

    assert not alerts.acknowledge(alert.alert_id, by="anna")


def test_nobody_acknowledges_nothing() -> None:
    alert = raise_silence()

    with pytest.raises(ValueError, match="needs the name"):
        alerts.acknowledge(alert.alert_id, by=" ")
    with pytest.raises(Alert.DoesNotExist):
        alerts.acknowledge(uuid.uuid4(), by="anna")


@pytest.mark.parametrize(
    "values", [{"state": "ACKNOWLEDGED"}, {"acknowledged_by": "anna"}, {"state": "CLOSED", "acknowledged_by": "anna"}]
)
def test_the_database_takes_no_acknowledgement_without_name_and_time(values: dict[str, str]) -> None:
    raise_silence()

    with pytest.raises(IntegrityError, match="alert_acknowledged_says_who_and_when"):
        Alert.objects.update(**values)


def test_the_command_acknowledges_by_code_and_lists_with_what_to_do() -> None:
    raise_silence()
    output = io.StringIO()

    call_command("acknowledge", "feed_silent", by="anna", stdout=output)
    call_command("acknowledge", stdout=output)

    assert "FEED_SILENT feed: acknowledged by anna" in output.getvalue()
    assert "No market data for 40 s." in output.getvalue()
    assert "see the WS screener's log" in output.getvalue()
    with pytest.raises(CommandError, match="Open: FEED_SILENT"):
        call_command("acknowledge", "BOOKS_DIFFER")


@pytest.mark.parametrize("allowed", [True, False])
def test_the_admin_acknowledges_in_the_name_of_who_may(allowed: bool, settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    alert = raise_silence()
    user = User.objects.create_user("anna", is_staff=True)
    rights = ["view_alert", "acknowledge_alert"] if allowed else ["view_alert"]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)

    form = {"action": "acknowledge", "_selected_action": [str(alert.alert_id)]}
    page = client.post("/admin/alerts/alert/", form, follow=True)
    alert.refresh_from_db()

    assert page.status_code == 200
    assert alert.acknowledged_by == ("anna" if allowed else "")
    assert "No market data for 40 s." in page.content.decode()

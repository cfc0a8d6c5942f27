"""Alerts: one open row per condition however often it is met, said on the bus when it changes."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from django.db import connection

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
        alerts.raise_alert("ORDER_SLIPPAGE", source="execution", key="x", params={"symbol": "A", "slippage": "1 %"})

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

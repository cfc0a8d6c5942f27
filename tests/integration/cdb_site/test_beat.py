"""The timed jobs: sent to their services, dropped when their time is over, and never silent unseen."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest
from django.conf import settings

from cdb_site.bus.beat import Beat
from cdb_site.bus.runtime import Runtime
from cdb_site.services import service
from celery_app import app

QUEUE = "cdb_celery:risk"


def make_clock_service() -> Runtime:
    return Runtime(service=service("signal_gen"), environment=settings.ENVIRONMENT, instance="1")


@pytest.fixture
def every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timetable of one job that is always due."""
    entry = dict(settings.CELERY_BEAT_SCHEDULE["risk.audit_books"], schedule=0.0)
    monkeypatch.setitem(app.conf, "beat_schedule", {"audit": entry})


def test_a_due_job_is_sent_to_its_service_and_expires_within_its_period(
    valkey: Any, every_tick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = make_clock_service()
    monkeypatch.setattr(runtime, "pause", lambda seconds: runtime.stopping.set())

    Beat(runtime).run()

    [message] = [orjson.loads(body) for body in valkey.lrange(QUEUE, 0, -1)]
    assert message["headers"]["task"] == "risk.audit_books"
    assert message["headers"]["expires"] is not None
    assert runtime.progress.slowest()[0] == "beat"


@pytest.mark.parametrize("job", settings.CELERY_BEAT_SCHEDULE.values(), ids=lambda job: job["task"])
def test_every_job_is_dropped_once_its_successor_is_due(job: dict[str, Any]) -> None:
    assert job["options"]["expires"] == job["schedule"].run_every.total_seconds()


def test_a_scheduler_that_hangs_makes_the_clock_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, hanging = make_clock_service(), threading.Event()
    monkeypatch.setattr("cdb_site.bus.beat.Scheduler.tick", lambda self: hanging.wait(10) and 0)
    runtime.progress.expect("Beat")
    part = threading.Thread(target=Beat(runtime).run, name="Beat")

    part.start()
    reason = runtime.progress.reason
    runtime.stopping.set()
    hanging.set()
    part.join(10)

    assert reason == "Beat has not turned yet"

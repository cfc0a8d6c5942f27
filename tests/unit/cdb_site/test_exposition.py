"""/metrics of a process with several services: each figure once, at the port of whoever counts it."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from cdb_site.bus.runtime import Runtime
from cdb_site.health.exposition import exposition
from cdb_site.services import service
from celery_app import app

TOGETHER = ("signal", "risk", "execution")


@pytest.fixture(autouse=True)
def tasks() -> None:
    app.loader.import_default_modules()


def families(name: str, together: tuple[str, ...]) -> set[str]:
    runtime = Runtime(service=service(name), environment=settings.ENVIRONMENT, instance="1", together=together)
    return set(re.findall(r"^# TYPE (\S+)", exposition(runtime).decode(), re.MULTILINE))


def test_each_service_of_a_lane_tells_what_its_package_counts_and_nothing_is_told_twice() -> None:
    signal, risk, execution = (families(name, TOGETHER) for name in TOGETHER)

    assert "cdb_evaluations_total" in signal
    assert "cdb_decisions_total" in risk
    assert "cdb_fills_total" in execution
    assert not (signal & risk or risk & execution or signal & execution)


def test_nothing_is_left_out_and_the_first_tells_what_belongs_to_no_one() -> None:
    alone = families("risk", ("risk",))

    assert set.union(*(families(name, TOGETHER) for name in TOGETHER)) == alone
    assert "process_resident_memory_bytes" in families("signal", TOGETHER)

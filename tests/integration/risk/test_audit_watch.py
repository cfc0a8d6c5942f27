"""An audit of the books that does not come is an alert, whatever kept it, until one comes."""

from __future__ import annotations

import time

import pytest
from django.conf import settings

from cdb_site.alerts.models import Alert
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import Clock
from cdb_site.services import service
from risk.audit_watch import MISSED_AFTER_S, AuditWatch
from risk.models import AuditRun

pytestmark = pytest.mark.django_db(transaction=True)


class Ahead(Clock):
    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return time.monotonic() + self.ahead_s


def make_watch() -> tuple[AuditWatch, Ahead]:
    clock = Ahead()
    runtime = Runtime(service=service("signal_gen"), environment=settings.ENVIRONMENT, instance="1", clock=clock)
    return AuditWatch(runtime), clock


def test_no_audit_for_more_than_three_periods_is_an_alert_until_the_next_one(valkey: object) -> None:
    watch, clock = make_watch()
    watch.look()
    clock.ahead_s = MISSED_AFTER_S + 1

    watch.look()
    watch.look()
    missed = list(Alert.objects.values_list("code", "state", "count"))
    AuditRun.objects.create(violations=0, duration_ms=1)
    watch.look()

    assert missed == [("AUDIT_MISSED", "RAISED", 1)]
    assert Alert.objects.get().state == "CLOSED"


def test_after_a_start_the_first_audit_is_waited_for(valkey: object) -> None:
    watch, clock = make_watch()
    clock.ahead_s = MISSED_AFTER_S - 1

    watch.look()

    assert not Alert.objects.exists()

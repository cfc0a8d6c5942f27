"""What wakes on alerts: each one is a line of the log, at the level of its meaning."""

from __future__ import annotations

import logging

from celery import shared_task

from cdb_site.alerts.catalog import sentence
from cdb_site.bus.consumer import consumes
from cdb_site.bus.events import BusEvent

log = logging.getLogger("cdb_site.alerts")
LEVELS = {"CRITICAL": logging.CRITICAL, "WARNING": logging.WARNING, "INFO": logging.INFO}


@consumes("alerts", service="signal_gen")
@shared_task(name="alerts.write_to_log")
def write_to_log(events: list[BusEvent]) -> None:
    """Write alerts to the log. A line repeated after a crash does no harm."""
    for event in events:
        alert = event.payload
        text = sentence(alert["code"], alert["params"])
        log.log(LEVELS[alert["level"]], "%s %s: %s", alert["state"], alert["code"], text)

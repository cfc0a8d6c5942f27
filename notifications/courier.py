"""Takes messages to their channel and records what came of it, each under its own number.

Recording is conditional: rows that are not SENDING under this message's number any more are left alone, whoever has
them now. What failed too often is given up loudly: an alert, which is not told to the channel that failed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from prometheus_client import Counter

from cdb_site import failures
from cdb_site.alerts import operations as alerts
from cdb_site.clock import Clock
from notifications import apprise_door
from notifications.apprise_door import Outcome
from notifications.claims import OutgoingMessage
from notifications.models import ChannelDelivery
from notifications.planning import FAILED
from notifications.rules.pace import pause_after
from notifications.texts import words_of

log = logging.getLogger(__name__)
MESSAGES = Counter("cdb_notifications_total", "Messages to channels, by how they ended", ["outcome"])
State = ChannelDelivery.State


def deliver(messages: Sequence[OutgoingMessage], clock: Clock) -> None:
    """Send one after the other; for a thread of its own, whose connection is closed at the end."""
    try:
        for message in messages:
            with failures.waiting_for_servers("the record of a notification"):
                take(message, clock)
    finally:
        connection.close()


def take(message: OutgoingMessage, clock: Clock) -> Outcome:
    """Send one message and record its end."""
    outcome = _attempt(message)
    record(message, outcome, clock.wall_now())
    return outcome


def _attempt(message: OutgoingMessage) -> Outcome:
    """A message that cannot be put into words fails like one that is not taken, so that it ends, too."""
    try:
        words = words_of(message)
    except Exception as problem:
        if failures.meaning_of(problem) is not failures.Failure.WORK:
            raise
        log.exception("a notification to the channel %s has no words", message.channel)
        return Outcome(error=f"it could not be put into words: {type(problem).__name__}")
    return apprise_door.send(message.channel.url, words, message.channel.pk)


def record(message: OutgoingMessage, outcome: Outcome, now: datetime) -> None:
    """Settle the rows of a message, or let them wait for their next attempt."""
    mine = ChannelDelivery.objects.filter(message=message.message, state=State.SENDING)
    if outcome.sent:
        MESSAGES.labels("sent").inc()
        mine.update(state=State.SENT, settled_at=now, lease_until=None, error="")
        alerts.close_alerts(FAILED, source="bus", keys=[str(message.channel.pk)])
        return
    attempts = max(row.attempts for row in message.rows)
    pause = pause_after(attempts, too_many=outcome.too_many)
    if any(row.kind == ChannelDelivery.Kind.TEST for row in message.rows):
        pause = None
    log.warning("the channel %s did not take a message (attempt %d): %s", message.channel, attempts, outcome.error)
    if pause is not None:
        MESSAGES.labels("failed").inc()
        mine.update(state=State.WAITING, next_at=now + pause, lease_until=None, error=outcome.error)
        return
    MESSAGES.labels("given_up").inc()
    given_up = mine.update(state=State.GIVEN_UP, settled_at=now, lease_until=None, error=outcome.error)
    if given_up and message.rows[0].kind != ChannelDelivery.Kind.TEST:
        _tell(message, outcome, given_up)


def _tell(message: OutgoingMessage, outcome: Outcome, count: int) -> None:
    channel = message.channel
    log.error("%d notifications to the channel %s are given up", count, channel)
    params = {"channel": channel.name, "count": count, "error": outcome.error}
    alerts.raise_alert("NOTIFICATION_FAILED", source="bus", key=str(channel.pk), params=params)

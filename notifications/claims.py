"""Who sends what next: leases the due deliveries of one channel and puts them into messages.

1. The channel's row is locked, unless another sender has it: one sender at a time decides for a channel.
2. What is quiet now waits until the quiet hours end, but what is CRITICAL; what may be said this minute is counted.
3. The rest is SENDING under a lease and belongs to whoever committed. Nothing is sent within the transaction.

A lease outlives every message of the claim. Whoever dies after the commit leaves rows whose lease ends, and `release`
lets them wait again, with the attempt counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Case, Count, F, IntegerField, Min, When

from cdb_site import db
from notifications.apprise_door import HANGS_AFTER_S
from notifications.models import AlertChannel, ChannelDelivery
from notifications.rules.pace import LATE_AFTER, WINDOW, shared_out
from notifications.rules.quiet import quiet_until

MESSAGES_AT_ONCE = 5
ROWS_MOST = 5_000
LEASE = timedelta(seconds=HANGS_AFTER_S * (MESSAGES_AT_ONCE + 1))
WORST_FIRST = Case(
    When(kind="TEST", then=0), When(level="CRITICAL", then=1), When(level="WARNING", then=2), default=3,
    output_field=IntegerField(),
)  # fmt: skip
RELEASE = """
    UPDATE notification_delivery SET state = 'WAITING', lease_until = NULL, next_at = %(now)s,
      error = 'the sender ended before it recorded the answer'
    WHERE id IN (SELECT id FROM notification_delivery WHERE state = 'SENDING' AND lease_until < %(now)s
      ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED)"""
DUE = """
    SELECT channel.id, min(delivery.next_at) FROM notification_channel channel
    JOIN notification_delivery delivery ON delivery.channel_id = channel.id AND delivery.state = 'WAITING'
    WHERE channel.enabled GROUP BY channel.id"""


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """What goes to a channel as one: rows that are SENDING under this message's number."""

    message: UUID
    channel: AlertChannel
    rows: list[ChannelDelivery]

    @property
    def together(self) -> bool:
        return len(self.rows) > 1 or bool(self.rows[0].together)


def release(now: datetime) -> int:
    """Let rows wait again whose sender has died. Returns how many."""
    return db.execute(RELEASE, {"now": now})


def due(now: datetime) -> tuple[list[int], datetime | None]:
    """(channels with something due now, when the next one has)."""
    rows = db.select(DUE)
    later = [at for _, at in rows if at > now]
    return [channel for channel, at in rows if at <= now], min(later, default=None)


def claim(channel_id: int, now: datetime) -> list[OutgoingMessage]:
    """The channel's next messages, leased; none if another sender has it, or it is gone, off, quiet or at its rate."""
    with transaction.atomic():
        locked = AlertChannel.objects.select_for_update(skip_locked=True, no_key=True)
        channel = locked.filter(pk=channel_id, enabled=True).first()
        if channel is None:
            return []
        rows = _told_now(channel, _waiting(channel, now), now)
        free, next_free = _free(channel, now)
        alone, together = _sorted_out(rows, now)
        first, rest = shared_out(alone, together, free, MESSAGES_AT_ONCE)
        if rows and not first and not rest and next_free:
            _wait_until([row.pk for row in rows], next_free)
        return [_leased(channel, part, now) for part in (*([row] for row in first), rest) if part]


def _waiting(channel: AlertChannel, now: datetime) -> list[ChannelDelivery]:
    rows = ChannelDelivery.objects.select_for_update(skip_locked=True, no_key=True)
    due_now = rows.filter(channel=channel, state=ChannelDelivery.State.WAITING, next_at__lte=now)
    return list(due_now.order_by(WORST_FIRST, "raised_at", "pk")[:ROWS_MOST])


def _told_now(channel: AlertChannel, rows: Sequence[ChannelDelivery], now: datetime) -> list[ChannelDelivery]:
    """Without what the quiet hours hold back, which is told together when they end."""
    until = quiet_until(now, channel.quiet_from, channel.quiet_until, channel.zone)
    if until is None:
        return list(rows)
    held = [row for row in rows if row.level != "CRITICAL" and row.kind != ChannelDelivery.Kind.TEST]
    numbers = {row.pk for row in held}
    _wait_until(list(numbers), until)
    alerts = [row.pk for row in held if row.kind == ChannelDelivery.Kind.ALERT]
    ChannelDelivery.objects.filter(pk__in=alerts).update(together=ChannelDelivery.Together.QUIET)
    return [row for row in rows if row.pk not in numbers]


def _wait_until(rows: Sequence[int], moment: datetime) -> None:
    ChannelDelivery.objects.filter(pk__in=rows).update(next_at=moment)


def _free(channel: AlertChannel, now: datetime) -> tuple[int, datetime | None]:
    """(messages that may still be begun in this minute, when the next may)."""
    begun = ChannelDelivery.objects.filter(channel=channel, begun_at__gt=now - WINDOW, message__isnull=False)
    seen = begun.aggregate(messages=Count("message", distinct=True), first=Min("begun_at"))
    return channel.per_minute - seen["messages"], seen["first"] + WINDOW if seen["first"] else None


def _sorted_out(rows: Sequence[ChannelDelivery], now: datetime) -> tuple[list[ChannelDelivery], list[ChannelDelivery]]:
    """(what may be told alone, what is told together). What nobody could send for an hour is only counted."""
    for row in rows:
        old = row.kind == ChannelDelivery.Kind.ALERT and now - row.raised_at > LATE_AFTER
        if old and not row.together and not row.attempts:
            row.together = ChannelDelivery.Together.LATE
    return [row for row in rows if not row.together], [row for row in rows if row.together]


def _leased(channel: AlertChannel, rows: list[ChannelDelivery], now: datetime) -> OutgoingMessage:
    number = uuid4()
    leased = {"state": ChannelDelivery.State.SENDING, "message": number, "begun_at": now, "lease_until": now + LEASE}
    for row in rows:
        if len(rows) > 1 and not row.together:
            row.together = ChannelDelivery.Together.MANY
    for why in {row.together for row in rows}:
        these = [row.pk for row in rows if row.together == why]
        ChannelDelivery.objects.filter(pk__in=these).update(**leased, together=why, attempts=F("attempts") + 1)
    for row in rows:
        row.attempts += 1
    return OutgoingMessage(message=number, channel=channel, rows=rows)

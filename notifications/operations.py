"""Channels as they are written: who wrote, since when they tell, and the test that one is asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notifications import bell
from notifications.apprise_door import service_of
from notifications.models import AlertChannel, ChannelDelivery, TelegramChat


def keep(channel: AlertChannel, *, url: str, by: str, now: datetime) -> None:
    """Store a channel. An empty `url` leaves the address as it is; a channel that is made or switched on tells of what
    is raised from now on."""
    before = AlertChannel.objects.filter(pk=channel.pk).first() if channel.pk else None
    if url:
        channel.url, channel.service, channel.url_set_at = url, service_of(url), now
    elif before:
        channel.url = before.url
    if channel.enabled and not (before and before.enabled):
        channel.told_since = now
    channel.changed_by = by
    channel.save()
    bell.ring()


def keep_chat(chat: TelegramChat, *, by: str) -> None:
    chat.changed_by = by
    chat.save()


def ask_for_test(channel: AlertChannel, now: datetime) -> ChannelDelivery:
    """Let the sender send a test, as it sends everything else."""
    made: ChannelDelivery = ChannelDelivery.objects.create(
        channel=channel, kind=ChannelDelivery.Kind.TEST, level="INFO", raised_at=now, next_at=now
    )
    bell.ring()
    return made


def ending_of(delivery: int) -> tuple[str, str]:
    """(state, error) of a delivery now; GIVEN_UP when its channel took it along."""
    row: Any = ChannelDelivery.objects.filter(pk=delivery).values_list("state", "error").first()
    return row or (ChannelDelivery.State.GIVEN_UP.value, "")

"""Rows of the tables of notifications that keep all their constraints, as those beside them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User

from notifications.models import AlertChannel, ChannelDelivery, TelegramChat
from tests.integration.house.rows import SAME


def alert_channel(**changes: Any) -> AlertChannel:
    values = {"name": str(uuid4()), "url": "json://localhost", "service": "json", "changed_by": "anna"}
    return AlertChannel.objects.create(**values | changes)


def channel_delivery(**changes: Any) -> ChannelDelivery:
    channel = changes.pop("channel", None) or alert_channel()
    return ChannelDelivery.objects.create(**{"channel": channel, "kind": "ALERT", "alert_id": SAME} | changes)


def channel_delivery_twice(**changes: Any) -> None:
    channel = alert_channel()
    channel_delivery(channel=channel, **changes)
    channel_delivery(channel=channel, **changes)


def telegram_chat(**changes: Any) -> TelegramChat:
    user = User.objects.create(username=str(uuid4()))
    return TelegramChat.objects.create(**{"user": user, "chat_id": 7, "changed_by": "anna"} | changes)

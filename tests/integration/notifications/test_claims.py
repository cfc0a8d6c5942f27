"""A claim that is large or that fails, and what the services' library says: none of it gets past where it belongs."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from notifications import apprise_door, claims, planning
from notifications.models import ChannelDelivery
from tests.integration.notifications.catchers import WebCatcher
from tests.integration.notifications.post_house import PostHouse, channel, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
SECRET = "hush-hush-7f3a"
BERLIN: dict[str, Any] = {"quiet_from": "22:00", "quiet_until": "07:00", "time_zone": "Europe/Berlin"}


def test_what_is_critical_is_told_at_night_behind_as_many_held_rows_as_one_claim_takes(
    house: PostHouse, web: WebCatcher
) -> None:
    house.clock.stands_at = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    told = channel(web, **BERLIN)
    house.alert()
    planning.plan("paper", house.now, looked_at=None)
    ChannelDelivery.objects.bulk_create(
        ChannelDelivery(
            channel=told, kind="ALERT", alert_id=uuid4(), code="STOP_LOSS", level="WARNING",
            raised_at=house.now, next_at=house.now,
        )
        for _ in range(claims.ROWS_MOST)
    )  # fmt: skip

    began_s = time.process_time()
    [message] = claims.claim(told.pk, house.now)

    assert [row.code for row in message.rows] == ["FEED_SILENT"]
    assert time.process_time() - began_s < 2, "pairwise it takes ten times as long, and the server ends the session"
    waiting = ChannelDelivery.objects.filter(state="WAITING")
    assert waiting.filter(next_at__gt=house.now, together="QUIET").count() == claims.ROWS_MOST - 1


def test_a_channel_whose_claim_the_server_ends_keeps_the_others_waiting_for_nothing(
    house: PostHouse, web: WebCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = [channel(web) for _ in range(2)]
    house.alert()
    planning.plan("paper", house.now, looked_at=None)
    [first, *_], _later = claims.due(house.now)
    real = claims.claim

    def ended(number: int, now: datetime) -> list[claims.OutgoingMessage]:
        if number == first:
            connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return real(number, now)

    monkeypatch.setattr(claims, "claim", ended)
    house.work()

    assert len(channels) == 2 and len(web.caught) == 1
    assert ChannelDelivery.objects.get(state="WAITING").channel_id == first
    monkeypatch.undo()
    house.work()
    assert states() == ["SENT", "SENT"]


@pytest.mark.parametrize("name", apprise_door.SILENCED)
def test_what_a_library_of_the_way_out_says_reaches_no_stderr_even_if_it_brings_no_handler_of_its_own(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    apprise_door.problem_with("json://127.0.0.1")
    monkeypatch.setattr(logging.getLogger(name), "handlers", [])
    apprise_door._library.cache_clear()
    apprise_door.problem_with("json://127.0.0.1")

    logging.getLogger(f"{name}.within").warning("retrying /bot%s", SECRET)

    assert SECRET not in "".join(capsys.readouterr())

"""Levels for Prometheus: what waits, how full it is, and NaN for what nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from math import isnan
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from prometheus_client import REGISTRY
from redis.exceptions import ConnectionError as RedisGone

from cdb_site import db
from cdb_site.bus.models import DeadLetter, Outbox
from cdb_site.health import levels

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def told(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None, name
    return value


def bury(number: int, state: str = "OPEN") -> list[DeadLetter]:
    return DeadLetter.objects.bulk_create(
        DeadLetter(topic="gossip", group=state, entry_id=f"{n}-0", body="", error="", state=state)
        for n in range(number)
    )


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    levels.look(Path("/"))
    assert (told("cdb_outbox_age_seconds"), told("cdb_dead_letters_open")) == (0, 0)
    yield


def test_the_outbox_is_as_old_as_its_oldest_transaction(tmp_path: Path) -> None:
    for age_s in (3, 90, 20):
        row = Outbox.objects.create(unit_id=uuid4(), event_ids=[uuid4()])
        Outbox.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(seconds=age_s))

    levels.look(tmp_path)

    assert 90 <= told("cdb_outbox_age_seconds") < 95


def test_dead_letters_that_wait_are_counted_and_those_put_back_are_not(tmp_path: Path) -> None:
    bury(2), bury(1, "PARKED"), bury(4, "RETRIED")

    levels.look(tmp_path)

    assert told("cdb_dead_letters_open") == 3


def test_counting_ends_at_a_thousand_and_needs_no_look_at_what_was_put_back(tmp_path: Path) -> None:
    bury(1200), bury(5000, "RETRIED")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE dead_letter")

    levels.look(tmp_path)
    plan = "\n".join(row[0] for row in db.select(f"EXPLAIN {levels.WAITING.replace('1000', '10')}"))

    assert told("cdb_dead_letters_open") == levels.COUNTED_MAX
    assert "dead_letter_waiting" in plan


def test_the_disk_and_redis_are_told_as_shares_and_both_servers_answer(valkey: Any, tmp_path: Path) -> None:
    levels.look(tmp_path)

    assert 0 < told("cdb_disk_free_ratio") < 1
    assert 0 < told("cdb_redis_memory_ratio") < 0.5
    assert told("cdb_server_answers", server="postgres") == told("cdb_server_answers", server="redis") == 1


def test_what_a_silent_server_would_have_told_is_unknown_and_the_other_is_asked_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(levels.db, "select", away)
        levels.look(tmp_path)

    assert isnan(told("cdb_outbox_age_seconds")) and isnan(told("cdb_dead_letters_open"))
    assert (told("cdb_server_answers", server="postgres"), told("cdb_server_answers", server="redis")) == (0, 1)
    levels.look(tmp_path)
    assert told("cdb_outbox_age_seconds") == 0
    assert told("cdb_server_answers", server="postgres") == 1


def test_a_redis_that_is_gone_and_a_folder_that_is_none_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise RedisGone("refused")

    monkeypatch.setattr(levels, "connection", gone)

    levels.look(Path("/no/such/folder"))

    assert isnan(told("cdb_redis_memory_ratio")) and isnan(told("cdb_disk_free_ratio"))
    assert told("cdb_server_answers", server="redis") == 0

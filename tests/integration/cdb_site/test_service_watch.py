"""A service that is not heard for three heartbeats is down: an alert, closed when it is heard again."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import settings

from cdb_site.alerts.models import Alert
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import Clock
from cdb_site.failures import waiting_for_servers
from cdb_site.health.heartbeat import DOWN_AFTER_S, payload
from cdb_site.health.service_watch import LISTENED_S, ServiceWatch
from cdb_site.services import service

pytestmark = pytest.mark.django_db(transaction=True)


class Ahead(Clock):
    """Both clocks run `ahead_s` before the machine's."""

    ahead_s = 0.0

    def wall_s(self) -> float:
        return time.time() + self.ahead_s

    def monotonic_s(self) -> float:
        return time.monotonic() + self.ahead_s


class Stage:
    """A watch, and services that beat when they are told to."""

    def __init__(self) -> None:
        self.clock = Ahead()
        self.watch = ServiceWatch(self._runtime("signal_gen"))

    def _runtime(self, name: str) -> Runtime:
        return Runtime(service=service(name), environment=settings.ENVIRONMENT, instance="1", clock=self.clock)

    def beat(self, *names: str, client: Any) -> None:
        from cdb_site.bus.events import encode, make

        for name in names:
            now = self.clock.market_now()
            event = make("health", payload(self._runtime(name)), key=name, producer=name, occurred_at=now)
            client.xadd("cdb:health", {"e": encode(event)}, id=f"{int(self.clock.wall_s() * 1000)}-*")

    def wait(self, seconds: float) -> None:
        self.clock.ahead_s += seconds


@pytest.fixture
def stage() -> Stage:
    return Stage()


def alerts() -> list[tuple[str, str, str]]:
    return list(Alert.objects.order_by("raised_at").values_list("code", "key", "state"))


def listening(stage: Stage, valkey: Any) -> None:
    """Both services heard, and the watch has listened long enough to judge."""
    stage.watch.look()
    stage.wait(LISTENED_S)
    stage.beat("risk", "execution", client=valkey)
    stage.watch.look()
    assert alerts() == []


def test_a_service_not_heard_for_three_heartbeats_is_down_until_it_is_heard_again(stage: Stage, valkey: Any) -> None:
    listening(stage, valkey)
    stage.wait(DOWN_AFTER_S + 0.5)
    stage.beat("execution", client=valkey)

    stage.watch.look()
    stage.watch.look()
    down = alerts()
    stage.beat("risk", client=valkey)
    stage.watch.look()

    assert down == [("SERVICE_DOWN", "risk", "RAISED")]
    assert Alert.objects.get().count == 1
    assert alerts() == [("SERVICE_DOWN", "risk", "CLOSED")]


def test_two_heartbeats_missed_are_no_alert(stage: Stage, valkey: Any) -> None:
    listening(stage, valkey)
    stage.wait(DOWN_AFTER_S - 0.5)

    stage.watch.look()

    assert alerts() == []


def test_while_redis_is_away_and_just_after_nobody_is_called_down(
    stage: Stage, valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening(stage, valkey)
    with monkeypatch.context() as away:
        away.setattr("cdb_site.health.service_watch.connection", lambda: Unreachable())
        stage.wait(60)
        with waiting_for_servers("the watch"):
            stage.watch.look()

    stage.watch.look()
    stage.wait(LISTENED_S + 1)
    stage.beat("execution", client=valkey)
    at_once = alerts()
    stage.watch.look()

    assert at_once == []
    assert alerts() == [("SERVICE_DOWN", "risk", "RAISED")]


class Unreachable:
    def __getattr__(self, name: str) -> Any:
        import redis

        raise redis.exceptions.ConnectionError("away")


def test_a_watch_that_starts_anew_knows_who_was_down(
    stage: Stage, valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening(stage, valkey)
    stage.wait(DOWN_AFTER_S + 0.5)
    stage.watch.look()
    following = Stage()
    following.clock = following.watch.runtime.clock = stage.clock
    monkeypatch.setattr(following.watch.runtime, "pause", lambda _: following.watch.runtime.stopping.set())
    following.watch.run()
    following.wait(LISTENED_S)

    following.beat("risk", "execution", client=valkey)
    following.watch.look()

    assert {(key, state) for _, key, state in alerts()} == {("risk", "CLOSED"), ("execution", "CLOSED")}

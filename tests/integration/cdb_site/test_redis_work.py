"""What each service really does in Redis, by its own code and as its own user: nothing is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer

from api import throttling
from cdb_site import env
from cdb_site.alerts import operations as alerts
from cdb_site.bus import clock_follower, latest, streams, tasks, trimming
from cdb_site.bus import redis as bus_redis
from cdb_site.bus.consumer import GroupReader
from cdb_site.bus.registry import consumers_of, readers_of
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.tail import TailReader
from cdb_site.bus.topics import TOPICS
from cdb_site.clock import SYSTEM, Anchor
from cdb_site.health import levels
from cdb_site.health.service_watch import ServiceWatch
from cdb_site.local.servers import Servers
from cdb_site.services import SERVICES, service
from celery_app import app
from dashboard import breaking, system_facts
from dashboard.live import nudges
from dashboard.live.reader import Trail
from execution.venues.mexc.sent import OURS, SharedNotes
from marketdata.mexc.limiter import limiter_of, order_limiter_of
from marketdata.screeners import holdings
from marketdata.screeners.rest import timekeeping, verifying
from notifications import bell
from risk.operator import status_report

pytestmark = pytest.mark.django_db(transaction=True)
Act = Callable[[Any], object]
SERVING = [item.name for item in SERVICES if item.kind != "exchange"]


def quote() -> dict[str, Any]:
    return {"symbol": "AAAUSDT", "received_at": "2026-01-02T03:04:05.000000Z"}


def asks_the_exchange(settings: Any) -> None:
    shared = limiter_of("http://127.0.0.1:1").shared
    assert shared.take(1, 100) == 0
    assert shared.pause(10) == 10


def sends_orders(settings: Any) -> None:
    assert order_limiter_of("http://127.0.0.1:1").shared.take(1, 12) == 0
    assert SharedNotes("http://127.0.0.1:1").note(uuid4().hex, at_ms=1, hold_ms=4000) == OURS


def verifies(settings: Any) -> None:
    verifying._remember("1m", {"AAAUSDT": verifying.Verified(2, 1)})
    assert verifying._remembered("1m") == {"AAAUSDT": verifying.Verified(2, 1)}


def tells_the_time(settings: Any) -> None:
    timekeeping._share(Anchor(wall_s=SYSTEM.wall_s(), market_s=1.0, rate=1.0))


def breaks(settings: Any) -> None:
    breaking.begin("silence", {"seconds": "5"}, by="anna")
    breaking.end(7, by="anna")
    assert breaking._runs()[0]["ended_s"]
    client = bus_redis.connection()
    assert client.hsetnx(breaking.BACK_KEY, "run", 1) and client.expire(breaking.BACK_KEY, 9)


def tells_browsers(settings: Any) -> None:
    async def there_and_back() -> Any:
        layer = RedisPubSubChannelLayer(hosts=[env.redis_url(settings.ENVIRONMENT)], prefix="cdb_channels")
        name = await layer.new_channel()
        await layer.group_add("alerts", name)
        await layer.group_send("alerts", {"type": "alert.toast"})
        heard = await asyncio.wait_for(layer.receive(name), 10)
        await layer.group_discard("alerts", name)
        await layer.flush()
        return heard

    assert asyncio.run(there_and_back()) == {"type": "alert.toast"}


def hears_nudges(settings: Any) -> None:
    with bus_redis.connect().pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(nudges.channel())
        nudges._publish(nudges.FACTS)
        assert subscription.get_message(timeout=5) is not None or subscription.get_message(timeout=5) is not None


def raises_and_beats(settings: Any) -> None:
    alerts.raise_alert("SERVICE_DOWN", source="tests", key=uuid4().hex, params={"service": "x", "age_s": 1})
    bus_redis.connection().xadd(TOPICS["health"].key, {"e": b"x"}, maxlen=0, approximate=False)
    clock_follower.follow_shared_anchor()
    latest.read_quotes()


def follows_all_topics(settings: Any) -> None:
    trail = Trail(bus_redis.connect(), [topic for topic in TOPICS.values() if "dashboard" in topic.readers])
    positions: dict[Any, Any] = trail.start()
    trail.lost(positions)
    bus_redis.connect().xread(positions, count=1)
    assert len(system_facts.topics()) == len(TOPICS)


BESIDES: dict[str, tuple[Act, ...]] = {
    "ws": (
        asks_the_exchange, lambda settings: latest.store_quotes([quote()]),
        lambda settings: holdings.latest.newest("portfolio"),
    ),
    "rest": (
        asks_the_exchange, verifies, tells_the_time,
        lambda settings: latest.store_quotes_over_older([quote()], SYSTEM.wall_now()),
        lambda settings: levels._redis(),
        lambda settings: holdings.latest.newest("portfolio"),
    ),
    "signal": (),
    "risk": (lambda settings: status_report._beats(), lambda settings: ServiceWatch(runtime("risk")).look()),
    "execution": (sends_orders, asks_the_exchange),
    "signal_gen": (
        lambda settings: tasks._not_rung_lately(uuid4().hex),
        lambda settings: [tasks._backlog(topic) for topic in TOPICS.values() if topic.consumers],
        lambda settings: trimming.trim_streams(),
        lambda settings: (bell.ring(), bell.Bell().wait(0.01)),
        lambda settings: ServiceWatch(runtime("signal_gen")).look(),
    ),
    "dashboard": (
        lambda settings: throttling._counted("cdb:throttle:requests:x:1"), lambda settings: bell.ring(),
        lambda settings: system_facts.redis_memory(), breaks, tells_browsers, hears_nudges, follows_all_topics,
    ),
}  # fmt: skip


class NoExchange:
    """Takes every order of a fault."""

    def order(self, *_: Any, **__: Any) -> int:
        return 7

    def end(self, fault_id: int) -> None: ...


def runtime(name: str) -> Runtime:
    return Runtime(service=service(name), environment=bus_redis.settings.ENVIRONMENT, instance="1")


@pytest.fixture
def become(servers: Servers, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """This process as one of the users, with connections of its own."""
    kept = (bus_redis.connection, streams._adder, limiter_of, order_limiter_of)

    def fresh() -> None:
        for cached in kept:
            cached.cache_clear()

    def act(user: str) -> None:
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, **servers.redis_env(user))
        fresh()

    monkeypatch.setattr(breaking, "client", NoExchange)
    yield act
    fresh()


@pytest.mark.parametrize("name", SERVING)
def test_a_service_is_refused_nothing_of_its_own_work(
    become: Callable[[str], None], settings: Any, valkey: redis.Redis, name: str
) -> None:
    app.loader.import_default_modules()
    for topic in TOPICS.values():
        valkey.xadd(topic.key, {"e": b"x"}, maxlen=1 if topic.durable else 0, approximate=False)
    become(name)
    valkey.acl_log_reset()

    for act in (raises_and_beats, *BESIDES[name]):
        act(settings)
    if consumers_of(name):
        reader = GroupReader(runtime(name), consumers_of(name))
        for key, delivery in reader.deliveries.items():
            clean_start(reader, key, delivery.consumer.topic)
    if readers_of(name):
        TailReader(runtime(name), readers_of(name))._newest()

    said: Any = valkey.acl_log()
    assert [(row["username"], row["reason"], row["object"]) for row in said] == []


def clean_start(reader: GroupReader, key: str, topic_name: str) -> None:
    """The group, one entry read and acknowledged, and the upkeep: without a handler, which is not what is tried."""
    from cdb_site.bus.consumer import ensure_group

    ensure_group(reader.client, topic_name, reader.service)
    entries: Any = reader.client.xreadgroup(reader.service, reader.name, {key: ">"}, count=10)
    names = [entry for _, rows in entries for entry, _ in rows]
    assert names
    reader.client.xack(key, reader.service, *names)
    reader._claim_from_the_dead(key)
    reader._measure_lag()

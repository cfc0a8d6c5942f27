"""The floor: what three hops cost at least on this machine, without any of our code.

    XADD → blocked XREADGROUP → one row committed (synchronous_commit=on), three times, each hop its own process

The system's tick → fill has the same shape (signal, decision, fill), so its latency is told as a multiple of this.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event

from cdb_site.local.signals import undisturbed
from proofs.rig.connections import owner_connection, redis_client

HOPS = 3
GROUP = "floor"


def stream(hop: int) -> str:
    return f"floor:{hop}"


def run_hop(hop: int, env: Mapping[str, str], stop: Event) -> None:
    """One bare consumer: read, commit a row, pass on."""
    client, connection = redis_client(env), owner_connection(env)
    connection.execute("SET synchronous_commit = on")
    while not stop.is_set():
        reply = client.xreadgroup(GROUP, "only", {stream(hop): ">"}, count=100, block=500)
        for _, entries in reply or []:
            for name, fields in entries:
                connection.execute("INSERT INTO floor_hop (hop, body) VALUES (%s, %s)", (hop, fields[b"e"].decode()))
                client.xadd(stream(hop + 1), fields, maxlen=1000)
                client.xack(stream(hop), GROUP, name)


class Floor:
    """The running chain; `probe` sends one message through it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.client = redis_client(env)
        self.seconds: list[float] = []

    def probe(self) -> float:
        """Seconds for one message through all hops; kept for the median."""
        last = self.client.xadd(stream(HOPS), {"e": "start"}, maxlen=1000)
        started = time.perf_counter()
        self.client.xadd(stream(0), {"e": "x" * 300}, maxlen=1000)
        self.client.xread({stream(HOPS): last}, block=5000)
        self.seconds.append(time.perf_counter() - started)
        return self.seconds[-1]


@contextmanager
def running_floor(owner_env: Mapping[str, str]) -> Iterator[Floor]:
    """The three hop processes for the length of the block."""
    with owner_connection(owner_env) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS floor_hop (id bigserial PRIMARY KEY, hop int, body text)")
    client = redis_client(owner_env)
    for number in range(HOPS):
        client.xgroup_create(stream(number), GROUP, id="$", mkstream=True)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    hops = [
        context.Process(target=run_hop, args=(number, dict(owner_env), stop), daemon=True) for number in range(HOPS)
    ]
    try:
        for hop in hops:
            hop.start()
        yield Floor(owner_env)
    finally:
        with undisturbed():
            _end(hops, stop)


def _end(hops: Sequence[SpawnProcess], stop: Event) -> None:
    stop.set()
    for hop in hops:
        if hop.pid is not None:
            hop.join(5)
            hop.kill()
            hop.join()

"""What 300,000 orders cost a batch of five signals: the lane's own handler in a full house and in an empty one.

Two processes on one PostgreSQL server, a database each, take turns: a candle in which five symbols signal is handed to
the handler of the signal service, which hosts risk and execution too (`docs/lane.md`), and the time until it returns is
taken. Medians, and the ratio of each pair. Nothing else runs.
"""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.planting import SYMBOLS, plant
from cdb_site.local.signals import undisturbed
from cdb_site.local.system import System
from proofs.rig.connections import owner_connection
from proofs.rig.program import enter
from proofs.rig.waiting import expect, say

BATCH = 5
FILLED_LEAST = 0.99
WARM_UP, MEASURED = 60, 300
HOUSES = ("empty", "grown")


def growth(system: System) -> dict[str, Any]:
    """Milliseconds of a batch in both houses, their ratio, and of every query that looks at what grows."""
    server = owner_connection(system.owner_env)
    with _house(system.env) as first:
        for _ in range(WARM_UP):
            first("batch")
        first("settle")
    for name in HOUSES:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{system.env["POSTGRES_DB"]}"')
    with owner_connection({**system.owner_env, "POSTGRES_DB": "grown"}) as owner:
        planted = plant(owner)
    with _house(_of(system.env, 1)) as empty, _house(_of(system.env, 2)) as grown:
        milliseconds = _in_turns(empty, grown)
        for name, house in (("empty", empty), ("grown", grown)):
            signals, fills = house("came")
            expect(fills >= FILLED_LEAST * signals, f"{fills} of {signals} signals were filled in the {name} house")
        queries = {name: {"empty": empty(name), "grown": grown(name)} for name in sorted(empty("queries"))}
    medians = {name: round(statistics.median(taken), 2) for name, taken in milliseconds.items()}
    pairs = [now / then for then, now in zip(milliseconds["empty"], milliseconds["grown"], strict=True)]
    say(f"a batch of {BATCH} signals: {medians} ms; queries, ms: {queries}")
    return {
        "growth_rows": planted,
        "growth_batch_ms": medians,
        "growth_ratio": round(medians["grown"] / medians["empty"], 3),
        "growth_ratio_of_pairs": round(statistics.median(pairs), 3),
        "growth_queries_ms": queries,
    }


def _of(env: Mapping[str, str], number: int) -> dict[str, str]:
    """The environment of one house: its own database, streams and journal."""
    name = HOUSES[number - 1]
    return {**env, "POSTGRES_DB": name, "REDIS_DB": str(number), "DATA_DIR": f"{env['DATA_DIR']}/{name}"}


def _in_turns(empty: Callable[[str], Any], grown: Callable[[str], Any]) -> dict[str, list[float]]:
    """Who is first changes from pair to pair."""
    taken: dict[str, list[float]] = {name: [] for name in HOUSES}
    for number in range(WARM_UP + MEASURED):
        order = [("empty", empty), ("grown", grown)]
        for name, house in order if number % 2 else reversed(order):
            took_ms = house("batch")
            if number >= WARM_UP:
                taken[name].append(took_ms)
    return taken


@contextmanager
def _house(env: Mapping[str, str]) -> Iterator[Callable[[str], Any]]:
    """A process that hosts the lane on this environment; ask it for a batch or a query."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run_house, args=(dict(env), theirs), daemon=True)
    with undisturbed():
        process.start()
    theirs.close()
    try:
        yield partial(_asked, ours)
    finally:
        with undisturbed():
            ours.close()
            process.join(10)
            process.kill()
            process.join()


def _asked(house: Connection, what: str) -> Any:
    try:
        house.send(what)
        return house.recv()
    except (EOFError, OSError) as problem:
        expect(False, f"the house ended at {what!r}: {problem!r}")


def run_house(env: Mapping[str, str], asked: Connection) -> None:
    """Answer until nobody asks any more."""
    enter(env)
    from benchmarks.grown_lane import GrownLane

    house = GrownLane(SYMBOLS, BATCH)
    answers: dict[str, Callable[[], Any]] = {
        "batch": house.batch,
        "settle": house.settle,
        "came": house.came,
        "queries": lambda: sorted(house.queries),
    }
    while True:
        try:
            what = asked.recv()
        except EOFError:
            return
        asked.send(answers[what]() if what in answers else house.query_ms(what))

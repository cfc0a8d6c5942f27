"""The topics of the bus: who sends, who must consume, who may read along, and how each is kept.

A *durable* topic is a Redis Stream with one consumer group per consuming service, and every event on it is first a
row in PostgreSQL. A *latest-wins* topic is a short stream without groups: what is old is worthless, nothing is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

LATEST_LENGTH = 2_000
HARD_CAP = 200_000
# All streams at their caps fit into the memory that Redis is given (`docker-compose.yml`, `cdb_site/local/valkey.py`).
CAP_BYTES = 40 * 2**20
LATEST_BYTES = 16 * 2**20
# An event has up to 40 levels of each symbol, and only its newest are read.
DEPTH_LENGTH = 100
DEPTH_BYTES = 4 * 2**20


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One row of the table. `consumers` have groups; `readers` follow from the newest entry."""

    name: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    durable: bool = True
    cap: int = HARD_CAP
    cap_bytes: int = CAP_BYTES

    @property
    def key(self) -> str:
        """The Redis key of the stream."""
        return f"cdb:{self.name}"


_ROWS = (
    #     name                  producers                     consumers           readers
    Topic(name="market_data", producers=("ws", "rest"), consumers=("signal",), readers=("dashboard",)),
    Topic(name="signals", producers=("signal",), consumers=("risk",), readers=("dashboard",)),
    Topic(name="orders", producers=("risk",), consumers=("execution",), readers=("dashboard",)),
    Topic(name="order_results", producers=("execution",), consumers=("risk",), readers=("dashboard",)),
    Topic(
        name="alerts",
        producers=("risk", "execution", "bus"),
        consumers=("signal_gen",),
        readers=("dashboard", "signal_gen"),
    ),
    Topic(name="decisions", producers=("risk",), readers=("dashboard",)),
    Topic(
        name="market_data.quotes",
        producers=("ws", "rest"),
        readers=("risk", "execution", "dashboard"),
        durable=False,
        cap=LATEST_LENGTH,
        cap_bytes=LATEST_BYTES,
    ),
    Topic(
        name="market_data.depth",
        producers=("ws",),
        readers=("execution",),
        durable=False,
        cap=DEPTH_LENGTH,
        cap_bytes=DEPTH_BYTES,
    ),
    Topic(
        name="portfolio",
        producers=("risk",),
        readers=("dashboard", "rest", "ws"),
        durable=False,
        cap=LATEST_LENGTH,
        cap_bytes=LATEST_BYTES,
    ),
    Topic(
        name="health",
        producers=("*",),
        readers=("dashboard", "risk", "signal_gen"),
        durable=False,
        cap=LATEST_LENGTH,
        cap_bytes=LATEST_BYTES,
    ),
)

TOPICS: dict[str, Topic] = {row.name: row for row in _ROWS}


def register(topic: Topic) -> Topic:
    """Add a topic of another app. Its payload must be defined in EVENT_SCHEMA.json or by `schema.define`."""
    TOPICS[topic.name] = topic
    return topic


def topic(name: str) -> Topic:
    """The topic of that name; KeyError names the known ones."""
    try:
        return TOPICS[name]
    except KeyError:
        raise KeyError(f"no topic is named {name!r}; known: {', '.join(TOPICS)}") from None

"""The market clock of a process that starts: how it takes over what the REST screener shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.bus.redis import connection
from cdb_site.clock import ANCHOR_KEY, ANCHOR_LIFETIME_S, SYSTEM, Anchor, anchor_fields

pytestmark = pytest.mark.usefixtures("valkey")


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    anchor = SYSTEM.anchor
    yield
    SYSTEM.anchor = anchor
    connection().delete(ANCHOR_KEY)


def share(*, aged_s: float) -> None:
    now_s = SYSTEM.wall_s()
    anchor = Anchor(wall_s=now_s - aged_s, market_s=now_s, rate=10, simulated=True, label="a market")
    connection().delete(ANCHOR_KEY)
    connection().hset(ANCHOR_KEY, mapping=dict(anchor_fields(anchor)))  # type: ignore[arg-type]


def test_a_fresh_anchor_is_followed_and_looked_at_again_in_its_time() -> None:
    share(aged_s=0.1)

    assert follow_shared_anchor()
    assert SYSTEM.anchor.simulated


def test_the_anchor_of_a_former_run_is_followed_and_its_successor_looked_for_at_once() -> None:
    share(aged_s=ANCHOR_LIFETIME_S + 1)

    assert not follow_shared_anchor()
    assert SYSTEM.anchor.simulated, "market time is not wall time, though it stands still"


def test_without_an_anchor_there_is_one_to_wait_for() -> None:
    connection().delete(ANCHOR_KEY)

    assert not follow_shared_anchor()

"""Numbering, coalescing and catching up: the feed without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboard.live.feed import Batch, Feed, Ring


def changes(batch: Batch | None) -> dict[str, Any]:
    assert batch is not None
    return dict(json.loads(batch.text)["changes"])


def test_of_quotes_only_the_last_of_a_symbol_is_sent() -> None:
    feed = Feed()

    for last in ("1", "2", "3"):
        feed.put("quotes", {"symbol": "AAA", "last": last})
    batch = feed.flush()

    assert changes(batch)["quotes"] == [{"symbol": "AAA", "last": "3"}]
    assert batch is not None and (batch.seq_from, batch.seq_to) == (1, 3)


def test_of_orders_every_version_is_sent() -> None:
    feed = Feed()

    for version in (1, 2, 3):
        feed.put("orders", {"id": "o", "version": version})

    assert [row["version"] for row in changes(feed.flush())["orders"]] == [1, 2, 3]


def test_batches_join_without_a_gap() -> None:
    feed = Feed()
    batches = []

    for number in range(5):
        feed.put("orders", {"id": str(number), "version": 1})
        feed.put("portfolio", {"equity": str(number)})
        batches.append(feed.flush())

    assert [(batch.seq_from, batch.seq_to) for batch in batches if batch] == [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)]


def test_orders_and_alerts_are_urgent_and_what_only_changes_is_not() -> None:
    feed = Feed()
    feed.put("quotes", {"symbol": "AAA", "last": "1"})
    feed.put("signals", {"id": "s"})
    assert not feed.has_urgent

    feed.put("orders", {"id": "o", "version": 1})
    assert feed.has_urgent

    feed.flush()
    assert not feed.has_urgent


def test_nothing_changed_is_no_batch() -> None:
    assert Feed().flush() is None


def test_a_new_epoch_forgets_what_was_not_sent() -> None:
    feed = Feed()
    feed.put("orders", {"id": "old", "version": 1})
    before = feed.epoch

    feed.restart("run2")
    feed.put("orders", {"id": "new", "version": 1})
    batch = feed.flush()

    assert feed.epoch != before
    assert [row["id"] for row in changes(batch)["orders"]] == ["new"]
    assert batch is not None and batch.seq_from == batch.seq_to == 2


def test_an_unknown_kind_of_change_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="weather"):
        Feed().put("weather", {})


def batch(first: int, last: int, *, epoch: str = "e", text: str = "{}") -> Batch:
    return Batch(epoch=epoch, seq_from=first, seq_to=last, text=text)


def test_the_ring_gives_what_came_after_a_number() -> None:
    ring = Ring()
    for first, last in ((1, 4), (5, 6), (7, 9)):
        ring.add(batch(first, last))

    assert [one.seq_to for one in ring.since(4, newest=9) or []] == [6, 9]
    assert [one.seq_to for one in ring.since(5, newest=9) or []] == [6, 9]
    assert ring.since(9, newest=9) == []


def test_the_ring_says_so_when_it_does_not_reach_back() -> None:
    ring = Ring(batches_max=2)
    for first, last in ((1, 4), (5, 6), (7, 9)):
        ring.add(batch(first, last))

    assert ring.since(3, newest=9) is None
    assert ring.since(10, newest=9) is None
    assert [one.seq_to for one in ring.since(4, newest=9) or []] == [6, 9]


def test_the_ring_is_bounded_in_bytes() -> None:
    ring = Ring(bytes_max=100)
    ring.add(batch(1, 1, text="x" * 60))

    ring.add(batch(2, 2, text="x" * 60))

    assert ring.since(0, newest=2) is None
    assert [one.seq_to for one in ring.since(1, newest=2) or []] == [2]


def test_the_ring_holds_one_epoch_only() -> None:
    ring = Ring()
    ring.add(batch(1, 2, epoch="old"))

    ring.add(batch(3, 4, epoch="new"))

    assert ring.since(1, newest=4) is None

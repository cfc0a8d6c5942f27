"""The figures of a replay: groups put together, and what is measured is what is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import replay_peers
from benchmarks.replay import most_memory_mb, replay_figures
from benchmarks.replay_peers import STOP_LOSS_PCT, STRATEGY, differences, rate, seeded_pairs
from replay.rules import peers
from replay.rules.peers import PeerTrips, peer_trips


def test_differences_of_groups_are_added_up_and_other_figures_stand_side_by_side() -> None:
    told = replay_figures(
        (lambda: {"oracle_differences": 2, "one_per_s": 5}, lambda: {"oracle_differences": 1, "disagreements": 0})
    )

    assert told == {"oracle_differences": 3, "disagreements": 0, "one_per_s": 5, "rss_mb": told["rss_mb"]}


def test_a_figure_that_two_groups_give_is_refused() -> None:
    def once_more() -> dict[str, int]:
        return {"one_per_s": 6}

    with pytest.raises(ValueError, match="once_more: one_per_s is another group's figure too"):
        replay_figures((lambda: {"one_per_s": 5}, once_more))


def test_the_most_memory_does_not_shrink() -> None:
    before = most_memory_mb()
    ballast = bytearray(64 << 20)
    most = most_memory_mb()
    del ballast

    assert before is None or (most or 0) >= before
    assert most_memory_mb() == most


def test_a_row_that_is_lost_or_changed_counts_as_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = seeded_pairs(holes=0.02, symbols=2, periods=900)
    trips = peer_trips(grid, STRATEGY, STOP_LOSS_PCT)
    assert len(trips.row) > 3
    assert differences(grid) == 0

    monkeypatch.setattr(replay_peers, "peer_trips", lambda *_: PeerTrips(*(array[1:] for array in trips)))
    assert differences(grid) == 1
    monkeypatch.setattr(replay_peers, "peer_trips", lambda *_: trips._replace(entry=trips.entry - (trips.row == 0)))
    assert differences(grid) == 2 * int((trips.row == 0).sum())


def test_a_rate_is_told_of_all_candles_and_the_plain_form_is_put_back() -> None:
    grid = seeded_pairs(holes=0.0, symbols=2, periods=900)
    before = peers.walk

    assert replay_peers._plain_rate(grid) > 0
    assert peers.walk is before
    assert rate(grid, peer_trips) > rate(replace(grid, close=grid.close[:0]), peer_trips) == 0

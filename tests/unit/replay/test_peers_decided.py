"""The peers' rule decided event by event: as it was named, and where not, the decided result stands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.rules.fill_model import Model
from proofs.peers_oracle import oracle_rows
from replay.rules.candidates import candidates
from replay.rules.grid import CandleGrid
from replay.rules.lookahead import Played, peeks
from replay.rules.outcome import ReplayOutcome
from replay.rules.peers import OPEN_TIME, peer_trips
from replay.rules.peers_decided import play_peers
from replay.rules.replay_desk import ReplayDesk, ReplayOrder
from replay.rules.settings import PEERS, ReplaySettings
from risk.rules.limits import LIMITS, Limits
from tests.unit.replay.test_candidates import make_grid, make_strategy, walk

TWO_PERCENT = Decimal("0.02")
REASONS = {"SIGNAL": "SIGNAL", "STOP": "STOP", "OPERATOR": "END"}


def make_settings(*, lookback: int = 3, cash: str = "10000") -> ReplaySettings:
    """With limits that would refuse everything if they were those that count, but for the stop."""
    nothing = dict.fromkeys((limit.name for limit in LIMITS), Decimal(0))
    return ReplaySettings(
        strategy=make_strategy(lookback=lookback),
        limits=Limits(version=1, **nothing | {"stop_loss_pct": TWO_PERCENT}),
        model=Model(impact_bps=Decimal(50), depth_share=Decimal("0.01")),
        rules={},
        starting_cash=Decimal(cash),
        spread_bps=Decimal(20),
        rule=PEERS,
    )


def rows_of(grid: CandleGrid, outcome: ReplayOutcome) -> list[tuple[str, ...]]:
    """The trips as rows of the export, from what was decided and filled alone."""
    rows = []
    for trip in outcome.trips:
        ends = []
        for at_s, number in ((trip.opened_at_s, trip.entry), (trip.closed_at_s, trip.exit)):
            [execution] = outcome.decisions[number - 1].executions
            opens_at = np.datetime64(at_s - grid.interval_s, "s").item()
            ends += [f"{opens_at:{OPEN_TIME}}", f"{execution.price.normalize():f}"]
        rows.append((trip.symbol, *ends, REASONS[trip.exit_reason]))
    return sorted(rows)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.3]), st.integers(1, 120))
def test_what_is_decided_is_what_an_oracle_says(seed: int, holes: float, candles: int) -> None:
    grid = make_grid(walk(seed, candles=candles, holes=holes), places=3)

    outcome = play_peers(grid, make_settings())

    assert rows_of(grid, outcome) == sorted(oracle_rows(grid, make_strategy(lookback=3), TWO_PERCENT))
    assert outcome.disagreements == 0


def test_a_trip_worked_by_hand() -> None:
    # 10,000 buy 99.00990099 units at 101 for 9,999.99999999; sold at 99 they bring 9,801.98019801
    closes = np.array([[10_000, 10_000, 10_100, 9_900, 9_900, 9_900]])

    outcome = play_peers(make_grid(closes, places=2), make_settings(lookback=2))

    [trip] = outcome.trips
    assert (trip.quantity, trip.entry_notional) == (Decimal("99.00990099"), Decimal("9999.99999999"))
    assert (trip.net, trip.fees) == (Decimal("-198.01980198"), Decimal(0))
    assert outcome.cash == outcome.equity == Decimal("9801.98019802")
    assert [(each.number, each.seen.side, each.ruling.reason_code) for each in outcome.decisions] == [
        (1, "BUY", "SIGNAL_APPROVED"),
        (2, "SELL", "SIGNAL_APPROVED"),
    ]
    # held at the close of column 2, sold at that of column 3
    assert outcome.curve.equity.round(8).tolist() == [10_000, 10_000, 10_000, *[9_801.98019802] * 3]
    assert outcome.curve.exposure.round(6).tolist() == [0, 0, 10_000, 0, 0, 0]
    assert outcome.curve.benchmark.tolist() == [10_000, 10_000, 10_100, 9_900, 9_900, 9_900]


def test_every_pair_has_an_account_of_its_own_and_their_decisions_stand_by_time() -> None:
    grid = make_grid(walk(21, candles=800))
    outcome = play_peers(grid, make_settings())
    alone = [play_peers(make_grid(grid.close[[row]]), make_settings()) for row in range(4)]

    assert outcome.starting_cash == 40_000
    assert outcome.cash == sum(each.cash for each in alone)
    assert len(outcome.trips) == sum(len(each.trips) for each in alone)
    assert np.allclose(outcome.curve.equity, sum(each.curve.equity for each in alone))
    # DUSDT is listed later: what is held from the start is spread over the other three
    held = sum(each.curve.benchmark for each in alone[:3])
    assert np.allclose(outcome.curve.benchmark, held * 4 / 3)
    order = [(each.at_s, each.seen.side == "BUY", each.seen.symbol) for each in outcome.decisions]
    assert order == sorted(order)
    assert [each.number for each in outcome.decisions] == list(range(1, len(order) + 1))


def losing(monkeypatch: pytest.MonkeyPatch, is_lost: Callable[[str, int], bool]) -> None:
    """A desk that loses some of its orders, told by side and how many of that side came before."""
    send, sent = ReplayDesk.send, {"BUY": 0, "SELL": 0}

    def lossy(desk: ReplayDesk, order: ReplayOrder, *rest: Any) -> None:
        sent[order.side] += 1
        if not is_lost(order.side, sent[order.side] - 1):
            send(desk, order, *rest)

    monkeypatch.setattr(ReplayDesk, "send", lossy)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_what_is_decided_otherwise_is_counted_and_stands(monkeypatch: pytest.MonkeyPatch, side: str) -> None:
    grid = make_grid(walk(22, symbols=1, candles=800))
    named = peer_trips(grid, make_strategy(lookback=3), TWO_PERCENT)
    losing(monkeypatch, lambda of, before: (of, before) == (side, 2))

    outcome = play_peers(grid, make_settings())

    entry, exit = named.entry.item(2), named.exit.item(2)
    third = outcome.trips[2]
    assert outcome.disagreements == 1
    assert len(named.row) > 6
    assert outcome.trips[1].closed_at_s == grid.closes_s(named.exit.item(1))
    if side == "BUY":
        assert third.opened_at_s > grid.closes_s(entry)
    else:
        assert (third.opened_at_s, third.closed_at_s) == (grid.closes_s(entry), grid.closes_s(exit + 1))
    assert outcome.trips[-1].closed_at_s == grid.closes_s(named.exit.item(-1))


def test_what_is_never_sold_is_still_held_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = make_grid(walk(22, symbols=1, candles=200))
    losing(monkeypatch, lambda of, _: of == "SELL")

    outcome = play_peers(grid, make_settings())

    assert outcome.trips == ()
    assert outcome.equity == pytest.approx(Decimal(float(outcome.curve.equity[-1])))
    assert outcome.equity > outcome.cash


@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (2, 2)])
def test_too_few_candles_come_to_nothing(shape: tuple[int, int]) -> None:
    outcome = play_peers(make_grid(np.full(shape, 100, np.int64)), make_settings())

    assert (outcome.decisions, outcome.trips, outcome.disagreements) == ((), (), 0)
    assert outcome.equity == outcome.starting_cash == shape[0] * 10_000
    assert len(outcome.curve.equity) == shape[1]


def test_it_does_not_look_ahead() -> None:
    grid = make_grid(walk(23, candles=500, holes=0.02))

    def play(given: CandleGrid) -> Played:
        return Played(candidates(given, make_strategy(lookback=3)), play_peers(given, make_settings()))

    assert peeks(grid, play) == []


def test_progress_is_told_in_columns() -> None:
    told: list[tuple[int, int]] = []
    grid = make_grid(walk(24, candles=2000))

    play_peers(grid, make_settings(), lambda done, of: told.append((done, of)))

    assert 10 < len(told) <= 100
    assert told == sorted(told)
    assert {of for _, of in told} == {2000}

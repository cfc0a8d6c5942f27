"""The replayed account against the slow one: the same decisions, fills, trips and equity on unkind markets."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from execution.rules.book_walk import Execution
from proofs.slow_replay.comparing import compared, differences
from proofs.slow_replay.markets import MarketKind, drawn, make_limits, make_settings, market
from proofs.slow_replay.oracle import Oracle
from replay.rules.account import play
from replay.rules.candidates import candidates
from replay.rules.grid import CandleGrid
from replay.rules.outcome import ReplayOutcome
from replay.rules.settings import NEVER, ReplaySettings
from risk.rules.layers import DAILY_LOSS, LAYERS

WILD = MarketKind(volatility=0.006, jumps=0.004, periods=400)
FALLING = MarketKind(volatility=0.006, jumps=0.004, periods=600, drift=-0.0003)


def played(grid: CandleGrid, settings: ReplaySettings) -> ReplayOutcome:
    return play(grid, candidates(grid, settings.strategy), settings)


@pytest.mark.parametrize("seed", range(24))
def test_the_fast_replay_decides_what_the_slow_one_does(seed: int) -> None:
    grid, settings = drawn(seed)

    assert differences(grid, settings) == []


def test_what_the_comparison_could_miss_it_finds() -> None:
    grid = market(1, WILD)
    settings = make_settings(grid)
    fast, slow = played(grid, settings), Oracle(grid, settings).run()
    last = fast.decisions[-1]
    wider = Oracle(grid, replace(settings, spread_bps=Decimal(5))).run()
    other = type(last)(
        number=last.number, at_s=last.at_s, seen=last.seen, ruling=last.ruling,
        executions=(Execution(price=Decimal(1), quantity=Decimal(1), fee=Decimal(0)),),
    )  # fmt: skip

    assert compared(fast, slow) == []
    assert compared(fast, wider)
    assert compared(replace(fast, decisions=(*fast.decisions[:-1], other)), slow)
    assert compared(replace(fast, decisions=fast.decisions[:-1]), slow)
    assert compared(replace(fast, trips=fast.trips[1:]), slow)
    assert compared(replace(fast, cash=fast.cash + Decimal("1e-12")), slow)


def test_a_replay_is_the_same_each_time_and_leaves_its_candles_alone() -> None:
    grid = market(3, WILD)
    before = grid.close.copy()

    once, again = played(grid, make_settings(grid)), played(grid, make_settings(grid))

    assert (once.decisions, once.trips, once.equity) == (again.decisions, again.trips, again.equity)
    assert (grid.close == before).all()


def test_a_halt_for_loss_sells_everything_at_its_close_and_nothing_is_bought_on_that_day() -> None:
    grid = market(0, FALLING)
    settings = make_settings(grid, limits=make_limits(max_daily_drawdown_pct=Decimal("0.002")), after_halt=NEVER)

    outcome = played(grid, settings)

    halts = [made for made in outcome.decisions if made.seen.kind == "HALT"]
    later = [made for made in outcome.decisions if made.at_s > halts[0].at_s]
    assert {made.at_s for made in halts} == {halts[0].at_s}
    assert later
    assert {made.ruling.reason_code for made in later if made.seen.side == "BUY"} == {"TRADING_HALTED"}
    assert outcome.curve.exposure[-1] == 0


def test_a_layer_that_is_left_out_neither_judges_nor_watches() -> None:
    grid = market(0, FALLING)
    limits = make_limits(max_daily_drawdown_pct=Decimal("0.002"))
    without = tuple(layer for layer in LAYERS if layer is not DAILY_LOSS)

    outcome = played(grid, make_settings(grid, limits=limits, layers=without))

    assert any(made.seen.kind == "HALT" for made in played(grid, make_settings(grid, limits=limits)).decisions)
    assert not any(made.seen.kind == "HALT" for made in outcome.decisions)
    assert all(verdict.layer != DAILY_LOSS.number for made in outcome.decisions for verdict in made.ruling.layers)


def test_without_a_signal_nothing_is_decided_and_the_curve_is_the_cash() -> None:
    grid = market(5, MarketKind(symbols=2, periods=100, volatility=0.00001, missing=0, silent=0, jumps=0))

    outcome = played(grid, make_settings(grid))

    assert (outcome.decisions, outcome.trips, outcome.equity) == ((), (), Decimal(10_000))
    assert (outcome.curve.equity == 10_000).all()


def test_no_candles_cannot_be_played() -> None:
    grid = market(5, MarketKind(symbols=2, periods=100))
    empty = replace(grid, **{name: getattr(grid, name)[:, :0] for name in ("open", "high", "low", "close")})

    with pytest.raises(ValueError, match="there are none to play"):
        play(empty, candidates(empty, make_settings(grid).strategy), make_settings(grid))


def test_progress_is_told_after_every_day_and_may_end_the_replay() -> None:
    grid = market(5, MarketKind(symbols=2, periods=4000, missing=0, silent=0))
    told: list[tuple[int, int]] = []
    settings = make_settings(grid)

    play(grid, candidates(grid, settings.strategy), settings, lambda done, of: told.append((done, of)))

    assert [of for _, of in told] == [4000, 4000, 4000]
    assert [grid.closes_s(done) % 86_400 for done, _ in told] == [0, 0, 0]

"""Garbage after a cut: a replay that knows only what was known does not notice, and each planted peek is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from proofs.slow_replay.markets import drawn
from replay.rules.account import play
from replay.rules.candidates import candidates
from replay.rules.grid import CandleGrid
from replay.rules.lookahead import CUTS, Played, differences, peeks, spoiled
from replay.rules.outcome import ReplayCurve, ReplayDecision, ReplayOutcome, ReplayTrip
from replay.rules.peers import peer_trips
from replay.rules.replay_market import ReplayMarket
from replay.rules.settings import ReplaySettings
from risk.rules.account_state import SymbolMarket
from risk.rules.decide import Ruling
from tests.builders import make_inputs
from tests.unit.replay.test_candidates import make_grid, make_strategy, noise, walk

ZERO = Decimal(0)
LOOKBACK = 3


def market(seed: int = 5, *, candles: int = 600) -> CandleGrid:
    closes = walk(seed, candles=candles, holes=0.03)
    return make_grid(closes, noise(seed, closes.shape))


def played(grid: CandleGrid, **ahead: bool) -> Played:
    """A small replay: the signals, and what the peers' rule does as decisions, trips and equity. `ahead`: what of it
    looks one candle too far, a trip two: the trips of a cut's last candle are told from its equity."""
    closes = np.maximum.accumulate(np.where(grid.close > 0, np.arange(grid.periods), 0), axis=1)
    closes = np.take_along_axis(grid.close, closes, axis=1)
    later, much_later = np.roll(closes, -1, axis=1), np.roll(closes, -2, axis=1)
    strategy = make_strategy(lookback=LOOKBACK, top_n=2, min_volume="1")
    seen = grid if not ahead.get("signal") else replace(grid, close=np.roll(grid.close, -1, axis=1))
    found = candidates(seen, strategy)
    trips = peer_trips(grid, strategy, Decimal("0.02"))
    order = np.argsort(trips.exit, kind="stable")
    entries = sorted(zip(trips.entry.tolist(), trips.row.tolist(), strict=True))
    prices = closes if not ahead.get("decision") else later
    sold = closes if not ahead.get("trip") else much_later
    held = np.where(ahead.get("equity", False), later, closes).sum(axis=0).astype(np.float64)
    outcome = ReplayOutcome(
        starting_cash=ZERO,
        cash=ZERO,
        equity=ZERO,
        fees=ZERO,
        turnover=ZERO,
        decisions=tuple(
            decision(number, grid.closes_s(column), prices.item(row, column))
            for number, (column, row) in enumerate(entries, 1)
        ),
        trips=tuple(
            trip(grid, *(array.item(at) for array in trips[:3]), sold.item(trips.row.item(at), trips.exit.item(at)))
            for at in order.tolist()
        ),
        curve=ReplayCurve(
            at_s=np.array([grid.closes_s(column) for column in range(grid.periods)], np.int64),
            equity=held,
            exposure=held,
            benchmark=np.full(grid.periods, np.nan),
        ),
    )
    return Played(found, outcome)


def decision(number: int, at_s: int, price: int) -> ReplayDecision:
    ruling = Ruling(outcome="APPROVED", reason_code="SIGNAL_APPROVED")
    return ReplayDecision(number=number, at_s=at_s, seen=make_inputs(price=Decimal(price)), ruling=ruling)


def trip(grid: CandleGrid, row: int, entry: int, exit: int, price: int) -> ReplayTrip:
    values: dict[str, Any] = dict.fromkeys(("entry_notional", "gross", "fees", "net"), ZERO)
    return ReplayTrip(
        symbol=grid.symbols[row],
        opened_at_s=grid.closes_s(entry),
        closed_at_s=grid.closes_s(exit),
        quantity=Decimal(1),
        exit_notional=Decimal(price),
        exit_reason="SIGNAL",
        entry=1,
        exit=2,
        **values,
    )


def test_nothing_before_a_cut_changes_with_the_candles_after_it() -> None:
    done: list[tuple[int, int]] = []

    found = peeks(market(), played, progress=lambda cut, cuts: done.append((cut, cuts)))

    assert found == []
    assert done[-1] == (CUTS, CUTS)


@pytest.mark.parametrize("kind", ["SIGNAL", "DECISION", "TRIP", "EQUITY"])
def test_a_planted_peek_is_found(kind: str) -> None:
    found = peeks(market(), lambda grid: played(grid, **{kind.lower(): True}), seed=3)

    assert {peek.kind for peek in found} == {kind}
    assert all(peek.at_s <= peek.cut_s and peek.was != peek.became for peek in found)


def test_a_peek_says_when_and_what() -> None:
    grid = market()
    original, again = played(grid), played(grid)
    late = again.outcome.decisions[4]
    decisions, other = again.outcome.decisions, msgspec.structs.replace(late, ruling=replace_ruling(late))
    changed = (*decisions[:4], other, *decisions[5:])
    again = again._replace(outcome=replace(again.outcome, decisions=changed))

    [peek] = differences(grid, grid.periods - 1, original, again)

    assert (peek.kind, peek.at_s, peek.cut_s) == ("DECISION", late.at_s, grid.closes_s(grid.periods - 1))
    assert "SIGNAL_APPROVED" in peek.was
    assert "PRICE_STALE" in peek.became


def replace_ruling(decided: ReplayDecision) -> Ruling:
    return Ruling(outcome="REJECTED", reason_code="PRICE_STALE") if decided.ruling.approved else decided.ruling


@pytest.mark.parametrize("seen_first", [True, False])
def test_a_decision_that_is_there_in_only_one_of_both_is_found(seen_first: bool) -> None:
    grid = market()
    whole = played(grid)
    cut = whole._replace(outcome=replace(whole.outcome, decisions=whole.outcome.decisions[:-1]))
    column = grid.periods - 1

    [peek] = differences(grid, column, *((whole, cut) if seen_first else (cut, whole)))

    assert peek.at_s == whole.outcome.decisions[-1].at_s
    assert (peek.became if seen_first else peek.was) == ""


def test_what_happens_at_the_cut_itself_counts_and_after_it_does_not() -> None:
    grid = market()
    original, last = played(grid), played(grid).outcome.decisions[-1]
    changed = (*original.outcome.decisions[:-1], msgspec.structs.replace(last, ruling=replace_ruling(last)))
    again = original._replace(outcome=replace(original.outcome, decisions=changed))
    column = last.at_s // grid.interval_s - grid.first_period - 1

    assert len(list(differences(grid, column, original, again))) == 1
    assert list(differences(grid, column - 1, original, again)) == []


def test_garbage_keeps_what_was_before_and_where_a_recording_ends() -> None:
    closes = walk(9, candles=400)
    closes[1, 300:], closes[2, 90:] = 0, 0
    grid = make_grid(closes, noise(9, closes.shape))

    other = spoiled(grid, 200, np.random.default_rng(1))

    for name in ("open", "high", "low", "close", "quote_volume"):
        was, became = getattr(grid, name), getattr(other, name)
        assert (was[:, :201] == became[:, :201]).all()
        assert became.dtype == np.int64
        assert (became >= 0).all()
        assert (became.max(axis=1) <= was.max(axis=1)).all()
    there = other.close > 0
    assert (other.low <= other.open)[there].all()
    assert (other.close <= other.high)[there].all()
    assert (other.close[:, 201:] != grid.close[:, 201:]).mean() > 0.4
    assert [int(np.flatnonzero(row)[-1]) for row in other.close] == [399, 299, 89, 399]
    assert not there[0, 201:].all()


@pytest.mark.parametrize("closes", [np.zeros((2, 60), np.int64), np.ones((0, 60), np.int64)])
def test_a_market_without_candles_can_be_cut(closes: np.ndarray) -> None:
    assert spoiled(make_grid(closes), 20, np.random.default_rng(1)).close.tolist() == closes.tolist()


def test_the_same_seed_cuts_at_the_same_candles() -> None:
    def cut_at(seed: int) -> list[int]:
        return [peek.cut_s for peek in peeks(market(), lambda grid: played(grid, equity=True), seed=seed)]

    assert cut_at(1) == cut_at(1)
    assert cut_at(1) != cut_at(2)


def test_fewer_candles_than_cuts_are_refused() -> None:
    with pytest.raises(ValueError, match="replay at least 22"):
        peeks(market(candles=21), lambda grid: pytest.fail("must not be played"))


def test_a_call_per_cut_and_one_before() -> None:
    calls: list[CandleGrid] = []
    grid = market()
    whole = played(grid)

    def counting(given: CandleGrid) -> Played:
        calls.append(given)
        return whole

    look: Callable[..., list[Any]] = peeks
    assert look(grid, counting, cuts=5) == []
    assert len(calls) == 6
    assert calls[0] is grid


def account(settings: ReplaySettings) -> Callable[[CandleGrid], Played]:
    def play_account(grid: CandleGrid) -> Played:
        found = candidates(grid, settings.strategy)
        return Played(found, play(grid, found, settings))

    return play_account


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5, 6])
def test_the_replayed_account_does_not_look_ahead(seed: int) -> None:
    grid, settings = drawn(seed)
    replayed = account(settings)

    assert peeks(grid, replayed, seed=seed) == []
    assert replayed(grid).outcome.decisions


def test_a_market_that_quotes_the_next_close_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, settings = drawn(0)
    at_close = ReplayMarket.at_close

    def a_candle_later(market: ReplayMarket, row: int, column: int) -> SymbolMarket:
        return at_close(market, row, min(column + 1, grid.periods - 1))

    monkeypatch.setattr(ReplayMarket, "at_close", a_candle_later)

    assert {"DECISION", "EQUITY"} & {peek.kind for peek in peeks(grid, account(settings), seed=1)}

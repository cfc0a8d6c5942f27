"""A set of parameters tried quickly: figures in float64, in milliseconds where numba is installed.

The exact account decides every event in Decimal with the functions that decide live. Of thousands of sets only the best
is worth that; the others are played by a loop that does the same in float64 and keeps no decisions. What the loop does
not know (a fill at the next open, marks at the lows, fewer layers) is decided instead. Pure.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from replay.rules.account import play
from replay.rules.candidates import Candidates
from replay.rules.compiled import elements
from replay.rules.grid import CandleGrid
from replay.rules.quick_loop import run
from replay.rules.quick_state import (
    DEEPEST,
    FEES,
    GROSS,
    NOBODY,
    TRIPS,
    QuickCandles,
    QuickGame,
    QuickLimits,
    QuickRules,
    QuickSignals,
    QuickState,
    fresh,
)  # fmt: skip
from replay.rules.replay_market import filled, quotings_of
from replay.rules.settings import CLOSE, LIVE, NEXT_DAY, ReplaySettings
from replay.rules.symbol_breakers import MarketBreakers
from replay.rules.trial_figures import TrialFigures, figures_of
from replay.rules.worth import DAY_S
from risk.rules.layers import LAYERS
from signals_app.rules.momentum import Bools, Floats, approximate

TWO_SIDES_BPS, BPS, MINUTE_S = 20_000, 10_000, 60
# The candles that were tried last, as the loop reads them: a worker tries many sets on the same ones.
_kept: list[tuple[CandleGrid, tuple[object, ...], QuickCandles]] = []


def try_set(grid: CandleGrid, found: Candidates, settings: ReplaySettings, start_s: int) -> TrialFigures:
    """The figures of one set, by the loop where it knows all of the settings, else decided."""
    if knows(settings):
        return quick_figures(grid, found, settings, start_s)
    return figures_of(play(grid, found, settings), start_s)


def knows(settings: ReplaySettings) -> bool:
    """Whether the loop does what the settings ask for."""
    usual = settings.fill == CLOSE and settings.marks == CLOSE and settings.rule == LIVE
    # By number: what came from another process has layers of its own.
    return usual and [layer.number for layer in settings.layers] == [layer.number for layer in LAYERS]


def quick_figures(grid: CandleGrid, found: Candidates, settings: ReplaySettings, start_s: int) -> TrialFigures:
    game = game_of(grid, found, settings)
    state = fresh(game)
    run(elements(game), elements(state))
    return _figures(grid, settings, state, start_s)


def _figures(grid: CandleGrid, settings: ReplaySettings, state: QuickState, start_s: int) -> TrialFigures:
    """Days that are whole and begin at the start or after it."""
    cash, end_s = float(settings.starting_cash), grid.closes_s(grid.periods - 1)
    begins = grid.opens_s(0) // DAY_S
    first, after = -(-start_s // DAY_S) - begins, end_s // DAY_S - begins
    value = np.concatenate(([cash], state.day_ends))[first : after + 1]
    return TrialFigures(
        net=float(state.day_ends[-1] / cash - 1),
        drawdown=float(state.money[DEEPEST]),
        trips=int(state.counts[TRIPS]),
        gross=float(state.money[GROSS]),
        fees=float(state.money[FEES]),
        length_s=end_s - start_s,
        returns=tuple((value[1:] / value[:-1] - 1).tolist()),
    )


def game_of(grid: CandleGrid, found: Candidates, settings: ReplaySettings) -> QuickGame:
    """All that the loop needs, as arrays."""
    return QuickGame(
        candles=_candles(grid, settings),
        rules=_rules(grid, settings),
        signals=_signals(grid, found, settings),
        limits=_limits(grid, settings),
    )


def _candles(grid: CandleGrid, settings: ReplaySettings) -> QuickCandles:
    limits = settings.limits
    watched = (
        limits.max_jump_pct, limits.max_data_silence_s, limits.max_spread_bps, limits.good_data_s,
        limits.max_price_age_s, settings.spread_bps, settings.rules,
    )  # fmt: skip
    if not _kept or _kept[0][0] is not grid:
        _kept[:] = [(grid, watched, _read(grid, settings))]
    elif _kept[0][1] != watched:
        _kept[:] = [(grid, watched, _kept[0][2]._replace(blocked=_blocked(grid, settings)))]
    return _kept[0][2]


def forget() -> None:
    """Let go of the candles that were tried last."""
    _kept.clear()


def _read(grid: CandleGrid, settings: ReplaySettings) -> QuickCandles:
    opens_s = (grid.first_period + np.arange(grid.periods, dtype=np.int64)) * grid.interval_s
    day_of = opens_s // DAY_S - grid.opens_s(0) // DAY_S
    return QuickCandles(
        open=np.asarray(grid.open),
        low=np.asarray(grid.low),
        close=np.asarray(filled(grid.close)),
        traded=np.cumsum(grid.quote_volume, axis=1, dtype=np.int64),
        blocked=_blocked(grid, settings),
        day_of=day_of,
        day_last=np.flatnonzero(np.diff(day_of, append=day_of[-1] + 1)),
        day=-(-DAY_S // grid.interval_s),
        interval_s=grid.interval_s,
    )


def _blocked(grid: CandleGrid, settings: ReplaySettings) -> Bools:
    """Where a breaker that the candles alone open keeps a symbol's entries out."""
    breakers = MarketBreakers(grid, settings.limits, quotings_of(grid, settings))
    blocked = np.zeros(grid.close.shape, np.bool_)
    for row, spans in enumerate(breakers.symbols):
        for span in spans:
            blocked[row, span.first : span.after] = True
    for span in breakers.feed:
        blocked[:, span.first : span.after] = True
    return blocked


def _rules(grid: CandleGrid, settings: ReplaySettings) -> QuickRules:
    listed = [settings.rules.get(symbol) for symbol in grid.symbols]

    def column(name: str) -> Floats:
        return np.array([float(getattr(rules, name)) if rules else 0.0 for rules in listed])

    return QuickRules(
        unit=10.0 ** -np.array(grid.price_places, dtype=float),
        volume_unit=10.0 ** -np.array(grid.volume_places, dtype=float),
        tick=column("price_tick"),
        step=column("quantity_step"),
        least=np.maximum(column("min_quantity"), column("quantity_step")),
        min_notional=column("min_notional"),
        fee=column("taker_fee"),
    )


def _signals(grid: CandleGrid, found: Candidates, settings: ReplaySettings) -> QuickSignals:
    column, row = found.column[found.buy].astype(np.int64), found.row[found.buy].astype(np.int64)
    momentum = approximate(grid.close[row, column], grid.close[row, column - settings.strategy.lookback_rows])
    lengths = [len(one) for one in found.sells]
    return QuickSignals(
        column=column,
        row=row,
        strength=np.clip(momentum / (2 * float(settings.strategy.threshold)), 0.0, 1.0),
        sells=np.concatenate([np.zeros(0, np.int64), *found.sells]).astype(np.int64),
        ends=np.cumsum([0, *lengths], dtype=np.int64),
    )


def _limits(grid: CandleGrid, settings: ReplaySettings) -> QuickLimits:
    limits, model = settings.limits, settings.model
    return QuickLimits(
        cash=float(settings.starting_cash),
        half=float(settings.spread_bps) / TWO_SIDES_BPS,
        depth_share=float(model.depth_share),
        impact=float(model.impact_bps) / BPS,
        daily_loss=float(limits.max_daily_drawdown_pct),
        fall=float(limits.max_drawdown_pct),
        slippage=float(limits.max_slippage_pct),
        spread_bps=float(limits.max_spread_bps),
        orders=float(limits.max_orders_per_minute),
        exposure=float(limits.max_exposure_pct),
        position=float(limits.max_position_pct),
        stop=float(limits.stop_loss_pct),
        cooldown_s=float(limits.stop_cooldown_s),
        pause=_pause(settings.after_halt, grid.interval_s),
        rest=ceil(limits.good_data_s / grid.interval_s),
    )


def _pause(after_halt: str | int, interval_s: int) -> int:
    if isinstance(after_halt, str):
        return 0 if after_halt == NEXT_DAY else NOBODY
    return -(-after_halt * MINUTE_S // interval_s)

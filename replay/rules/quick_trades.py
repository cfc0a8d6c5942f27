"""What a quick account does at a close: prices on the tick, fills of the paper venue's model, the layers, one batch.

    bid, ask   price × (1 ∓ half spread), down and up to the tick
    BUY        at ask × (1 + impact × notional ÷ depth), up to the tick, at most its limit; no more than the depth
    SELL       at bid × (1 − impact × notional ÷ depth), down to the tick, half of the bid at least; all of it

The layers judge in their order, as risk.rules.layers does in Decimal. Written in what numba knows. Pure.
"""

from __future__ import annotations

from replay.rules.compiled import by_element, inlined
from replay.rules.quick_state import (
    CASH,
    FALLEN_AT,
    FEES,
    GROSS,
    HALTED_AT,
    HELD,
    NOBODY,
    OPENING,
    ORDERS,
    RUSHED_TO,
    SLIPPED,
    TRIPS,
    QuickGame,
    QuickState,
)  # fmt: skip

# What is this near to a whole number of ticks or steps is meant to be on it; and a comparison is this exact.
NEAR, EXACT = 1e-6, 1e-9
WORST_EXIT = 0.5


@by_element
def down(value: float, step: float) -> float:
    return (value / step + NEAR) // 1.0 * step


@by_element
def up(value: float, step: float) -> float:
    return -((NEAR - value / step) // 1.0) * step


@by_element
def moved(impact: float, tick: float) -> float:
    """How far a price on the tick is moved against us: whole ticks, one at least where there is any impact."""
    return max(up(impact, tick), tick) if impact > 0 else 0.0


@inlined
def bid_at(game: QuickGame, row: int, units: int) -> float:
    tick = float(game.rules.tick[row])
    return max(down(units * game.rules.unit[row] * (1 - game.limits.half), tick), tick)


@inlined
def ask_at(game: QuickGame, row: int, units: int) -> float:
    return up(units * game.rules.unit[row] * (1 + game.limits.half), game.rules.tick[row])


@inlined
def depth_at(game: QuickGame, row: int, column: int) -> float:
    """The share of the last 24 hours' turnover that is there; of a shorter time scaled to a day."""
    if column < 0:
        return 0.0
    known = min(column + 1, game.candles.day)
    before = game.candles.traded[row, column - known] if column >= known else 0
    traded = float((game.candles.traded[row, column] - before) * game.rules.volume_unit[row])
    return traded * game.candles.day / known * game.limits.depth_share


@inlined
def is_dust(game: QuickGame, state: QuickState, row: int, bid: float) -> bool:
    """Whether the exchange takes too little of a position for it to be sold."""
    whole = down(state.quantity[row], game.rules.step[row])
    too_little = whole < game.rules.least[row] * (1 - EXACT)
    return bool(too_little or whole * bid < game.rules.min_notional[row] * (1 - EXACT))


@by_element
def sell(game: QuickGame, state: QuickState, row: int, column: int, bid: float, traded_to: int) -> None:
    """All of a position, at a bid; it fell further than the limit allows: no entry until that is released."""
    quantity, depth = state.quantity[row], depth_at(game, row, traded_to)
    worse = min(game.limits.impact * bid * quantity / depth, WORST_EXIT) if depth > 0 else 0.0
    price = max(bid - moved(bid * worse, game.rules.tick[row]), game.rules.tick[row])
    fee = price * quantity * game.rules.fee[row]
    state.money[CASH] += price * quantity - fee
    state.money[GROSS] += (price - state.entry[row]) * quantity
    state.money[FEES] += fee + state.fees[row]
    state.counts[TRIPS] += 1
    state.quantity[row] = state.entry[row] = state.fees[row] = 0.0
    state.leaves[row] = game.candles.close.shape[1]
    if (bid - price) / bid > game.limits.slippage * (1 + EXACT) and state.slipped_at[row] == NOBODY:
        state.slipped_at[row] = column
        state.counts[SLIPPED] += 1
    drop(state, row)


@by_element
def drop(state: QuickState, row: int) -> None:
    """A row is not held any more: the last one of those that are takes its place."""
    last = state.counts[HELD] - 1
    for place in range(last + 1):
        if state.held[place] == row:
            state.held[place] = state.held[last]
            break
    state.counts[HELD] = last


@inlined
def sell_at_stop(game: QuickGame, state: QuickState, row: int, column: int) -> None:
    """At the stop, or where the candle opened below."""
    opened = bid_at(game, row, game.candles.open[row, column])
    stop = down(state.entry[row] * (1 - game.limits.stop), game.rules.tick[row])
    sell(game, state, row, column, min(opened, stop), column - 1)
    state.last_stop[row] = column
    state.counts[ORDERS] += 1


@inlined
def follow(game: QuickGame, state: QuickState, row: int, first: int) -> None:
    """When a position that is held from column `first` on is left: at its stop, or at a SELL, whichever is first."""
    sold = next_sell(game, row, first)
    state.leaves[row], state.stopped[row] = sold, False
    tick, unit, low = game.rules.tick[row], game.rules.unit[row], game.candles.low
    ticks = (state.entry[row] * (1 - game.limits.stop) / tick + NEAR) // 1.0
    above = (ticks + 1) * tick / (unit * (1 - game.limits.half))
    level, stop = -((NEAR - above) // 1.0) - 1, ticks * tick
    for column in range(first, min(sold + 1, low.shape[1])):
        if low[row, column] > level or low[row, column] <= 0:
            continue
        if not is_dust(game, state, row, min(bid_at(game, row, game.candles.open[row, column]), stop)):
            state.leaves[row], state.stopped[row] = column, True
            return


@inlined
def next_sell(game: QuickGame, row: int, first: int) -> int:
    """The first column from `first` on that says SELL, by halves; the number of columns where none does."""
    sells, low, high = game.signals.sells, game.signals.ends[row], game.signals.ends[row + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if sells[middle] < first:
            low = middle + 1
        else:
            high = middle
    return int(sells[low] if low < end else game.candles.close.shape[1])


@inlined
def batch(game: QuickGame, state: QuickState, column: int, next_buy: int) -> tuple[int, bool]:
    """(the BUY that comes next, whether something was traded): all are judged before the first is filled."""
    first_buy = next_buy
    equity, exposure, free = standing(game, state, column)
    sold = sellable(game, state, column)
    state.counts[ORDERS] += sold
    while next_buy < len(game.signals.column) and game.signals.column[next_buy] == column:
        row = game.signals.row[next_buy]
        wanted = judged(game, state, row, column, game.signals.strength[next_buy], equity, exposure, free)
        state.wanted[row] = wanted
        if wanted > 0:
            worst = wanted * ask_at(game, row, game.candles.close[row, column]) * (1 + game.limits.slippage)
            exposure, free = exposure + worst, free - worst * (1 + game.rules.fee[row])
            state.counts[ORDERS] += 1
        next_buy += 1
    for place in range(state.counts[HELD] - 1, -1, -1):
        row = state.held[place]
        if state.leaves[row] == column:
            sell(game, state, row, column, bid_at(game, row, game.candles.close[row, column]), column)
    bought = False
    for place in range(first_buy, next_buy):
        row = game.signals.row[place]
        if state.wanted[row] > 0 and buy(game, state, row, column, state.wanted[row]):
            follow(game, state, row, column + 1)
            bought = True
    return next_buy, bought or sold > 0


@inlined
def sellable(game: QuickGame, state: QuickState, column: int) -> int:
    """How many positions a SELL leaves at a column; of what is dust the next exit is waited for."""
    sold, held, leaves = 0, state.held, state.leaves
    for place in range(state.counts[HELD]):
        row = held[place]
        if leaves[row] == column:
            if is_dust(game, state, row, bid_at(game, row, game.candles.close[row, column])):
                follow(game, state, row, column + 1)
            else:
                sold += 1
    return sold


@inlined
def standing(game: QuickGame, state: QuickState, column: int) -> tuple[float, float, float]:
    """(equity, exposure, free cash) at a column's closes."""
    exposure = held_at(game, state, column)
    return state.money[CASH] + exposure, exposure, state.money[CASH]


@inlined
def held_at(game: QuickGame, state: QuickState, column: int) -> float:
    """What is held at a column's closes. An array that a loop takes out of a tuple is counted each time it does."""
    held, quantity, unit, close = state.held, state.quantity, game.rules.unit, game.candles.close
    worth = 0.0
    for place in range(state.counts[HELD]):
        row = held[place]
        worth += quantity[row] * unit[row] * close[row, column]
    return worth


@inlined
def judged(
    game: QuickGame,
    state: QuickState,
    row: int,
    column: int,
    strength: float,
    equity: float,
    exposure: float,
    free: float,
) -> float:
    """What the gates and layers let be bought, in base units; 0: nothing."""
    if equity <= 0 or game.rules.tick[row] == 0 or not let_in(game, state, row, column, equity):
        return 0.0
    ask, step = ask_at(game, row, game.candles.close[row, column]), game.rules.step[row]
    worst = ask * (1 + game.limits.slippage)
    held = state.quantity[row] * game.rules.unit[row] * game.candles.close[row, column]
    wanted = down(game.limits.position * strength * equity / ask, step)
    headroom = max(0.0, (game.limits.position * equity - held) / ask)
    if exposure + down(min(wanted, headroom), step) * worst > game.limits.exposure * equity * (1 + EXACT):
        return 0.0
    allowed = down(min(wanted, headroom, max(0.0, free / (worst * (1 + game.rules.fee[row])))), step)
    if allowed < game.rules.least[row] * (1 - EXACT) or allowed * ask < game.rules.min_notional[row] * (1 - EXACT):
        return 0.0
    return allowed


@inlined
def let_in(
    game: QuickGame,
    state: QuickState,
    row: int,
    column: int,
    equity: float,
) -> bool:
    """Gates and layers 1, 2 and 5."""
    counts, price = state.counts, game.candles.close[row, column]
    if counts[HALTED_AT] != NOBODY or counts[FALLEN_AT] != NOBODY or state.slipped_at[row] != NOBODY:
        return False
    if game.candles.blocked[row, column] or column < counts[RUSHED_TO] or counts[ORDERS] >= game.limits.orders:
        return False
    if equity <= state.money[OPENING] * (1 - game.limits.daily_loss):
        return False
    bid, ask = bid_at(game, row, price), ask_at(game, row, price)
    if (ask - bid) / (ask + bid) * 20_000 > game.limits.spread_bps * (1 + EXACT):
        return False
    if (column - state.last_stop[row]) * game.candles.interval_s < game.limits.cooldown_s:
        return False
    return bool(state.quantity[row] == 0 or bid > state.entry[row] * (1 - game.limits.stop))


@inlined
def buy(
    game: QuickGame,
    state: QuickState,
    row: int,
    column: int,
    wanted: float,
) -> bool:
    """Take what the depth shows, up to the limit price; whether anything was."""
    ask, depth = ask_at(game, row, game.candles.close[row, column]), depth_at(game, row, column)
    if depth <= 0:
        return False
    limit = down(ask * (1 + game.limits.slippage), game.rules.tick[row])
    takeable = min(depth, depth * (limit / ask - 1) / game.limits.impact) if game.limits.impact > 0 else depth
    quantity = min(wanted, down(takeable / ask, game.rules.step[row]))
    if quantity <= 0:
        return False
    price = min(ask + moved(game.limits.impact * ask * ask * quantity / depth, game.rules.tick[row]), limit)
    fee, held = price * quantity * game.rules.fee[row], state.quantity[row]
    state.entry[row] = (state.entry[row] * held + price * quantity) / (held + quantity)
    state.quantity[row] = held + quantity
    if held == 0:
        state.held[state.counts[HELD]] = row
        state.counts[HELD] += 1
    state.money[CASH] -= price * quantity + fee
    state.fees[row] += fee
    return True

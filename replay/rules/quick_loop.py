"""One account over its signals in float64: the loop that a search compiles, where the exact one decides in Decimal.

The order within a candle is the account's: stops, the look of layers 1 and 2 at the closes, a new day, SELLs and BUYs
as one batch, a second look where something was traded. Between two events only the marks move. Left aside is the exit
that finds no candle: it is sold at the last close instead of waiting. Written in what numba knows; plain Python says
the same. Pure.
"""

from __future__ import annotations

from math import inf

from replay.rules.compiled import by_element, inlined
from replay.rules.quick_state import (
    CASH,
    CLOSED_OUT,
    COUNTS_FROM,
    DAY,
    DEEPEST,
    FALLEN_AT,
    HALTED_AT,
    HEAD,
    HELD,
    NOBODY,
    OPENING,
    ORDERS,
    RUSHED_TO,
    SLIPPED,
    TAIL,
    TOP,
    QuickGame,
    QuickState,
)  # fmt: skip
from replay.rules.quick_trades import batch, bid_at, held_at, is_dust, sell, sell_at_stop
from signals_app.rules.momentum import Floats, Ints


@by_element
def run(game: QuickGame, state: QuickState) -> None:
    """Play the account from the first column to the last."""
    columns, next_buy, column = game.candles.close.shape[1], 0, -1
    buys, leaves, held, counts = game.signals.column, state.leaves, state.held, state.counts
    while column < columns:
        first = column + 1
        named = columns
        if next_buy < len(buys):
            named = min(named, buys[next_buy])
        for place in range(counts[HELD]):
            named = min(named, leaves[held[place]])
        due = next_due(game, state, first)
        named = max(first, min(named, due))
        column = marked(game, state, first, named)
        if column < columns:
            next_buy = play_column(game, state, column, next_buy)


@inlined
def next_due(game: QuickGame, state: QuickState, first: int) -> int:
    """The last column of the day of `first`, or an earlier one at which a halt or breaker is released by its time."""
    counts, columns = state.counts, game.candles.close.shape[1]
    if first >= columns:
        return int(columns)
    due = int(game.candles.day_last[game.candles.day_of[first]])
    if game.limits.pause > 0:
        for at in (counts[HALTED_AT], counts[FALLEN_AT]):
            if at != NOBODY and at + game.limits.pause >= first:
                due = min(due, int(at) + game.limits.pause)
        for at in state.slipped_at:
            if at != NOBODY and at + game.limits.pause >= first:
                due = min(due, int(at) + game.limits.pause)
    return int(due)


@inlined
def marked(game: QuickGame, state: QuickState, first: int, after: int) -> int:
    """Value the columns from `first` up to `after`; the first of them at which layer 1 or the drawdown acts."""
    points, holds = state.points, state.counts[HELD] > 0
    # Without a position all points of a stretch are the same, and the last one stands for them.
    begins = first if holds else max(first, after - 1)
    value(game, state, begins, after)
    if holds and after > first:
        after = acts_at(game, state, first, after)
    for column in range(begins, after):
        passed(points[column], state.money)
        stand(points, state.tops, state.counts, column)
    return after


@inlined
def value(game: QuickGame, state: QuickState, first: int, after: int) -> None:
    """The points of a stretch: cash and what is held."""
    points, cash = state.points, state.money[CASH]
    held, quantity, unit, close = state.held, state.quantity, game.rules.unit, game.candles.close
    for column in range(first, after):
        points[column] = cash
    for place in range(state.counts[HELD]):
        row = held[place]
        each = quantity[row] * unit[row]
        for column in range(first, after):
            points[column] += each * close[row, column]


@inlined
def acts_at(game: QuickGame, state: QuickState, first: int, after: int) -> int:
    """The first column of a stretch at which a limit is reached. Only where the lowest of it comes near is each looked
    at; until then its points are those of the stretch alone."""
    points, watched = state.points, state.counts[FALLEN_AT] == NOBODY
    lowest, highest = inf, -inf
    for column in range(first, after):
        point = points[column]
        lowest = point if point < lowest else lowest
        highest = point if point > highest else highest
    bar = max(highest, peak(game, state, first)) * (1 - game.limits.fall) if watched else -inf
    if lowest > bar and not loss_acts(game, state, lowest):
        return after
    top = peak(game, state, first)
    for column in range(first, after):
        # Within a stretch the peak only loses what is older than a day: that is looked up where it matters.
        top = max(top, points[column])
        if loss_acts(game, state, points[column]):
            return column
        if (
            watched
            and fallen(game, points[column], top)
            and fallen(game, points[column], peak_between(game, state, first, column))
        ):
            return column
    return after


@by_element
def peak_between(game: QuickGame, state: QuickState, first: int, column: int) -> float:
    """The peak at a column of a stretch that began with `first`, whose points are not among the tops yet."""
    oldest = max(column - game.candles.day + 1, state.counts[COUNTS_FROM])
    highest = peak(game, state, column)
    for at in range(max(first, oldest), column):
        highest = max(highest, state.points[at])
    return highest


@inlined
def passed(point: float, money: Floats) -> None:
    """A point of the curve: its highest so far, and the deepest fall from it."""
    if point > money[TOP]:
        money[TOP] = point
    elif point < money[TOP] * (1 - money[DEEPEST]):
        money[DEEPEST] = 1 - point / money[TOP]


@inlined
def stand(points: Floats, tops: Ints, counts: Ints, column: int) -> None:
    """A point counts for the peak from now on: of those before it only what is higher still does."""
    head, tail, point = counts[HEAD], counts[TAIL], points[column]
    while tail > head and points[tops[tail - 1]] <= point:
        tail -= 1
    tops[tail] = column
    counts[TAIL] = tail + 1


@inlined
def loss_acts(game: QuickGame, state: QuickState, equity: float) -> bool:
    """Whether the day's loss is at its limit, and nothing was done about it on this day."""
    dealt_with = state.counts[HALTED_AT] != NOBODY and state.counts[CLOSED_OUT] == state.counts[DAY]
    return bool(equity <= state.money[OPENING] * (1 - game.limits.daily_loss) and not dealt_with)


@inlined
def fallen(game: QuickGame, equity: float, highest: float) -> bool:
    return highest > 0 and 1 - equity / highest >= game.limits.fall


@inlined
def peak(game: QuickGame, state: QuickState, column: int) -> float:
    """The highest equity of the last 24 hours, that of this column included."""
    counts, tops, points = state.counts, state.tops, state.points
    first = max(column - game.candles.day + 1, counts[COUNTS_FROM])
    while counts[HEAD] < counts[TAIL] and tops[counts[HEAD]] < first:
        counts[HEAD] += 1
    highest = float(points[column])
    if counts[HEAD] < counts[TAIL]:
        highest = max(highest, float(points[tops[counts[HEAD]]]))
    return highest


@inlined
def play_column(game: QuickGame, state: QuickState, column: int, next_buy: int) -> int:
    """Everything that happens in one candle and at its close; the BUY that comes next."""
    state.counts[ORDERS] = 0
    for place in range(state.counts[HELD] - 1, -1, -1):
        row = state.held[place]
        if state.leaves[row] == column and state.stopped[row]:
            sell_at_stop(game, state, row, column)
    state.points[column] = equity_at(game, state, column)
    look(game, state, column, state.points[column])
    stand(state.points, state.tops, state.counts, column)
    begin_day(game, state, column)
    next_buy, traded = batch(game, state, column, next_buy)
    equity = equity_at(game, state, column)
    if traded:
        look(game, state, column, equity)
        equity = equity_at(game, state, column)
    passed(equity, state.money)
    state.day_ends[game.candles.day_of[column]] = equity
    return next_buy


@inlined
def equity_at(game: QuickGame, state: QuickState, column: int) -> float:
    return float(state.money[CASH]) + held_at(game, state, column)


@inlined
def look(game: QuickGame, state: QuickState, column: int, equity: float) -> None:
    """Layers 1 and 2: a loss at its limit halts and sells everything, a fall from the peak only lets nothing in."""
    counts = state.counts
    if counts[ORDERS] > game.limits.orders:
        counts[RUSHED_TO] = column + 1 + game.limits.rest
    halts = loss_acts(game, state, equity)
    if counts[FALLEN_AT] == NOBODY and fallen(game, equity, peak(game, state, column)):
        counts[FALLEN_AT] = column
    if halts:
        close_out(game, state, column)


@by_element
def close_out(game: QuickGame, state: QuickState, column: int) -> None:
    """Halt, and sell everything that is no dust."""
    counts = state.counts
    counts[HALTED_AT] = column if counts[HALTED_AT] == NOBODY else counts[HALTED_AT]
    counts[CLOSED_OUT] = counts[DAY]
    for place in range(counts[HELD] - 1, -1, -1):
        row = state.held[place]
        bid = bid_at(game, row, game.candles.close[row, column])
        if not is_dust(game, state, row, bid):
            sell(game, state, row, column, bid, column)


@inlined
def begin_day(game: QuickGame, state: QuickState, column: int) -> None:
    """After the last close of a UTC day the next one begins; what is due is released."""
    counts, last = state.counts, game.candles.close.shape[1] - 1
    new_day = column < last and game.candles.day_of[column + 1] != game.candles.day_of[column]
    if new_day:
        counts[DAY] = game.candles.day_of[column] + 1
        state.money[OPENING] = equity_at(game, state, column)
    if counts[SLIPPED]:
        for row in range(len(state.slipped_at)):
            if released(game, state.slipped_at[row], column, new_day):
                state.slipped_at[row] = NOBODY
                counts[SLIPPED] -= 1
    if released(game, counts[FALLEN_AT], column, new_day):
        counts[FALLEN_AT], counts[COUNTS_FROM] = NOBODY, column + 1
    if released(game, counts[HALTED_AT], column, new_day):
        equity = equity_at(game, state, column)
        if equity > state.money[OPENING] * (1 - game.limits.daily_loss):
            counts[HALTED_AT] = NOBODY


@inlined
def released(game: QuickGame, since: int, column: int, new_day: bool) -> bool:
    if since == NOBODY or game.limits.pause == NOBODY:
        return False
    if game.limits.pause == 0:
        return new_day
    due = since + game.limits.pause
    return due == column or (new_day and due <= column)

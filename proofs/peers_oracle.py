"""The peers' rule once more, slowly and in fractions: one candle after the other, as the sentences of the rule say it.

Nothing is shared with `replay.rules.peers` but the candles: no arrays, no price units, no jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from replay.rules.grid import CandleGrid
from signals_app.rules.strategy import Strategy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class HeldPair:
    price: Decimal
    since: str


def oracle_rows(grid: CandleGrid, strategy: Strategy, stop_loss_pct: Decimal) -> list[tuple[str, ...]]:
    """What the rule trades, as rows of the export, pair by pair."""
    rows: list[tuple[str, ...]] = []
    for row, pair in enumerate(grid.symbols):
        scale = Decimal(10) ** -grid.price_places[row]
        texts = [Decimal(int(units)) * scale for units in grid.close[row]]
        rows += _pair(pair, _without_gaps(texts), grid, strategy, stop_loss_pct)
    return rows


def _without_gaps(closes: list[Decimal]) -> dict[int, Decimal]:
    """Close by column from the first candle to the last; a missing one is the one before it."""
    there = [column for column, close in enumerate(closes) if close]
    filled: dict[int, Decimal] = {}
    for column in range(there[0], there[-1] + 1) if there else ():
        filled[column] = closes[column] or filled[column - 1]
    return filled


def _pair(
    pair: str, closes: dict[int, Decimal], grid: CandleGrid, strategy: Strategy, stop_loss_pct: Decimal
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    held: HeldPair | None = None
    last = max(closes, default=None)
    for column, close in closes.items():
        base, is_last = closes.get(column - strategy.lookback_s // strategy.interval_s), column == last
        momentum = Fraction(close) / Fraction(base) - 1 if base else None
        if held:
            reason = _leaves(held, close, momentum, is_last, strategy, stop_loss_pct)
            if reason:
                rows.append((pair, held.since, _plain(held.price), _time(grid, column), _plain(close), reason))
                held = None
        elif momentum is not None and momentum >= Fraction(strategy.threshold) and not is_last:
            held = HeldPair(price=close, since=_time(grid, column))
    return rows


def _leaves(
    held: HeldPair, close: Decimal, momentum: Fraction | None, is_last: bool, strategy: Strategy, stop_loss_pct: Decimal
) -> str:
    """Why what is held is sold at this close; empty where it is kept."""
    if is_last:
        return "END"
    if Fraction(close) <= Fraction(held.price) * (1 - Fraction(stop_loss_pct)):
        return "STOP"
    return "SIGNAL" if momentum is not None and momentum <= Fraction(strategy.exit) else ""


def _time(grid: CandleGrid, column: int) -> str:
    opens_at = EPOCH + timedelta(seconds=(grid.first_period + column) * grid.interval_s)
    return opens_at.isoformat().replace("+00:00", "Z")


def _plain(price: Decimal) -> str:
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

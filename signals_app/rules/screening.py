"""The ranking of the whole instrument list: how strong each pair is, and why it is out.

momentum      close / close one lookback before - 1; none for a pair whose candles are not watched
quote volume  over the lookback; for a pair without candles the 24 h volume's even share of it
spread        (ask - bid) / mid, in basis points
excluded      the first that holds: STATUS not trading, PAUSED by an operator, VOLUME below the minimum,
              SPREAD too wide, RANK not among the top_n, or not watched at all
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from marketdata.ticks import spread_bps
from signals_app.rules.strategy import Strategy

DAY_S = 86_400
MOMENTUM_STEP = Decimal("1E-10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is known of one pair. Prices in the quote asset; None: not known."""

    symbol: str
    trading: bool
    paused: bool = False
    close: Decimal | None = None
    base_close: Decimal | None = None
    lookback_volume: Decimal | None = None
    volume_24h: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    symbol: str
    rank: int | None
    momentum: Decimal | None
    quote_volume: Decimal
    spread_bps: Decimal | None
    excluded: str


def screen(candidates: Sequence[Candidate], strategy: Strategy) -> list[Ranked]:
    """Rank the candidates by momentum, ties by symbol; those without momentum come last, unranked."""
    momenta = {item.symbol: _momentum(item) for item in candidates}
    ordered = sorted(candidates, key=lambda item: (_sort_key(momenta[item.symbol]), item.symbol))
    return [_ranked(item, momenta[item.symbol], place, strategy) for place, item in enumerate(ordered, 1)]


def _sort_key(momentum: Decimal | None) -> tuple[bool, Decimal]:
    return (True, Decimal(0)) if momentum is None else (False, -momentum)


def _ranked(item: Candidate, momentum: Decimal | None, place: int, strategy: Strategy) -> Ranked:
    volume = _volume(item, strategy)
    spread = spread_bps(item.bid, item.ask)
    return Ranked(
        symbol=item.symbol,
        rank=None if momentum is None else place,
        momentum=None if momentum is None else momentum.quantize(MOMENTUM_STEP, ROUND_HALF_EVEN),
        quote_volume=volume,
        spread_bps=spread,
        excluded=_exclusion(item, momentum is not None and place <= strategy.top_n, volume, spread, strategy),
    )


def _exclusion(item: Candidate, in_top: bool, volume: Decimal, spread: Decimal | None, strategy: Strategy) -> str:
    if not item.trading:
        return "STATUS"
    if item.paused:
        return "PAUSED"
    if volume < strategy.min_volume:
        return "VOLUME"
    if spread is not None and spread > strategy.max_spread_bps:
        return "SPREAD"
    return "" if in_top else "RANK"


def _momentum(item: Candidate) -> Decimal | None:
    if item.close is None or not item.base_close:
        return None
    return item.close / item.base_close - 1


def _volume(item: Candidate, strategy: Strategy) -> Decimal:
    if item.lookback_volume is not None:
        return item.lookback_volume
    share = (item.volume_24h or Decimal(0)) * strategy.lookback_s / DAY_S
    return share.quantize(Decimal("1E-8"), ROUND_HALF_EVEN)

"""What the breakers of layer 2 read now: of each kind the figure that is nearest to opening it, and whose it is.

A kind without a figure is not read now: no data, or too few orders for a rate. Drawdown and silence of the feed are not
among them, for they are told with the account and with its data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from risk.rules.circuit_breakers import ACCOUNT, REJECT_RATE_LEAST_ORDERS, Observations


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerReading:
    """An empty `symbol` is the whole account."""

    kind: str
    observed: Decimal
    symbol: str = ACCOUNT


def readings(seen: Observations) -> list[BreakerReading]:
    """In the order of the breakers."""
    return list(_readings(seen))


def _readings(seen: Observations) -> Iterator[BreakerReading]:
    if seen.orders_closed >= REJECT_RATE_LEAST_ORDERS:
        yield BreakerReading(kind="REJECT_RATE", observed=round(Decimal(seen.orders_rejected) / seen.orders_closed, 6))
    slips: dict[str, Decimal] = {}
    for slip in seen.slips:
        slips[slip.symbol] = max(slip.slippage, slips.get(slip.symbol, slip.slippage))
    yield from _worst("SLIPPAGE", slips)
    if seen.clock_skew_s is not None:
        yield BreakerReading(kind="CLOCK_SKEW", observed=abs(seen.clock_skew_s))
    yield BreakerReading(kind="ORDER_RATE", observed=Decimal(seen.orders_last_minute))
    yield from _worst("SPREAD", seen.spreads_bps)
    yield from _worst("JUMP", {symbol: abs(move) for symbol, move in seen.moves.items()})


def _worst(kind: str, by_symbol: Mapping[str, Decimal]) -> Iterator[BreakerReading]:
    if by_symbol:
        symbol = max(sorted(by_symbol), key=lambda name: by_symbol[name])
        yield BreakerReading(kind=kind, observed=round(by_symbol[symbol], 6), symbol=symbol)

"""What an operator does to the simulated market on purpose: a crash, or spreads torn wide open.

A disturbance is part of the market: every deal is read through it, of whatever source, and it is kept with the
market's time, so that a restart tells the same. A crash takes `size` off the price at once and fades:

    price x (1 - size x 0.5^(age / 1 h)),  age = market time since the crash

so no drift is left. A wide spread multiplies the distance between bid and ask around an unchanged middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mexc_sim.market.source import Deals, Listing, Units

CRASH_HALF_LIFE_S = 3600
CRASH_FORGOTTEN_S = 20 * CRASH_HALF_LIFE_S
FACTOR_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class Crash:
    """The price falls by the fraction `size` at market second `at_s`. `symbols` None: all of them."""

    at_s: float
    symbols: tuple[str, ...] | None = None
    size: float = 0.08

    def __post_init__(self) -> None:
        if not 0 < self.size < 1:
            raise ValueError(f"size: a crash takes a fraction between 0 and 1, got {self.size}")

    @property
    def from_s(self) -> float:
        return self.at_s


@dataclass(frozen=True, kw_only=True)
class WideSpread:
    """Spreads are `factor` times as wide in [from_s, until_s). `symbols` None: all of them."""

    from_s: float
    until_s: float
    symbols: tuple[str, ...] | None = None
    factor: float = 20.0

    def __post_init__(self) -> None:
        if not 1 <= self.factor <= FACTOR_MAX:
            raise ValueError(f"factor: a spread widens 1 to {FACTOR_MAX} times, got {self.factor}")
        if self.until_s <= self.from_s:
            raise ValueError(f"until_s: must lie after from_s={self.from_s}, got {self.until_s}")


Disturbance = Crash | WideSpread
KINDS: dict[str, type[Crash] | type[WideSpread]] = {"crash": Crash, "wide_spread": WideSpread}


def disturbed(deals: Deals, listings: Sequence[Listing], disturbances: Iterable[Disturbance]) -> Deals:
    """The deals as they happen with the disturbances; `listings` are those of the rows."""
    touching = [item for item in disturbances if _touches(item, deals)]
    if not touching:
        return deals
    fallen, widened = np.ones(deals.price.shape), np.ones(deals.price.shape)
    for item in touching:
        there = np.array([item.symbols is None or listing.symbol in item.symbols for listing in listings])[:, None]
        if isinstance(item, Crash):
            fallen = np.where(there, fallen * _left_after(item, deals.at_ms), fallen)
        else:
            inside = (deals.at_ms >= item.from_s * 1000) & (deals.at_ms < item.until_s * 1000)
            widened = np.where(there & inside, widened * item.factor, widened)
    return _repriced(deals, fallen, widened)


def _touches(item: Disturbance, deals: Deals) -> bool:
    if not deals.at_ms.size:
        return False
    first_ms, last_ms = int(deals.at_ms[:, 0].min()), int(deals.at_ms[:, -1].max())
    until_s = item.at_s + CRASH_FORGOTTEN_S if isinstance(item, Crash) else item.until_s
    return last_ms >= item.from_s * 1000 and first_ms < until_s * 1000


def _left_after(crash: Crash, at_ms: Units) -> np.ndarray:
    """The share of the price that is left, deal by deal."""
    age_s = at_ms / 1000 - crash.at_s
    fading = np.power(0.5, np.maximum(age_s, 0) / CRASH_HALF_LIFE_S)
    return np.where((age_s >= 0) & (age_s < CRASH_FORGOTTEN_S), 1 - crash.size * fading, 1.0)


def _repriced(deals: Deals, fallen: np.ndarray, widened: np.ndarray) -> Deals:
    """Prices after the fall; a wider spread moves buys up and sells down, so that the middle stays."""
    price = np.rint(deals.price * fallen).astype(np.int64)
    spread = np.maximum(1, np.rint(deals.spread * fallen * widened)).astype(np.int64)
    extra = np.maximum(0, spread - np.rint(deals.spread * fallen).astype(np.int64)) // 2
    moved = np.where(deals.buyer, np.maximum(price + extra, spread + 1), np.maximum(price - extra, 1))
    return deals._replace(price=np.where(deals.price > 0, moved, 0), spread=spread)


def to_json(item: Disturbance) -> dict[str, Any]:
    kind = next(name for name, known in KINDS.items() if isinstance(item, known))
    return {"kind": kind, **asdict(item)}


def from_json(values: dict[str, Any]) -> Disturbance:
    """Raises KeyError, TypeError or ValueError when the values describe none."""
    fields = {name: value for name, value in values.items() if name != "kind"}
    if fields.get("symbols") is not None:
        fields["symbols"] = tuple(fields["symbols"])
    return KINDS[values["kind"]](**fields)

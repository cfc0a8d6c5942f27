"""The cast of the synthetic market: thirty familiar pairs, from the giants to the illiquid.

Price and daily turnover are in US dollars and are converted to the quote asset; `beta` is how much of the
common factor a pair follows, `volatility` scales its own path. Ticks keep about six significant digits; spreads
widen from 1 to 8 basis points as turnover falls. The last few trade too little for the default strategy and
show why a pair stays out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from marketdata.mexc_sim.source import Listing

BLOCK_S = 3600
DOLLARS = {"USDT": 1.0, "USDC": 1.0, "USD": 1.0, "EUR": 1.1, "BTC": 60000.0, "ETH": 2500.0}


@dataclass(frozen=True, kw_only=True)
class Character:
    asset: str
    price: float
    daily_turnover: float
    beta: float
    volatility: float


def _cast(asset: str, price: float, millions: float, beta: float, volatility: float) -> Character:
    return Character(asset=asset, price=price, daily_turnover=millions * 1e6, beta=beta, volatility=volatility)


CAST = (
    _cast("BTC", 61250, 1900, 0.8, 0.45),
    _cast("ETH", 2480, 1100, 1.0, 0.6),
    _cast("SOL", 148, 620, 1.2, 0.9),
    _cast("XRP", 0.612, 410, 1.0, 0.9),
    _cast("DOGE", 0.1243, 300, 1.3, 1.1),
    _cast("BNB", 571, 280, 0.8, 0.6),
    _cast("ADA", 0.381, 170, 1.1, 0.95),
    _cast("AVAX", 27.4, 150, 1.2, 1.05),
    _cast("LINK", 11.9, 140, 1.1, 1.0),
    _cast("SUI", 1.78, 230, 1.3, 1.25),
    _cast("DOT", 4.31, 90, 1.1, 0.95),
    _cast("LTC", 66.8, 120, 0.9, 0.8),
    _cast("TRX", 0.1571, 95, 0.6, 0.6),
    _cast("NEAR", 4.12, 105, 1.2, 1.15),
    _cast("UNI", 7.05, 70, 1.1, 1.1),
    _cast("APT", 8.64, 98, 1.2, 1.15),
    _cast("ARB", 0.553, 88, 1.2, 1.15),
    _cast("OP", 1.62, 74, 1.2, 1.15),
    _cast("FIL", 3.68, 66, 1.1, 1.05),
    _cast("ATOM", 4.52, 60, 1.0, 0.95),
    _cast("INJ", 20.3, 72, 1.2, 1.2),
    _cast("PEPE", 0.00000938, 240, 1.4, 1.4),
    _cast("SHIB", 0.00001762, 130, 1.3, 1.2),
    _cast("AAVE", 148.6, 64, 1.1, 1.15),
    _cast("TIA", 5.27, 58, 1.2, 1.3),
    _cast("SEI", 0.401, 52, 1.2, 1.3),
    _cast("RUNE", 5.11, 44, 1.1, 1.2),
    _cast("ALGO", 0.1292, 30, 1.0, 1.0),
    _cast("KAVA", 0.3312, 4.2, 0.9, 1.0),
    _cast("CELO", 0.6871, 2.6, 0.9, 1.1),
)


def characters(quote_asset: str) -> tuple[Character, ...]:
    """The cast priced in `quote_asset`; that asset itself is left out. Raises ValueError for an unknown one."""
    if quote_asset not in DOLLARS:
        raise ValueError(f"QUOTE_ASSET: the synthetic market knows {', '.join(DOLLARS)}, not {quote_asset!r}")
    worth = DOLLARS[quote_asset]
    return tuple(
        replace(item, price=item.price / worth, daily_turnover=item.daily_turnover / worth)
        for item in CAST
        if item.asset != quote_asset
    )


def listing_of(item: Character, quote_asset: str) -> Listing:
    price_places = max(0, 5 - math.floor(math.log10(item.price)))
    quantity_places = max(0, min(8, 2 + math.floor(math.log10(item.price))))
    worth = DOLLARS[quote_asset]
    return Listing(
        symbol=item.asset + quote_asset,
        base_asset=item.asset,
        quote_asset=quote_asset,
        price_places=price_places,
        quantity_places=quantity_places,
        quote_places=2 if worth < 10 else 8,
        min_quantity=f"{10**-quantity_places:.{quantity_places}f}",
        min_notional="1" if worth < 10 else "0.00002",
        spread_bps=spread_bps(item.daily_turnover * worth),
    )


def spread_bps(daily_dollars: float) -> float:
    """1 bp for a pair that turns over a billion a day, 8 bps for one of a few millions."""
    return min(8.0, max(1.0, 1.0 + 1.1 * math.log10(1e9 / max(daily_dollars, 1.0)) ** 2))

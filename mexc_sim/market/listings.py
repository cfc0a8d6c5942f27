"""The cast of the synthetic market: some sixty familiar pairs, from the giants to the illiquid.

Price and daily turnover are in US dollars and are converted to the quote asset; `beta` is how much of the
common factor a pair follows, `volatility` scales its own path. Ticks keep about six significant digits; spreads
widen from 1 to 8 basis points as turnover falls. The last few trade too little for the default strategy and
show why a pair stays out. The USDT market has the exchange's quirks, too: BTCUSDT is listed but may not be traded,
one symbol is not ASCII, another one has brackets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mexc_sim.market.source import Listing

# About seven seconds of an ordinary day's turnover lie at the best price.
TOP_SHARE = 7 / 86400
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
    _cast("BTC", 61250, 1900, 0.8, 0.25),
    _cast("ETH", 2480, 1100, 1.0, 0.25),
    _cast("SOL", 148, 620, 1.2, 0.73),
    _cast("XRP", 0.612, 410, 1.0, 0.73),
    _cast("DOGE", 0.1243, 300, 1.3, 1.33),
    _cast("BNB", 571, 280, 0.8, 0.25),
    _cast("PEPE", 0.00000938, 240, 1.4, 2.74),
    _cast("SUI", 1.78, 230, 1.3, 1.95),
    _cast("ADA", 0.381, 170, 1.1, 0.86),
    _cast("AVAX", 27.4, 150, 1.2, 1.16),
    _cast("LINK", 11.9, 140, 1.1, 1),
    _cast("SHIB", 0.00001762, 130, 1.3, 1.73),
    _cast("LTC", 66.8, 120, 0.9, 0.51),
    _cast("WIF", 1.92, 116, 1.4, 2.74),
    _cast("NEAR", 4.12, 105, 1.2, 1.52),
    _cast("APT", 8.64, 98, 1.2, 1.52),
    _cast("TRX", 0.1571, 95, 0.6, 0.25),
    _cast("TON", 5.46, 92, 0.9, 0.73),
    _cast("DOT", 4.31, 90, 1.1, 0.86),
    _cast("ARB", 0.553, 88, 1.2, 1.52),
    _cast("BONK", 0.00001734, 84, 1.4, 2.74),
    _cast("RENDER", 5.38, 78, 1.2, 1.95),
    _cast("OP", 1.62, 74, 1.2, 1.52),
    _cast("INJ", 20.3, 72, 1.2, 1.73),
    _cast("UNI", 7.05, 70, 1.1, 1.33),
    _cast("FIL", 3.68, 66, 1.1, 1.16),
    _cast("AAVE", 148.6, 64, 1.1, 1.52),
    _cast("BCH", 322, 62, 0.9, 0.61),
    _cast("ATOM", 4.52, 60, 1.0, 0.86),
    _cast("TIA", 5.27, 58, 1.2, 2.2),
    _cast("SEI", 0.401, 52, 1.2, 2.2),
    _cast("FET", 1.337, 50, 1.2, 1.95),
    _cast("RUNE", 5.11, 44, 1.1, 1.73),
    _cast("ICP", 8.02, 42, 1.1, 1.16),
    _cast("HBAR", 0.0543, 40, 1.0, 1),
    _cast("XLM", 0.0937, 38, 0.9, 0.73),
    _cast("STX", 1.74, 36, 1.2, 1.52),
    _cast("ETC", 18.6, 34, 0.9, 0.61),
    _cast("LDO", 1.09, 32, 1.2, 1.73),
    _cast("GALA", 0.0206, 31, 1.2, 1.73),
    _cast("ALGO", 0.1292, 30, 1.0, 1),
    _cast("JUP", 0.794, 28, 1.2, 1.73),
    _cast("SAND", 0.2564, 24, 1.1, 1.33),
    _cast("CRV", 0.2871, 22, 1.1, 1.73),
    _cast("EOS", 0.482, 19, 0.9, 0.73),
    _cast("GRT", 0.1517, 17, 1.1, 1.33),
    _cast("FLOW", 0.547, 14, 1.0, 1),
    _cast("MINA", 0.531, 12, 1.1, 1.33),
    _cast("DASH", 24.9, 9.5, 0.8, 0.61),
    _cast("ZEC", 29.7, 8.6, 0.8, 0.86),
    _cast("ENJ", 0.1433, 6.8, 1.0, 1.16),
    _cast("KAVA", 0.3312, 4.2, 0.9, 1),
    _cast("IOTA", 0.1218, 3.6, 0.9, 0.86),
    _cast("CELO", 0.6871, 2.6, 0.9, 1.33),
    _cast("ICX", 0.1354, 1.4, 0.9, 1),
    _cast("SYS", 0.1021, 0.7, 0.9, 1.33),
)

QUIRKS = (
    _cast("GOLD(PAXG)", 2652, 11, 0.1, 0.25),
    _cast("\u7d22\u62c9\u62c9", 0.02417, 5.2, 1.3, 3.38),
)
UNTRADABLE = frozenset({"BTCUSDT"})


def characters(quote_asset: str) -> tuple[Character, ...]:
    """The cast priced in `quote_asset`; that asset itself is left out. Raises ValueError for an unknown one."""
    if quote_asset not in DOLLARS:
        raise ValueError(f"QUOTE_ASSET: the synthetic market knows {', '.join(DOLLARS)}, not {quote_asset!r}")
    worth = DOLLARS[quote_asset]
    return tuple(
        replace(item, price=item.price / worth, daily_turnover=item.daily_turnover / worth)
        for item in (*CAST, *(QUIRKS if quote_asset == "USDT" else ()))
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
        top_quantity=max(1, round(item.daily_turnover * TOP_SHARE / item.price * 10**quantity_places)),
        tradable=item.asset + quote_asset not in UNTRADABLE,
    )


def spread_bps(daily_dollars: float) -> float:
    """1 bp for a pair that turns over a billion a day, 8 bps for one of a few millions."""
    return min(8.0, max(1.0, 1.0 + 1.1 * math.log10(1e9 / max(daily_dollars, 1.0)) ** 2))

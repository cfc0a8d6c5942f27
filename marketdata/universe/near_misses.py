"""What somebody may have meant who typed a symbol or an asset that the exchange does not have.

Nearest first: the same letters in another order (SLO for SOL) and nothing else beside them, then the more alike, then
the more traded. Symbols are compared by their base, because all of them end alike. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from difflib import SequenceMatcher

SHOWN = 3
ASSETS_SHOWN = 6
ALIKE = 0.6
SAME_LETTERS = 2.0
CUT_SHORT = 0.2
SEPARATORS = str.maketrans("", "", "-_/ ")


def near_symbols(typed: str, turnover: Mapping[str, Decimal], quote_asset: str = "") -> list[str]:
    """The likeliest of the symbols in `turnover` (24 h quote volume), none when nothing is like what was typed."""
    wanted = typed.upper().translate(SEPARATORS)
    likeness = {symbol: _likeness(wanted, symbol.upper(), quote_asset.upper()) for symbol in turnover}
    enough = SAME_LETTERS if SAME_LETTERS in likeness.values() else ALIKE
    near = [symbol for symbol, alike in likeness.items() if alike >= enough]
    return sorted(near, key=lambda symbol: (-likeness[symbol], -turnover[symbol], symbol))[:SHOWN]


def near_assets(typed: str, pairs: Mapping[str, int]) -> list[str]:
    """Quote assets, from the likeliest; `pairs` is how many are traded in each."""
    likeness = {asset: _likeness(typed.upper(), asset.upper(), "") for asset in pairs}
    return sorted(pairs, key=lambda asset: (-likeness[asset], -pairs[asset], asset))


def no_such_asset(typed: str, near: list[str]) -> str:
    """The sentence for a quote asset that nothing is traded in."""
    if not near:
        return f"QUOTE_ASSET: the exchange trades nothing in {typed}, nor in anything else."
    others = f"; it has {', '.join(near[:ASSETS_SHOWN])}" + (" and more." if len(near) > ASSETS_SHOWN else ".")
    return f"QUOTE_ASSET: the exchange trades nothing in {typed}{others}"


def _likeness(typed: str, name: str, quote_asset: str) -> float:
    """0 to 1, or SAME_LETTERS. What was typed without the quote asset at its end may be a symbol cut short, too."""
    bases = typed.removesuffix(quote_asset) or typed, name.removesuffix(quote_asset) or name
    if sorted(bases[0]) == sorted(bases[1]):
        return SAME_LETTERS
    alike = SequenceMatcher(None, *bases).ratio()
    if typed.endswith(quote_asset):
        return alike
    return max(alike, SequenceMatcher(None, typed, name).ratio() - CUT_SHORT)

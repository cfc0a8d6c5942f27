"""Which instruments are watched: a whitelist, or the most liquid of the quote asset.

Pure: takes what the exchange offers, returns symbols. A whitelisted symbol the exchange does not trade in
QUOTE_ASSET is refused, naming the nearest ones it does.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from decimal import Decimal


class UniverseProblem(Exception):
    """The settings name no usable universe. The text names the variable and the remedy."""


def choose(
    *, offered: Sequence[str], turnover: Mapping[str, Decimal], whitelist: Sequence[str], size: int, quote_asset: str
) -> list[str]:
    """Sorted symbols out of `offered` (tradable, in `quote_asset`); `turnover` is 24 h quote volume."""
    if not offered:
        raise UniverseProblem(f"QUOTE_ASSET: the exchange trades nothing in {quote_asset}.")
    if whitelist:
        return _whitelisted(whitelist, offered, quote_asset)
    liquid = sorted(offered, key=lambda symbol: (-turnover.get(symbol, Decimal(0)), symbol))
    return sorted(liquid[:size])


def _whitelisted(whitelist: Sequence[str], offered: Sequence[str], quote_asset: str) -> list[str]:
    unknown = [symbol for symbol in whitelist if symbol not in set(offered)]
    if unknown:
        hints = "; ".join(_near_misses(item, offered, quote_asset) for item in unknown)
        raise UniverseProblem(f"SYMBOL_WHITELIST: {hints}")
    return sorted(set(whitelist))


def _near_misses(symbol: str, offered: Sequence[str], quote_asset: str) -> str:
    near = difflib.get_close_matches(symbol.upper(), offered, n=3, cutoff=0.6)
    hint = f"did you mean {', '.join(near)}?" if near else "remove it."
    return f"{symbol} is not traded in {quote_asset}; {hint}"


def settings_key(*, whitelist: Sequence[str], size: int, quote_asset: str, market: str) -> str:
    """The settings that decide the universe, as text: as long as they stay, the chosen universe stays."""
    return f"{market} {quote_asset} " + (",".join(sorted(whitelist)) if whitelist else f"top {size}")

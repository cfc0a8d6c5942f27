"""What is wrong with the feed, judged by the age of its data: the conditions that operators are alerted of.

    no usable frame of any kind for the limit        → FEED_SILENT, and nothing is said of single symbols
    one or a few symbols without a quote that long   → SYMBOL_SILENT each
    many of them at once                             → FEED_PARTLY_SILENT, one alert
    unusable frames in a flow                        → FEED_MALFORMED
    a channel refused                                → SUBSCRIPTION_REFUSED, named

Ages are wall seconds. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

CODES = ("FEED_SILENT", "FEED_PARTLY_SILENT", "SYMBOL_SILENT", "FEED_MALFORMED", "SUBSCRIPTION_REFUSED")
FEED = "feed"
FEW = 3
SHARE = 0.2
NAMED = 5

Condition = tuple[str, str]
Holding = dict[Condition, dict[str, Any]]


class Seen(NamedTuple):
    """One look at the feed. `quote_ages`: per watched symbol; `unheard`: symbols without any quote since the start."""

    feed_age_s: float
    heard: bool
    quote_ages: Mapping[str, float]
    unheard: Collection[str]
    malformed_per_s: float
    malformed_reason: str
    refused: Collection[str]


def judged(seen: Seen, limit_s: float) -> tuple[Holding, set[Condition]]:
    """(What holds with its alert's parameters, what cannot be judged yet because nothing came since the start)."""
    holding: Holding = {}
    undecided: set[Condition] = set()
    if seen.feed_age_s > limit_s:
        holding["FEED_SILENT", FEED] = {"age_s": round(seen.feed_age_s)}
        undecided |= {("SYMBOL_SILENT", symbol) for symbol in seen.quote_ages} | {("FEED_PARTLY_SILENT", FEED)}
    else:
        holding |= _silent_symbols(seen.quote_ages, limit_s)
        undecided |= {("SYMBOL_SILENT", symbol) for symbol in seen.unheard}
        if not seen.heard:
            undecided |= {("FEED_SILENT", FEED), ("FEED_PARTLY_SILENT", FEED)}
    if seen.malformed_per_s:
        holding["FEED_MALFORMED", FEED] = {
            "per_s": round(seen.malformed_per_s, 1),
            "reason": seen.malformed_reason,
        }
    elif not seen.heard and not seen.malformed_reason:
        undecided.add(("FEED_MALFORMED", FEED))
    holding |= _refused(sorted(seen.refused))
    return holding, undecided - holding.keys()


def silent(quote_ages: Mapping[str, float], limit_s: float) -> list[str]:
    return sorted(symbol for symbol, age_s in quote_ages.items() if age_s > limit_s)


def _silent_symbols(quote_ages: Mapping[str, float], limit_s: float) -> Holding:
    symbols = silent(quote_ages, limit_s)
    if len(symbols) > max(FEW, SHARE * len(quote_ages)):
        return {
            ("FEED_PARTLY_SILENT", FEED): {
                "count": len(symbols),
                "watched": len(quote_ages),
                "age_s": round(max(quote_ages[symbol] for symbol in symbols)),
                "symbols": ", ".join(symbols[:NAMED]),
            }
        }
    return {("SYMBOL_SILENT", symbol): {"symbol": symbol, "age_s": round(quote_ages[symbol])} for symbol in symbols}


def _refused(channels: list[str]) -> Holding:
    if len(channels) <= FEW:
        return {("SUBSCRIPTION_REFUSED", channel): {"channel": channel} for channel in channels}
    named = f"{', '.join(channels[:FEW])} and {len(channels) - FEW} more"
    return {("SUBSCRIPTION_REFUSED", FEED): {"channel": named}}

"""Every alert code: how bad it is, and the sentence an operator reads. Parameters are typed by the raiser."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`momentary`: an occurrence that is over at once, closed with its raising."""

    level: str
    sentence: str
    momentary: bool = False


CATALOG: dict[str, Kind] = {
    "SYSTEM_DEAD_LETTER": Kind(
        level="CRITICAL",
        sentence="A message on {topic} for {service} was given up: {error}. See `manage.py dead_letters`.",
    ),
    "SYSTEM_LAG_PAST_CAP": Kind(
        level="CRITICAL", sentence="A consumer of {topic} lags past the stream's cap and is served from the database."
    ),
    "TRADING_HALTED": Kind(level="CRITICAL", sentence="Trading is halted by {by}: {reason}"),
    "TRADING_REDUCING": Kind(level="WARNING", sentence="Only exits are allowed, set by {by}: {reason}"),
    "STOP_LOSS": Kind(
        level="WARNING",
        momentary=True,
        sentence="{symbol}: bid {bid} reached the stop {stop}; the position of {quantity} is sold.",
    ),
    "ORDER_REJECTED": Kind(
        level="WARNING", momentary=True, sentence="{symbol}: the venue rejected the order: {reason_code}"
    ),
    "ORDER_SLIPPAGE": Kind(
        level="WARNING", momentary=True, sentence="{symbol}: filled {slippage} away from the decision price"
    ),
    "BOOKS_DIFFER": Kind(level="CRITICAL", sentence="The audit of the books found {count} differences: {first}"),
    "FEED_SILENT": Kind(level="CRITICAL", sentence="No market data for {age_s} s."),
}


def sentence(code: str, params: dict[str, object]) -> str:
    """The alert in words; an unknown code or parameter is shown rather than hidden."""
    kind = CATALOG.get(code)
    if kind is None:
        return f"{code} {params}"
    try:
        return kind.sentence.format(**params)
    except KeyError:
        return f"{kind.sentence} {params}"

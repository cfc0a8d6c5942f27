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
    "UNIVERSE_UNUSABLE": Kind(
        level="CRITICAL", sentence="{problem} The watched symbols stay as they are: {watched}. Looked at every minute."
    ),
    "FEED_PARTLY_SILENT": Kind(
        level="WARNING", sentence="No quotes of {count} of {watched} symbols for {age_s} s, among them {symbols}."
    ),
    "SYMBOL_SILENT": Kind(level="WARNING", sentence="{symbol}: no quote from the exchange's socket for {age_s} s."),
    "FEED_MALFORMED": Kind(
        level="WARNING", sentence="The exchange sends frames that cannot be used, {per_s} per second, last: {reason}."
    ),
    "SUBSCRIPTION_REFUSED": Kind(
        level="WARNING", sentence="The exchange refuses the channel {channel}. It is asked for again later."
    ),
    "FEED_FALLBACK": Kind(
        level="WARNING", sentence="No quotes from the sockets for {count} of {watched} symbols; REST is asked instead."
    ),
    "EXCHANGE_UNREACHABLE": Kind(level="CRITICAL", sentence="No answer of the exchange's REST API for {age_s} s."),
    "CLOCK_SKEW": Kind(
        level="WARNING",
        sentence="The exchange's stated time is {skew_s} s off the expected one. Check this machine's clock.",
    ),
    "CANDLES_MISSING": Kind(
        level="WARNING",
        sentence="{count} closed candles of {of} symbols are missing although the exchange is asked: {symbols}.",
    ),
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

"""Every alert code: how bad it is, the sentence an operator reads, and what to do next.

Parameters travel as exact values; a sentence asks for them in the unit people read: `{loss:FRACTION}` (see
`cdb_site.units`). An alert about one symbol begins with it, whether or not its sentence names it.
"""

from __future__ import annotations

from dataclasses import dataclass

from cdb_site.units import Readable


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`momentary`: an occurrence that is over at once, closed with its raising."""

    level: str
    sentence: str
    next_step: str
    momentary: bool = False


BY_ITSELF = "Nothing, if it closes within a minute or two; else"

CATALOG: dict[str, Kind] = {
    "SYSTEM_DEAD_LETTER": Kind(
        level="CRITICAL",
        sentence="A message on {topic} for {service} was given up: {error}",
        next_step="`manage.py dead_letters` lists it with its error; mend the cause, then retry it there.",
    ),
    "SYSTEM_LAG_PAST_CAP": Kind(
        level="CRITICAL",
        sentence="A consumer of {topic} lags past the stream's cap and is served from the database.",
        next_step="`manage.py status` shows which service lags; see its log, start it again if it stands still.",
    ),
    "SERVICE_DOWN": Kind(
        level="CRITICAL",
        sentence="{service} has not been heard for {age_s:SECONDS}.",
        next_step=f"{BY_ITSELF} see its log; `make ps` or `docker compose ps` shows whether it runs.",
    ),
    "AUDIT_MISSED": Kind(
        level="CRITICAL",
        sentence="The books have not been audited for {age_s:SECONDS}.",
        next_step="See the risk manager's log and `manage.py status`; `manage.py audit_books` audits at once.",
    ),
    "TRADING_HALTED": Kind(
        level="CRITICAL",
        sentence="Trading is halted by {by}: {reason}",
        next_step="Find the cause with `manage.py status`; when it is gone, `manage.py resume_trading --reason …`.",
    ),
    "TRADING_REDUCING": Kind(
        level="WARNING",
        sentence="Only exits are allowed, set by {by}: {reason}",
        next_step="`manage.py status` lists the breakers that did it, and what each waits for.",
    ),
    "STOP_LOSS": Kind(
        level="WARNING",
        momentary=True,
        sentence="{symbol}: bid {bid:PRICE} reached the stop {stop:PRICE}; the position of {quantity:PRICE} is sold.",
        next_step="Nothing; the symbol is not bought again during its cooldown. What it cost: `manage.py explain ID`.",
    ),
    "ORDER_REJECTED": Kind(
        level="WARNING",
        momentary=True,
        sentence="{symbol}: the venue rejected the order: {reason_code}",
        next_step="One alone needs nothing; many open the breaker REJECT_RATE. The order: `manage.py explain ID`.",
    ),
    "DAILY_LOSS": Kind(
        level="CRITICAL",
        sentence="Daily loss {loss:FRACTION} of {limit:FRACTION}: trading is halted, every position is sold."
        " Equity {equity:MONEY}.",
        next_step="Watch `manage.py status` until the account is flat. Resuming is refused until the next UTC day.",
    ),
    "CLOSE_OUT_FAILED": Kind(
        level="CRITICAL",
        sentence="{symbols}: not sold after {attempts} attempts.",
        next_step="`manage.py close_position --all --reason …` tries again; if that fails, sell them at the venue.",
    ),
    "EXPOSURE_ABOVE_LIMIT": Kind(
        level="WARNING",
        sentence="Exposure is {observed:FRACTION} of equity, {limit:FRACTION} are allowed: nothing is bought.",
        next_step="Prices or a lowered limit did it; it is no breach. Wait, or sell with `manage.py close_position`.",
    ),
    "BREAKER_DRAWDOWN": Kind(
        level="CRITICAL",
        sentence="Only exits: equity is {observed:FRACTION} below its 24 h peak, {limit:FRACTION} are allowed.",
        next_step="Look at the positions and the last decisions; release it when the cause is understood.",
    ),
    "BREAKER_REJECT_RATE": Kind(
        level="CRITICAL",
        sentence="Only exits: the venue rejected {observed:FRACTION} of the last orders, {limit:FRACTION} are allowed.",
        next_step="`manage.py explain ORDER` tells the rejections' reasons; mend them, then release it.",
    ),
    "BREAKER_SILENCE": Kind(
        level="CRITICAL",
        sentence="No market data for {observed:SECONDS}, {limit:SECONDS} are allowed; nothing is bought on it.",
        next_step="See the screeners in `manage.py status`; it releases itself when data flows again.",
    ),
    "BREAKER_CLOCK_SKEW": Kind(
        level="CRITICAL",
        sentence="Only exits: the venue's clock is {observed:SECONDS} from ours, {limit:SECONDS} are allowed.",
        next_step="Check this machine's time synchronisation; it releases itself when the clocks agree.",
    ),
    "BREAKER_ORDER_RATE": Kind(
        level="WARNING",
        sentence="Only exits: {observed:ORDERS} within a minute, {limit:ORDERS} are allowed.",
        next_step="Look for a signal that fires again and again; it releases itself when the rate falls.",
    ),
    "BREAKER_SLIPPAGE": Kind(
        level="WARNING",
        sentence="{symbol}: a fill slipped by {observed:FRACTION}, {limit:FRACTION} are allowed;"
        " no entries until released.",
        next_step="Look at the symbol's book and spread; release it when the symbol trades normally.",
    ),
    "BREAKER_SPREAD": Kind(
        level="WARNING",
        sentence="{symbol}: the spread is {observed:BPS} wide, {limit:BPS} are allowed; no entries until it narrows.",
        next_step="Nothing: it releases itself when the spread is narrow again.",
    ),
    "BREAKER_JUMP": Kind(
        level="WARNING",
        sentence="{symbol}: moved {observed:FRACTION} within a minute, {limit:FRACTION} are allowed;"
        " no entries for now.",
        next_step="Look for news of the symbol; it releases itself when the price is calm.",
    ),
    "BOOKS_DIFFER": Kind(
        level="CRITICAL",
        sentence="The audit of the books found {count} differences: {first}",
        next_step="`manage.py audit_books` names every row. Do not resume before each is understood.",
    ),
    "FEED_SILENT": Kind(
        level="CRITICAL",
        sentence="No market data for {age_s:SECONDS}.",
        next_step=f"{BY_ITSELF} see the WS screener's log and the network.",
    ),
    "UNIVERSE_UNUSABLE": Kind(
        level="CRITICAL",
        sentence="{problem} The watched symbols stay as they are: {watched}. Looked at every minute.",
        next_step="Mend what it names: usually SYMBOL_WHITELIST or QUOTE_ASSET.",
    ),
    "FEED_PARTLY_SILENT": Kind(
        level="WARNING",
        sentence="No quotes of {count} of {watched} symbols for {age_s:SECONDS}, among them {symbols}.",
        next_step=f"{BY_ITSELF} see the WS screener's log.",
    ),
    "SYMBOL_SILENT": Kind(
        level="WARNING",
        sentence="{symbol}: no quote from the exchange's socket for {age_s:SECONDS}.",
        next_step=f"{BY_ITSELF} see whether the exchange still trades the symbol; pause it in the admin if not.",
    ),
    "FEED_MALFORMED": Kind(
        level="WARNING",
        sentence="The exchange sends frames that cannot be used, {per_s} per second, last: {reason}.",
        next_step=f"{BY_ITSELF} the exchange may have changed its format: see the WS screener's log.",
    ),
    "SUBSCRIPTION_REFUSED": Kind(
        level="WARNING",
        sentence="The exchange refuses the channel {channel}. It is asked for again later.",
        next_step="See whether the exchange still lists the symbol; pause it in the admin if not.",
    ),
    "FEED_FALLBACK": Kind(
        level="WARNING",
        sentence="No quotes from the sockets for {count} of {watched} symbols; REST is asked instead.",
        next_step=f"{BY_ITSELF} see the WS screener's log.",
    ),
    "EXCHANGE_UNREACHABLE": Kind(
        level="CRITICAL",
        sentence="No answer of the exchange's REST API for {age_s:SECONDS}.",
        next_step=f"{BY_ITSELF} check the network and the exchange's own status page.",
    ),
    "CLOCK_SKEW": Kind(
        level="WARNING",
        sentence="The exchange's stated time is {skew_s:SECONDS} off the expected one.",
        next_step="Check this machine's time synchronisation.",
    ),
    "CANDLES_MISSING": Kind(
        level="WARNING",
        sentence="{count} closed candles of {of} symbols are missing although the exchange is asked: {symbols}.",
        next_step=f"{BY_ITSELF} see the REST screener's log. These symbols give no signals meanwhile.",
    ),
}


def sentence(code: str, params: dict[str, object]) -> str:
    """The alert in words; an unknown code or parameter is shown rather than hidden."""
    kind = CATALOG.get(code)
    if kind is None:
        return f"{code} {params}"
    symbol = params.get("symbol")
    about = f"{symbol}: " if symbol and "{symbol" not in kind.sentence else ""
    try:
        return about + kind.sentence.format(**{name: Readable(value) for name, value in params.items()})
    except KeyError:
        return f"{kind.sentence} {params}"


def next_step(code: str) -> str:
    """What an operator does about it; empty for a code that is not known (of a newer version)."""
    kind = CATALOG.get(code)
    return kind.next_step if kind else ""

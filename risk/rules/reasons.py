"""Every reason code of a decision, and the sentence an operator reads for it. Codes are stored, sentences never."""

from __future__ import annotations

from typing import Any

from cdb_site.units import in_unit

SENTENCES: dict[str, str] = {
    "SIGNAL_APPROVED": "Approved as wanted.",
    "STOP_APPROVED": "The stop was reached; the whole position is sold.",
    "HALT_APPROVED": "Trading was halted; the whole position is sold.",
    "OPERATOR_APPROVED": "Sold on an operator's order.",
    "POSITION_LIMIT_TRIMMED": "Trimmed: the position would have been {observed} of equity, {limit} are allowed.",
    "EXPOSURE_LIMIT_EXCEEDED": "Blocked: total exposure would have been {observed} of equity, {limit} are allowed.",
    "POSITION_BELOW_MINIMUM": "Rejected: what the limits leave is below the exchange's minimum.",
    "POSITION_CASH_TRIMMED": "Trimmed: free cash does not pay for more.",
    "STOP_LOSS_NOT_REACHED": "Rejected: the bid recovered above the stop before the exit was decided.",
    "STOP_LOSS_REACHED": "Rejected: the position has reached its stop; nothing is added to it.",
    "POSITION_NONE": "Rejected: there is no position to sell.",
    "POSITION_EXITING": "Rejected: an exit of this position is under way; nothing is added to it.",
    "POSITION_EXIT_JOINED": "Joined the exit of this position that is under way.",
    "DAILY_LOSS_REACHED": "Blocked: the day's loss is {observed} of the opening equity, {limit} are allowed.",
    "BREAKER_OPEN": "Blocked: a circuit breaker is open ({breakers}).",
    "DRAWDOWN_REACHED": "Blocked: equity is {observed} below its 24 h peak, {limit} are allowed.",
    "SPREAD_TOO_WIDE": "Blocked: the spread is {observed} wide, {limit} are allowed.",
    "ORDER_RATE_REACHED": "Blocked: {observed} within a minute, {limit} are allowed.",
    "STOP_LOSS_COOLDOWN": "Blocked: the symbol was stopped a short while ago; {observed} of its pause are left.",
    "SIGNAL_EXPIRED": "Expired: the signal is older than its time to live.",
    "PRICE_MISSING": "Rejected: there is no price for the symbol.",
    "PRICE_STALE": "Rejected: the price is {age_ms} ms old, {limit_ms} ms are allowed.",
    "TRADING_HALTED": "Rejected: trading is halted.",
    "TRADING_REDUCING": "Rejected: only exits are allowed.",
    "EQUITY_NONE": "Rejected: the account has no equity.",
    "INSTRUMENT_PAUSED": "Rejected: the symbol is paused; nothing is bought of it.",
    "INSTRUMENT_UNKNOWN": "Rejected: the exchange lists no such symbol.",
    "SYSTEM_DEAD_LETTER": "Rejected: the signal could not be processed; see the dead letters.",
}


def sentence(reason_code: str, params: dict[str, Any]) -> str:
    """The reason in words. An unknown code or a missing parameter is shown as it is."""
    template = SENTENCES.get(reason_code)
    if template is None:
        return reason_code
    unit = params.get("unit") or "FRACTION"
    shown = {name: _shown(name, value, unit) for name, value in params.items()}
    try:
        return template.format(**shown)
    except KeyError:
        return f"{reason_code} {params}"


def _shown(name: str, value: Any, unit: str) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return in_unit(value, unit) if name in ("observed", "limit") else value

"""What each error code of the exchange means for a request that was sent: one table, each row of it tested.

Pure. FINAL: nothing was placed, and the same request will not do. ABSENT: there is no such order. RETRY: it was refused
before it was looked at; sent again it may pass. UNKNOWN: nobody knows whether it took effect; only the client's id
tells. A code that is not in the table is UNKNOWN.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from marketdata.mexc.errors import MexcProblem, RequestRefused, Unavailable
from marketdata.mexc.rest_reading import TryAgain

BAD_TIME = 700003


class Fate(StrEnum):
    FINAL = "FINAL"
    ABSENT = "ABSENT"
    RETRY = "RETRY"
    UNKNOWN = "UNKNOWN"


class Meaning(NamedTuple):
    """`reason` is the order's reason code where the fate is FINAL; `said` what the exchange means by it."""

    fate: Fate
    reason: str
    said: str


NOBODY_KNOWS = Meaning(Fate.UNKNOWN, "", "not in the table")
NOT_SENT = "not_sent"


def _final(reason: str, said: str) -> Meaning:
    return Meaning(Fate.FINAL, reason, said)


CODES: dict[int, Meaning] = {
    -2013: Meaning(Fate.ABSENT, "", "order does not exist"),
    -2011: Meaning(Fate.ABSENT, "", "unknown order, or one at its end where it was to be canceled"),
    -1128: _final("VENUE_BAD_REQUEST", "combination of parameters"),
    -1121: _final("VENUE_UNKNOWN_SYMBOL", "invalid symbol"),
    26: _final("VENUE_NOT_ALLOWED", "operation not allowed"),
    400: _final("VENUE_BAD_KEY", "key is missing"),
    401: _final("VENUE_NOT_ALLOWED", "no authority"),
    403: _final("VENUE_NOT_ALLOWED", "access denied"),
    418: Meaning(Fate.RETRY, "", "address banned for a while"),
    429: Meaning(Fate.RETRY, "", "too many requests"),
    500: Meaning(Fate.UNKNOWN, "", "internal error"),
    503: Meaning(Fate.UNKNOWN, "", "service not available"),
    504: Meaning(Fate.UNKNOWN, "", "gateway timeout"),
    602: _final("VENUE_BAD_KEY", "signature verification failed"),
    10001: _final("VENUE_ACCOUNT_BARRED", "user does not exist"),
    10007: _final("VENUE_UNKNOWN_SYMBOL", "symbol unknown, or not for the API"),
    10072: _final("VENUE_BAD_KEY", "invalid access key"),
    10073: Meaning(Fate.RETRY, "", "invalid request time"),
    10095: _final("VENUE_BAD_REQUEST", "amount is missing"),
    10096: _final("VENUE_QUANTITY_STEP", "amount has too many decimals"),
    10097: _final("VENUE_BAD_REQUEST", "amount is wrong"),
    10098: _final("VENUE_ACCOUNT_BARRED", "risk control saw something abnormal"),
    10101: _final("VENUE_INSUFFICIENT_BALANCE", "insufficient balance"),
    10102: _final("VENUE_BAD_REQUEST", "amount zero or negative"),
    20002: Meaning(Fate.UNKNOWN, "", "internal system error"),
    30000: _final("VENUE_TRADING_SUSPENDED", "trading of the pair is suspended"),
    30001: _final("VENUE_SIDE_SUSPENDED", "this side of the pair takes no orders"),
    30002: _final("VENUE_MINIMUM_NOTIONAL", "below the smallest amount"),
    30003: _final("VENUE_MAXIMUM_NOTIONAL", "above the largest amount"),
    30004: _final("VENUE_INSUFFICIENT_BALANCE", "insufficient position"),
    30005: _final("VENUE_INSUFFICIENT_BALANCE", "oversold"),
    30010: _final("VENUE_BAD_PRICE", "no valid trade price"),
    30014: _final("VENUE_UNKNOWN_SYMBOL", "invalid symbol"),
    30016: _final("VENUE_TRADING_SUSPENDED", "trading disabled"),
    30018: _final("VENUE_ORDER_TYPE_DISABLED", "market orders are disabled"),
    30019: _final("VENUE_ORDER_TYPE_DISABLED", "market orders over the API are disabled"),
    30020: _final("VENUE_NOT_ALLOWED", "no permission for the pair"),
    30021: _final("VENUE_UNKNOWN_SYMBOL", "invalid symbol"),
    30025: _final("VENUE_NO_OPPOSITE_ORDER", "no opposite order"),
    30027: _final("VENUE_SIDE_SUSPENDED", "the asset is at the platform's position limit: no buying"),
    30028: _final("VENUE_SIDE_SUSPENDED", "risk control: no selling"),
    30029: _final("VENUE_ORDER_LIMIT", "more than the largest order, or off the pair's grid"),
    30032: _final("VENUE_ORDER_LIMIT", "more than the largest position"),
    30041: _final("VENUE_ORDER_TYPE_DISABLED", "this order type cannot be placed"),
    33333: _final("VENUE_BAD_REQUEST", "wrong parameter"),
    44444: _final("VENUE_BAD_REQUEST", "missing parameter"),
    60005: _final("VENUE_ACCOUNT_BARRED", "the account is abnormal"),
    70011: _final("VENUE_NOT_ALLOWED", "the key may not trade the pair"),
    140001: _final("VENUE_ACCOUNT_BARRED", "sub-account does not exist"),
    140002: _final("VENUE_ACCOUNT_BARRED", "sub-account is forbidden"),
    700001: _final("VENUE_BAD_KEY", "format of the key"),
    700002: _final("VENUE_BAD_KEY", "signature not valid"),
    BAD_TIME: Meaning(Fate.RETRY, "", "time outside of the window; the clock is read again"),
    700004: _final("VENUE_BAD_REQUEST", "missing parameter"),
    700005: _final("VENUE_BAD_REQUEST", "window above 60 s"),
    700006: _final("VENUE_NOT_ALLOWED", "address not on the key's list"),
    700007: _final("VENUE_NOT_ALLOWED", "the key may not use the endpoint"),
    700008: _final("VENUE_BAD_REQUEST", "illegal characters"),
    700013: _final("VENUE_BAD_REQUEST", "content type"),
    730000: Meaning(Fate.UNKNOWN, "", "request failed"),
    730001: _final("VENUE_UNKNOWN_SYMBOL", "pair not found"),
    730002: _final("VENUE_BAD_REQUEST", "wrong parameter"),
    730100: _final("VENUE_ACCOUNT_BARRED", "unusual user status"),
}


def meaning_of(problem: MexcProblem) -> Meaning:
    """What a request that failed so means. What was never sent, for want of room or of a connection, may be sent again;
    everything without an answer that can be read is UNKNOWN."""
    if isinstance(problem, RequestRefused):
        return NOBODY_KNOWS if problem.code is None else CODES.get(problem.code, NOBODY_KNOWS)
    if isinstance(problem, TryAgain) and problem.outcome in ("too_many", NOT_SENT):
        return Meaning(Fate.RETRY, "", str(problem))
    if isinstance(problem, Unavailable) and problem.attempts == 0:
        return Meaning(Fate.RETRY, "", problem.reason)
    return Meaning(Fate.UNKNOWN, "", "no answer that can be read")

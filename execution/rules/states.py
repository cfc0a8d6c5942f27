"""The life of an order as one flat table: (state, event) → state. What is not in the table does not happen.

A trade of an order that is FILLED or REJECTED is not in it: the venue contradicts itself, and its answer is set aside.

NEW → SUBMITTED → PARTIALLY_FILLED → FILLED          the usual life
CANCELED, REJECTED (by the venue), EXPIRED           the other ends
UNKNOWN                                              sent, no answer: resolved only by asking the venue
"""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    NEW = "NEW"
    SUBMITTED = "SUBMITTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class OrderEvent(StrEnum):
    CLAIM = "CLAIM"
    FILL = "FILL"
    PARTIAL_FILL = "PARTIAL_FILL"
    CANCEL = "CANCEL"
    REJECT = "REJECT"
    EXPIRE = "EXPIRE"
    ACCEPT = "ACCEPT"
    NO_ANSWER = "NO_ANSWER"


S, E = OrderState, OrderEvent

Table = dict[tuple[OrderState, OrderEvent], OrderState]

TRANSITIONS: Table = {
    (S.NEW, E.CLAIM): S.SUBMITTED,
    (S.NEW, E.CANCEL): S.CANCELED,  # the trading state was not ACTIVE when an entry was claimed, or its symbol is left
    (S.NEW, E.EXPIRE): S.EXPIRED,  # an entry whose deadline was over before it was claimed
    (S.NEW, E.REJECT): S.REJECTED,  # its command was given up as a dead letter
    (S.SUBMITTED, E.ACCEPT): S.SUBMITTED,  # it rests at the venue: nothing new to us but the venue's name for it
    (S.SUBMITTED, E.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.SUBMITTED, E.FILL): S.FILLED,
    (S.SUBMITTED, E.CANCEL): S.CANCELED,
    (S.SUBMITTED, E.REJECT): S.REJECTED,
    (S.SUBMITTED, E.EXPIRE): S.EXPIRED,  # it found no, or not enough, counterpart; or rested past its deadline
    (S.SUBMITTED, E.NO_ANSWER): S.UNKNOWN,
    (S.PARTIALLY_FILLED, E.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, E.FILL): S.FILLED,
    (S.PARTIALLY_FILLED, E.CANCEL): S.CANCELED,  # what had filled stays filled
    (S.PARTIALLY_FILLED, E.EXPIRE): S.EXPIRED,
    (S.UNKNOWN, E.ACCEPT): S.SUBMITTED,  # the venue, asked by client_order_id, knew it, and it rests there
    (S.UNKNOWN, E.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.UNKNOWN, E.FILL): S.FILLED,
    (S.UNKNOWN, E.CANCEL): S.CANCELED,
    (S.UNKNOWN, E.REJECT): S.REJECTED,
    (S.UNKNOWN, E.EXPIRE): S.EXPIRED,
    (S.CANCELED, E.PARTIAL_FILL): S.CANCELED,  # a fill crossed our cancel on the wire: booked, the state stays
    (S.CANCELED, E.FILL): S.FILLED,  # the whole order had filled before the cancel arrived
    (S.EXPIRED, E.PARTIAL_FILL): S.EXPIRED,  # a trade that the venue's own lists did not show when it ended
    (S.EXPIRED, E.FILL): S.FILLED,
}

OPEN = frozenset({S.NEW, S.SUBMITTED, S.PARTIALLY_FILLED, S.UNKNOWN})
TERMINAL = frozenset(S) - OPEN


class IllegalTransition(Exception):
    """An event that cannot happen in the order's state."""


def advance(state: OrderState, event: OrderEvent) -> OrderState:
    """The state after `event`. Raises IllegalTransition naming both."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"an order that is {state} cannot {event}") from None

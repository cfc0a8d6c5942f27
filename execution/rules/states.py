"""The life of an order as one flat table: (state, event) → state. What is not in the table does not happen.

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
    NO_ANSWER = "NO_ANSWER"


S, E = OrderState, OrderEvent

Table = dict[tuple[OrderState, OrderEvent], OrderState]

# A venue whose answer is final: what is not filled at once lapses, so an order is never seen half filled.
REACHED: Table = {
    (S.NEW, E.CLAIM): S.SUBMITTED,
    (S.NEW, E.CANCEL): S.CANCELED,  # the trading state was not ACTIVE when an entry was claimed, or its symbol is left
    (S.NEW, E.EXPIRE): S.EXPIRED,  # an entry whose deadline was over before it was claimed
    (S.NEW, E.REJECT): S.REJECTED,  # its command was given up as a dead letter
    (S.SUBMITTED, E.FILL): S.FILLED,
    (S.SUBMITTED, E.CANCEL): S.CANCELED,
    (S.SUBMITTED, E.REJECT): S.REJECTED,
    (S.SUBMITTED, E.EXPIRE): S.EXPIRED,  # it found no, or not enough, counterpart; or never arrived in time
    (S.SUBMITTED, E.NO_ANSWER): S.UNKNOWN,
    (S.UNKNOWN, E.FILL): S.FILLED,  # the venue, asked by client_order_id, knew it
    (S.UNKNOWN, E.CANCEL): S.CANCELED,
    (S.UNKNOWN, E.REJECT): S.REJECTED,
    (S.UNKNOWN, E.EXPIRE): S.EXPIRED,
}

# Nothing leads here yet. A venue where orders rest tells of fills one by one, and may fill an order that we are
# canceling; these rows say beforehand what that means, so that such a venue changes no other row.
NOT_YET: Table = {
    (S.SUBMITTED, E.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, E.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, E.FILL): S.FILLED,
    (S.PARTIALLY_FILLED, E.CANCEL): S.CANCELED,
    (S.PARTIALLY_FILLED, E.EXPIRE): S.EXPIRED,
    (S.PARTIALLY_FILLED, E.NO_ANSWER): S.UNKNOWN,
    (S.UNKNOWN, E.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.CANCELED, E.PARTIAL_FILL): S.CANCELED,  # a fill crossed our cancel on the wire: booked, the state stays
    (S.CANCELED, E.FILL): S.FILLED,  # the whole order had filled before the cancel arrived
}

TRANSITIONS: Table = REACHED | NOT_YET

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

"""The life of an order: every pair of state and event is either in the table or refused."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import sampled_from

from execution.rules.states import OPEN, TERMINAL, TRANSITIONS, IllegalTransition, OrderEvent, OrderState, advance

S, E = OrderState, OrderEvent
REFUSED = sorted(set(product(S, E)) - set(TRANSITIONS))
FINAL = (S.FILLED, S.REJECTED)


@pytest.mark.parametrize(("state", "event"), sorted(TRANSITIONS))
def test_a_pair_in_the_table_leads_to_its_state(state: OrderState, event: OrderEvent) -> None:
    assert advance(state, event) is TRANSITIONS[state, event]


@pytest.mark.parametrize(("state", "event"), REFUSED)
def test_any_other_pair_is_refused_naming_both(state: OrderState, event: OrderEvent) -> None:
    with pytest.raises(IllegalTransition, match=rf"that is {state} cannot {event}"):
        advance(state, event)


def test_every_state_is_either_open_or_terminal() -> None:
    assert set(S) == OPEN | TERMINAL
    assert {S.FILLED, S.CANCELED, S.REJECTED, S.EXPIRED} == TERMINAL


@pytest.mark.parametrize("state", FINAL)
def test_nothing_follows_a_final_state(state: OrderState) -> None:
    assert not [event for event in E if (state, event) in TRANSITIONS]


@pytest.mark.parametrize("ended", [S.CANCELED, S.EXPIRED])
def test_after_an_end_only_a_trade_that_came_before_it_is_heard(ended: OrderState) -> None:
    heard = {event: after for (before, event), after in TRANSITIONS.items() if before is ended}

    assert heard == {E.FILL: S.FILLED, E.PARTIAL_FILL: ended}


def test_every_state_can_be_reached_from_new() -> None:
    reached = {S.NEW}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= more

    assert reached == set(S)


def test_only_a_claim_sends_an_order() -> None:
    entered = [pair for pair, after in TRANSITIONS.items() if after is S.SUBMITTED and pair[0] is not S.SUBMITTED]

    assert entered == [(S.NEW, E.CLAIM), (S.UNKNOWN, E.ACCEPT)], "the second was sent before, and rests at the venue"


class OrderLife(RuleBasedStateMachine):
    """Any events in any order: what is refused changes nothing, an end is an end."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.claimed, self.history = S.NEW, False, [S.NEW]

    @rule(event=sampled_from(E))
    def hear(self, event: OrderEvent) -> None:
        try:
            self.state = advance(self.state, event)
        except IllegalTransition:
            assert (self.state, event) not in TRANSITIONS
            return
        self.claimed |= event is E.CLAIM
        self.history.append(self.state)

    @invariant()
    def nothing_works_at_the_venue_that_was_never_claimed(self) -> None:
        assert self.claimed or not {S.SUBMITTED, S.PARTIALLY_FILLED, S.UNKNOWN} & set(self.history)

    @invariant()
    def a_final_state_is_the_last(self) -> None:
        assert not set(FINAL) & set(self.history[:-1])


TestOrderLife = OrderLife.TestCase

"""The proof of orders' lives in small: random lives beside the pure model, and a planted fault that it must find."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from execution.rules import settling
from proofs.order_life.machine import OrderLives, steps

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
FEW = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)


def test_some_lives_are_the_models() -> None:
    steps.clear()

    run_state_machine_as_test(OrderLives, settings=FEW)

    assert steps["hear"] > 10 and steps["trade"] > 5


def test_a_fee_that_is_booked_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = settling.fee_taken

    def twice(*arguments: Any, **named: Any) -> Any:
        fee, base_fee = taken(*arguments, **named)
        return 2 * fee, base_fee

    monkeypatch.setattr(settling, "fee_taken", twice)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(OrderLives, settings=FEW)

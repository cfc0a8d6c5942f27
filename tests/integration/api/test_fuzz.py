"""Requests made from the description alone, right ones and wrong ones: never a 5xx, always a described answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from proofs.api_fuzz import attack
from risk.models import OperatorAct
from tests.builders import open_paper_account, plant_instrument
from tests.integration.api.api_house import LISTS, Program, program

# What the generator of requests warns of is about its own libraries.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture
def furnished(settings: Any) -> Iterator[None]:
    """A row in every list, and nobody asks too often."""
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, API_REQUESTS_PER_MINUTE=1_000_000, API_LOGINS_PER_MINUTE=100_000
    )
    plant_instrument()
    open_paper_account()
    for number, (plant, _, _) in enumerate(LISTS.values()):
        plant(number)
    yield


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize(("role", "examples"), [("viewer", 1), ("operator", 2)])
def test_no_request_that_can_be_made_from_the_description_breaks_an_answer(
    live_server: Any, role: str, examples: int
) -> None:
    mine: Program = program(role)
    before = OperatorAct.objects.count()

    found = attack(live_server.url, mine.token, examples=examples)

    assert found.failures == []
    assert found.requests > 60 and found.statuses[200] > 15 and found.statuses[400] > 15
    if role == "viewer":
        assert OperatorAct.objects.count() == before, "somebody who only looks on did something"

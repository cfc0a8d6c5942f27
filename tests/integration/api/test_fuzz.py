"""Requests made from the description alone, right ones and wrong ones: never a 5xx, always a described answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from risk.models import OperatorAct
from tests.builders import open_paper_account, plant_instrument
from tests.integration.api.api_house import LISTS, Program, description, program

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


@pytest.fixture
def attack() -> Any:
    """Found when it is used: the generator of requests takes a second to import."""
    from proofs.api_fuzz import attack

    return attack


PATHS: dict[str, dict[str, Any]] = description()["paths"]
ACTING = [ways["post"]["operationId"] for ways in PATHS.values() if "202" in ways.get("post", {}).get("responses", {})]


@pytest.mark.usefixtures("furnished")
def test_no_request_that_an_operator_can_make_from_the_description_breaks_an_answer(
    live_server: Any, attack: Any
) -> None:
    mine: Program = program("operator")

    found = attack(live_server.url, mine.token, examples=1)

    assert found.failures == []
    assert found.requests > 60 and found.statuses[200] > 15 and found.statuses[400] > 15


@pytest.mark.usefixtures("furnished")
def test_no_act_that_a_viewer_can_ask_for_from_the_description_is_done(live_server: Any, attack: Any) -> None:
    mine: Program = program("viewer")
    before = OperatorAct.objects.count()

    found = attack(live_server.url, mine.token, examples=1, only=ACTING)

    assert found.failures == []
    assert found.statuses[403] >= len(ACTING) > 10 and found.statuses[200] == found.statuses[202] == 0
    assert OperatorAct.objects.count() == before, "somebody who only looks on did something"

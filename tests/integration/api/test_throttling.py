"""Requests are counted in Redis, by person and for all processes together; a counter that is away stops nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis

from api import throttling
from cdb_site.clock import SYSTEM
from tests.integration.api.api_house import PASSWORD, Program, person, problem, program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A wall clock that a test moves, so that no minute ends in the middle."""
    now = {"s": 1_800_000_000.0 - 1_800_000_000.0 % 60 + 15}
    monkeypatch.setattr(throttling, "SYSTEM", type("Clock", (), {"wall_s": staticmethod(lambda: now["s"])}))
    assert SYSTEM
    return now


def allow(settings: Any, **most: int) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, **most)


def test_who_asks_too_often_is_told_how_long_to_wait_and_nobody_else_is(
    settings: Any, standing_clock: dict[str, float]
) -> None:
    mine, other = program(), program("operator")
    allow(settings, API_REQUESTS_PER_MINUTE=3)

    answers = [mine.get("status/") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    problem(answers[-1], 429, "throttled")
    assert 44 <= int(answers[-1]["Retry-After"]) <= 46
    assert other.get("status/").status_code == 200
    standing_clock["s"] += 45
    assert mine.get("status/").status_code == 200


def test_two_tokens_of_one_person_share_their_allowance(settings: Any) -> None:
    first = program()
    second = Program().post("auth/login/", {"username": "viewer-anna", "password": PASSWORD}).json()["token"]
    allow(settings, API_REQUESTS_PER_MINUTE=2)

    assert [first.get("status/").status_code for _ in range(2)] == [200, 200]
    problem(Program(second).get("status/"), 429, "throttled")


def test_guesses_at_passwords_are_counted_by_themselves_whoever_they_are_aimed_at(settings: Any) -> None:
    person("viewer")
    allow(settings, API_LOGINS_PER_MINUTE=3)

    for number in range(3):
        wrong = {"username": f"guess-{number}", "password": "x"}
        problem(Program().post("auth/login/", wrong), 401, "not-authenticated")

    right = {"username": "viewer-anna", "password": PASSWORD}
    problem(Program().post("auth/login/", right), 429, "throttled")
    claimed = {"X-Forwarded-For": "192.0.2.7"}
    problem(Program().post("auth/login/", right, **claimed), 429, "throttled")


def test_behind_two_proxies_the_client_s_address_is_counted_and_no_claim(settings: Any) -> None:
    allow(settings, API_LOGINS_PER_MINUTE=1, TRUSTED_PROXIES=2)
    wrong = {"username": "guess", "password": "x"}

    def from_address(chain: str) -> int:
        status: int = Program().post("auth/login/", wrong, **{"X-Forwarded-For": chain}).status_code
        return status

    assert from_address("198.51.100.1, 203.0.113.1, 10.0.0.2") == 401
    assert from_address("198.51.100.2, 203.0.113.1:5000, 10.0.0.3") == 429
    assert from_address("198.51.100.2, 203.0.113.2, 10.0.0.2") == 401


def test_while_redis_is_away_everybody_is_let_through(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program()
    allow(settings, API_REQUESTS_PER_MINUTE=1)

    def away(_: str) -> int:
        raise redis.exceptions.ConnectionError("gone")

    monkeypatch.setattr(throttling, "_counted", away)

    assert [mine.get("status/").status_code for _ in range(3)] == [200, 200, 200]

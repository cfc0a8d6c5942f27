"""Every code of the exchange has one meaning, and what has none is UNKNOWN: nobody knows."""

from __future__ import annotations

import re

import pytest

from execution.venues.mexc.errors import CODES, NOT_SENT, Verdict, meaning_of
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused, Unavailable
from marketdata.mexc.rest_reading import TryAgain

POST = "POST /api/v3/order"
EXPECTED = {
    Verdict.ABSENT: {-2011, -2013},
    Verdict.RETRY: {418, 429, 10073, 700003},
    Verdict.UNKNOWN: {500, 503, 504, 20002, 730000},
}
# The wire facts of MEXC that the project keeps.
WRITTEN_DOWN = {700002, 700003, 10072, 30002, 30004, -1121, 10007, -2011, 429}


def refused(code: int | None, status: int = 400) -> RequestRefused:
    return RequestRefused(POST, status=status, code=code, message="no")


@pytest.mark.parametrize("code", CODES)
def test_a_code_means_what_the_table_says(code: int) -> None:
    meaning = meaning_of(refused(code))

    expected = next((verdict for verdict, codes in EXPECTED.items() if code in codes), Verdict.FINAL)
    assert meaning.verdict is expected
    assert bool(meaning.reason) == (expected is Verdict.FINAL)
    assert re.fullmatch(r"VENUE_[A-Z_]{4,26}|", meaning.reason)
    assert meaning.said


def test_no_code_that_is_expected_is_missing() -> None:
    assert set(CODES) >= WRITTEN_DOWN.union(*EXPECTED.values())


@pytest.mark.parametrize("code", [None, 0, 1, -1, 31337, 22222, 30026, 999999])
def test_a_code_that_nobody_wrote_down_decides_nothing(code: int | None) -> None:
    assert meaning_of(refused(code)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("problem", "verdict"),
    [
        (TryAgain("too_many", "HTTP 429"), Verdict.RETRY),
        (TryAgain(NOT_SENT, "no connection"), Verdict.RETRY),
        (Unavailable(POST, attempts=0, reason="no room"), Verdict.RETRY),
        (Unavailable(POST, attempts=3, reason="HTTP 503"), Verdict.UNKNOWN),
        (TryAgain("server_error", "HTTP 503"), Verdict.UNKNOWN),
        (TryAgain("timeout", "TimeoutError"), Verdict.UNKNOWN),
        (TryAgain("network", "ServerDisconnectedError"), Verdict.UNKNOWN),
        (BadAnswer(POST, "no JSON"), Verdict.UNKNOWN),
        (MexcProblem("anything"), Verdict.UNKNOWN),
    ],
)
def test_only_what_never_was_looked_at_may_be_sent_again(problem: MexcProblem, verdict: Verdict) -> None:
    assert meaning_of(problem).verdict is verdict

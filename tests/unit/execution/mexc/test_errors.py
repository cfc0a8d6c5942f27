"""Every code of the exchange has one meaning, and what has none is UNKNOWN: nobody knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from execution.venues.mexc.errors import CODES, NOT_SENT, Fate, meaning_of
from marketdata.mexc.errors import BadAnswer, MexcProblem, RequestRefused, Unavailable
from marketdata.mexc.rest_reading import TryAgain

POST = "POST /api/v3/order"
EXPECTED = {
    Fate.ABSENT: {-2011, -2013},
    Fate.RETRY: {418, 429, 10073, 700003},
    Fate.UNKNOWN: {500, 503, 504, 20002, 730000},
}
# The wire facts of MEXC that the project keeps.
WRITTEN_DOWN = {700002, 700003, 10072, 30002, 30004, -1121, 10007, -2011, 429}


def refused(code: int | None, status: int = 400) -> RequestRefused:
    return RequestRefused(POST, status=status, code=code, message="no")


@pytest.mark.parametrize("code", CODES)
def test_a_code_means_what_the_table_says(code: int) -> None:
    meaning = meaning_of(refused(code))

    expected = next((fate for fate, codes in EXPECTED.items() if code in codes), Fate.FINAL)
    assert meaning.fate is expected
    assert bool(meaning.reason) == (expected is Fate.FINAL)
    assert re.fullmatch(r"VENUE_[A-Z_]{4,26}|", meaning.reason)
    assert meaning.said


def test_no_code_that_is_expected_is_missing() -> None:
    assert set(CODES) >= WRITTEN_DOWN.union(*EXPECTED.values())


@pytest.mark.parametrize("code", [None, 0, 1, -1, 31337, 22222, 30026, 999999])
def test_a_code_that_nobody_wrote_down_decides_nothing(code: int | None) -> None:
    assert meaning_of(refused(code)).fate is Fate.UNKNOWN


@pytest.mark.parametrize(
    ("problem", "fate"),
    [
        (TryAgain("too_many", "HTTP 429"), Fate.RETRY),
        (TryAgain(NOT_SENT, "no connection"), Fate.RETRY),
        (Unavailable(POST, attempts=0, reason="no room"), Fate.RETRY),
        (Unavailable(POST, attempts=3, reason="HTTP 503"), Fate.UNKNOWN),
        (TryAgain("server_error", "HTTP 503"), Fate.UNKNOWN),
        (TryAgain("timeout", "TimeoutError"), Fate.UNKNOWN),
        (TryAgain("network", "ServerDisconnectedError"), Fate.UNKNOWN),
        (BadAnswer(POST, "no JSON"), Fate.UNKNOWN),
        (MexcProblem("anything"), Fate.UNKNOWN),
    ],
)
def test_only_what_never_was_looked_at_may_be_sent_again(problem: MexcProblem, fate: Fate) -> None:
    assert meaning_of(problem).fate is fate


def test_the_document_lists_every_code_as_the_table_has_it() -> None:
    document = (Path(__file__).resolve().parents[4] / "docs/mexc_venue.md").read_text(encoding="utf-8")
    told = document.partition("<!-- codes -->\n")[2].partition("<!-- /codes -->")[0]

    rows = [f"| {code} | {it.fate} | {it.reason or '-'} | {it.said} |\n" for code, it in CODES.items()]

    assert told == "| code | means | reason | what the exchange says |\n|---|---|---|---|\n" + "".join(rows)

"""Reasons of the system's own, told in German; what people wrote is not touched."""

from __future__ import annotations

import pytest

from cdb_site.languages import ENGLISH, GERMAN
from cdb_site.own_reasons import own_reason


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("daily loss 5.23% of 5.00%", "Tagesverlust 5,23% von 5,00%"),
        ("breaker SPREAD: 120.0 bps, allowed 100.0 bps", "Sicherung SPREAD: 120,0 Bp, erlaubt 100,0 Bp"),
        (
            "breaker SILENCE released by risk: 30 s of good data",
            "Sicherung SILENCE gelöst von risk: 30 s gute Daten",
        ),
        (
            "the audit found 2 violations; first: CASH paper",
            "die Buchprüfung fand 2 Verletzungen; die erste: CASH paper",
        ),
        ("strange fills in FIL", "strange fills in FIL"),
        ("", ""),
    ],
)
def test_a_reason_of_the_system_is_told_in_german_and_one_of_a_person_as_it_is(stored: str, told: str) -> None:
    assert own_reason(stored, GERMAN) == told
    assert own_reason(stored, ENGLISH) == stored

"""Sentences and numbers in the language in which somebody reads."""

from __future__ import annotations

import pytest
from django.utils import translation

from cdb_site.alerts import catalog
from cdb_site.languages import GERMAN, reading
from cdb_site.units import in_unit
from risk.rules import reasons


@pytest.mark.parametrize(("active", "read"), [("de", "de"), ("de-at", "de"), ("en", "en"), ("fr", "en"), (None, "en")])
def test_who_reads_german_reads_german_and_everybody_else_english(active: str | None, read: str) -> None:
    with translation.override(active):
        assert reading() == read


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("0.0123", "FRACTION", "1,23 %"),
        ("30.24", "s", "30,2 s"),
        ("12.345", "bps", "12,3 Bp"),
        ("7", "orders", "7 Aufträge"),
        ("0.000012300", "PRICE", "0,0000123"),
        ("9512.3456", "MONEY", "9.512,35"),
        ("more than all", "FRACTION", "more than all"),
    ],
)
def test_a_number_is_shown_as_germans_write_it(value: str, unit: str, text: str) -> None:
    assert in_unit(value, unit, GERMAN) == text


def test_a_reason_is_told_in_the_language_of_who_reads_it() -> None:
    params = {"observed": "0.06", "limit": "0.05"}

    with translation.override("de"):
        read = reasons.sentence("DAILY_LOSS_REACHED", params)

    assert read == "Gesperrt: der Tagesverlust ist 6,00 % des Anfangskapitals, erlaubt sind 5,00 %."
    assert reasons.sentence("DAILY_LOSS_REACHED", params, GERMAN) == read
    assert reasons.sentence("DAILY_LOSS_REACHED", params).startswith("Blocked: the day's loss is 6.00 %")


def test_an_alert_and_its_next_step_are_told_in_the_language_of_who_reads_them() -> None:
    params = {"loss": "0.0523", "limit": "0.05", "equity": "94768.6"}

    with translation.override("de"):
        read, to_do = catalog.sentence("DAILY_LOSS", params), catalog.next_step("DAILY_LOSS")

    assert read.startswith("Tagesverlust 5,23 % von 5,00 %: der Handel ist angehalten")
    assert read.endswith("Eigenkapital 94.768,60.")
    assert to_do.startswith("`manage.py status` verfolgen")

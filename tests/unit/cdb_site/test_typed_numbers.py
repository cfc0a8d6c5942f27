"""Numbers as people type them, in both languages."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from cdb_site.typed_numbers import TypedDecimalField


def field() -> TypedDecimalField:
    return TypedDecimalField(max_digits=14, decimal_places=6)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0.05", "0.05"),
        ("0,05", "0.05"),
        ("0,123", "0.123"),
        ("0.123", "0.123"),
        ("-3,5", "-3.5"),
        ("\u22123,5", "-3.5"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,5", "1234.5"),
        ("1'234.5", "1234.5"),
        ("1.234.567", "1234567"),
        ("600", "600"),
        (" 12 ", "12"),
    ],
)
def test_a_point_and_a_comma_mean_the_same(language: str, typed: str, meant: str) -> None:
    with translation.override(language):
        assert field().clean(typed) == Decimal(meant)


@pytest.mark.parametrize(("language", "typed", "meant"), [("en", "1.234", "1.234"), ("de", "1,234", "1.234")])
def test_decimals_of_the_own_language_are_not_doubted(language: str, typed: str, meant: str) -> None:
    with translation.override(language):
        assert field().clean(typed) == Decimal(meant)


@pytest.mark.parametrize(("language", "typed"), [("en", "1,234"), ("de", "1.234"), ("de", "-12.345")])
def test_what_may_mean_a_thousand_or_a_fraction_is_not_guessed(language: str, typed: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        field().clean(typed)

    assert typed in str(refused.value)


@pytest.mark.parametrize("typed", ["abc", "1,2,3.4.5x", "NaN", "Infinity", "--1", "1..", "٣,٤x"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        field().clean(typed)


def test_a_form_shows_a_number_in_the_language_and_without_zeros_at_its_end() -> None:
    with translation.override("de"):
        bound = field().prepare_value(Decimal("0.050000"))
        shown = field().widget.render("limit", bound)

    assert 'value="0,05"' in shown
    assert 'inputmode="decimal"' in shown

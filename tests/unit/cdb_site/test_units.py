"""Numbers as text: exact without exponent, and nothing where nothing is known."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdb_site.units import plain, text


@pytest.mark.parametrize(("number", "expected"), [
    ("84270", "84270"), ("84270.500", "84270.5"), ("6.089E-5", "0.00006089"), ("1E+3", "1000"), ("100", "100"),
    ("0E-18", "0"), ("-0.00", "0"), ("-1.50", "-1.5"),
])  # fmt: skip
def test_a_decimal_is_spelled_without_exponent_and_trailing_zeros(number: str, expected: str) -> None:
    assert plain(Decimal(number)) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=18))
def test_the_text_of_a_decimal_is_the_number_to_the_last_digit(number: Decimal) -> None:
    assert Decimal(plain(number)) == number


def test_what_is_not_known_is_not_zero() -> None:
    assert (text(None), text(Decimal(0))) == (None, "0")

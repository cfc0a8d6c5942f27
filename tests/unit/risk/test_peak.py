"""Which points of the equity curve may still be the peak of 24 hours some day."""

from __future__ import annotations

from decimal import Decimal

from risk.peak import unsurpassed
from tests.clocks import NOON


def kept(*equities: int) -> list[int]:
    points = [(NOON.replace(minute=number), Decimal(equity)) for number, equity in enumerate(equities)]
    return [int(equity) for _, equity in unsurpassed(reversed(points))]


def test_a_point_that_a_later_one_reaches_is_dropped() -> None:
    assert kept(5, 9, 3, 7, 7, 6) == [9, 7, 6]


def test_of_a_rise_the_last_and_of_a_fall_every_point_is_kept() -> None:
    assert kept(1, 2, 3) == [3]
    assert kept(3, 2, 1) == [3, 2, 1]

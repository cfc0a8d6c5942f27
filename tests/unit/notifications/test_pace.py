"""How often a message is tried, and what goes alone and what together when there is more than a minute may bring."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.pace import ATTEMPTS_MOST, pause_after, shared_out


def test_pauses_grow_and_then_it_is_given_up() -> None:
    pauses = [pause_after(number) for number in range(1, ATTEMPTS_MOST + 1)]

    assert [pause and pause.total_seconds() for pause in pauses] == [15, 60, 300, 900, 3600, None]


def test_too_many_requests_wait_for_a_minute_at_least() -> None:
    assert [pause_after(number, too_many=True).total_seconds() for number in (1, 2, 3)] == [60, 60, 300]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("alone", "together", "free", "sent"),
    [
        ("abc", "", 5, ("abc", "")),
        ("abc", "xy", 5, ("abc", "xy")),
        ("abc", "", 2, ("a", "bc")),
        ("abc", "xy", 2, ("a", "bcxy")),
        ("abc", "xy", 1, ("", "abcxy")),
        ("abc", "xy", 0, ("", "")),
        ("abcdefgh", "", 8, ("abcd", "")),
        ("abcdefgh", "", 7, ("abc", "defgh")),
    ],
)
def test_what_is_more_is_told_together(alone: str, together: str, free: int, sent: tuple[str, str]) -> None:
    first, rest = shared_out(alone, together, free, 4)

    assert ("".join(first), "".join(rest)) == sent


@given(st.lists(st.integers()), st.lists(st.integers()), st.integers(-3, 20))
def test_never_more_messages_than_are_free_and_nothing_is_told_twice(
    alone: list[int], together: list[int], free: int
) -> None:
    first, rest = shared_out(alone, together, free, 5)

    assert len(first) + bool(rest) <= max(min(free, 5), 0)
    assert Counter(first + rest) <= Counter(alone + together)
    assert free <= 0 or not (alone or together) or first or rest

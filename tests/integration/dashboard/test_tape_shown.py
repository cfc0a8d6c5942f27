"""Health shows how far the tape of quotes is written, and what it lacks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cdb_site.clock import SYSTEM
from dashboard import system_facts
from tests.integration.house.tape_rows import tape_file, tape_hole

pytestmark = pytest.mark.django_db


def test_without_a_tape_nothing_is_said_of_it() -> None:
    assert system_facts.tape() is None


def test_bytes_and_holes_are_those_of_the_last_day_and_the_newest_file_says_until_when() -> None:
    now = SYSTEM.wall_now()
    for number, hours in enumerate((30, 20, 1), start=1):
        at = now - timedelta(hours=hours)
        tape_file(number=number, bytes=10**number, begun_at=at, written_at=at)
        tape_hole(after_place=f"{number}-0", from_at=at, until_at=at)

    told = system_facts.tape()

    assert told is not None
    assert (told["bytes"], told["holes"]) == (1100, 2)
    assert told["written_at"] == system_facts.moment(now - timedelta(hours=1))

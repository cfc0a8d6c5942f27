"""Notes of what was sent, shared by all processes: one of many may send, and a later one asks before it does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from execution.venues.mexc.sent import ASK_FIRST, HELD, OURS, SharedNotes

URL = "http://127.0.0.1:1"


def test_of_many_processes_one_may_send(valkey: Any) -> None:
    for _ in range(50):
        name = uuid4().hex
        processes = [SharedNotes(URL) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda notes, order=name: notes.note(order, at_ms=10_000, hold_ms=4000), processes))

        assert sorted(said) == [OURS] + [HELD] * 7


def test_when_no_request_can_arrive_any_more_the_next_asks_first_and_then_one_may_send(valkey: Any) -> None:
    name = uuid4().hex
    assert SharedNotes(URL).note(name, at_ms=10_000, hold_ms=4000) == OURS

    assert SharedNotes(URL).note(name, at_ms=13_999, hold_ms=4000) == HELD
    assert SharedNotes(URL).note(name, at_ms=14_000, hold_ms=4000) == ASK_FIRST
    assert SharedNotes(URL).note(name, at_ms=14_000, hold_ms=4000, asked=True) == OURS
    assert SharedNotes(URL).note(name, at_ms=14_000, hold_ms=4000, asked=True) == HELD


def test_marks_of_one_exchange_say_nothing_of_another(valkey: Any) -> None:
    name = uuid4().hex

    assert SharedNotes(URL).note(name, at_ms=1, hold_ms=4000) == OURS
    assert SharedNotes("http://127.0.0.1:2").note(name, at_ms=1, hold_ms=4000) == OURS
    assert 0 < valkey.pttl(f"cdb:rest:127.0.0.1:1:sent:{name}") <= 86_400_000

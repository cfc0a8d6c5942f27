"""Waiting for a running system, and saying on stderr how far a long work is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from cdb_site.clock import SYSTEM


class Unmet(Exception):
    """Something that a program needs or expects did not come; the sentence says what."""


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Until the condition holds; errors count as "not yet". Raises Unmet."""
    deadline_s, problem = SYSTEM.monotonic_s() + timeout_s, "no answer"
    while SYSTEM.monotonic_s() < deadline_s:
        try:
            if condition():
                return
        except Exception as error:
            problem = str(error)
        pause(0.1)
    raise Unmet(f"{what} did not come back within {timeout_s:g} s: {problem}")


def expect(holds: object, sentence: str) -> None:
    if not holds:
        raise Unmet(sentence)


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

"""How often a message is tried, and how many messages a channel is sent.

after a failure    15 s, 1 min, 5 min, 15 min, 1 h; then it is given up
too many requests  at least a minute
more than a minute may bring: the first alone, all others together in the last message of that minute
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

Item = TypeVar("Item")
PAUSES_S = (15, 60, 300, 900, 3600)
ATTEMPTS_MOST = len(PAUSES_S) + 1
TOO_MANY_PAUSE_S = 60
WINDOW = timedelta(seconds=60)
# Alerts that nobody could send for so long are counted together in one line.
LATE_AFTER = timedelta(hours=1)


def pause_after(attempts: int, *, too_many: bool = False) -> timedelta | None:
    """How long to wait after so many failed attempts; None: give up."""
    if attempts >= ATTEMPTS_MOST:
        return None
    pause_s = PAUSES_S[max(attempts, 1) - 1]
    return timedelta(seconds=max(pause_s, TOO_MANY_PAUSE_S) if too_many else pause_s)


def shared_out(
    alone: Sequence[Item], together: Sequence[Item], free: int, at_once: int
) -> tuple[list[Item], list[Item]]:
    """(what goes alone, what goes in one message) when `free` messages may be sent in this minute and `at_once` now.

    Nothing goes when none is free.
    """
    if free <= 0:
        return [], []
    wanted = len(alone) + bool(together)
    if wanted > free:
        return list(alone[: min(free, at_once) - 1]), [*alone[min(free, at_once) - 1 :], *together]
    if wanted > at_once:
        return list(alone[:at_once]), []
    return list(alone), list(together)

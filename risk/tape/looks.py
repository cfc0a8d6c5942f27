"""Where looks at the market ended, as they are noted in the lane: an append to memory, written later by another thread.

A look is the moment at which a batch was decided or the watcher acted; its place is the newest quotes entry that it had
seen. Decisions keep their own place; here is the order in which all of them looked. Bounded: where no tape is written
the oldest go.
"""

from __future__ import annotations

from collections import deque

from cdb_site.clock import SYSTEM, Clock
from risk.tape.block import LookEnd

KEPT_MAX = 20_000
DECIDED, GUARDED = "DECIDED", "GUARDED"
_noted: deque[LookEnd] = deque(maxlen=KEPT_MAX)


def note(place: str, what: str, clock: Clock = SYSTEM) -> None:
    """A look that had seen the quotes up to this entry; what is not known is not noted."""
    if place:
        _noted.append(LookEnd(place, int(clock.wall_s() * 1_000_000), what))


def taken() -> list[LookEnd]:
    """What was noted since, in that order; it is not here any more."""
    return [_noted.popleft() for _ in range(len(_noted))]


def put_back(looks: list[LookEnd]) -> None:
    """They could not be written; where there are too many the oldest go."""
    room = KEPT_MAX - len(_noted)
    _noted.extendleft(reversed(looks[-room:] if room else []))

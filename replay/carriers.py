"""What carries out a run of each kind, by its place: a kind without one cannot be asked for.

Places and no functions: who only asks for a run, as a page does, need not load all that a replay is made of.
"""

from __future__ import annotations

CARRIERS: dict[str, str] = {
    "REPLAY": "replay.carried.carry_replay",
    "WHAT_IF": "replay.days.carried.carry_what_if",
}

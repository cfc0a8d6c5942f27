"""What carries out a run of each kind. `OFFERED` of `replay.wishes` names the same: who only asks loads none of it."""

from __future__ import annotations

from replay.carried import Carrier, carry_replay
from replay.days.carried import carry_what_if
from replay.search_carried import carry_search

CARRIERS: dict[str, Carrier] = {"REPLAY": carry_replay, "WHAT_IF": carry_what_if, "SEARCH": carry_search}

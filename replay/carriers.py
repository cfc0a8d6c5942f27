"""What carries out a run of each kind. `OFFERED` of `replay.wishes` names the same: who only asks loads none of it."""

from __future__ import annotations

from replay.carried import Carrier, carry_replay

CARRIERS: dict[str, Carrier] = {"REPLAY": carry_replay}

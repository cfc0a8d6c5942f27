"""What carries out a run of each kind: parameters in, what is kept out. A kind without one cannot be asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from replay.kept import KeptRun

Progress = Callable[[float, str], None]
"""Told how far it is, a fraction, and what it does now. Raises where the run is to end."""


class Brought(NamedTuple):
    """What a run brought, and what it would take to bring it again."""

    kept: KeptRun
    manifest: Mapping[str, Any]


Carrier = Callable[[Mapping[str, Any], Progress], Brought]
CARRIERS: dict[str, Carrier] = {}

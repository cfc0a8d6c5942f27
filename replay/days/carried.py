"""A run that asks what other limits would have made of a day, carried out: played, and made into what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from replay.carried import Brought, RunProgress
from replay.days.asking import limits_of, what_if
from replay.kept import KeptRun


def carry_what_if(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    """Raises Unplayable in words for who asked."""
    limits = limits_of(f"{name}={text}" for name, text in parameters["values"].items())
    day, today = date.fromisoformat(parameters["day"]), SYSTEM.market_now().date()
    found = what_if(PAPER, day, limits, lambda part: progress(part, "deciding"), today=today)
    return Brought(KeptRun({"what_if": found.as_json()}, [], []), {})

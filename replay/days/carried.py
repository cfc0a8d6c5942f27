"""A run that asks what other limits would have made of a day, carried out: played, and made into what is kept.

Asked from a page it is stricter than the command: only a day that is over, and of which a tape is kept. Without its
quotes neither stops nor halts of the other limits are found, and the answer would say that less differs than does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cdb_site import db
from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from replay.carried import Brought, RunProgress
from replay.days.asking import Unplayable, limits_of, playable, played
from replay.days.tape import holes_of, tape_of
from replay.kept import KeptRun
from replay.manifest import code
from replay.rules.recorded_day import RecordedDay
from replay.rules.tape_quotes import NoTape

FORM = 1


def carry_what_if(parameters: Mapping[str, Any], progress: RunProgress) -> Brought:
    """Raises Unplayable in words for who asked."""
    limits = limits_of(f"{name}={text}" for name, text in parameters["values"].items())
    progress(0.0, "day")
    recorded = whole_day(date.fromisoformat(parameters["day"]), SYSTEM.market_now().date())
    tape = tape_of(recorded)
    if isinstance(tape, NoTape):
        raise Unplayable(_no_tape(recorded.day))
    found = played(recorded, tape, limits, lambda part: progress(part, "deciding"))
    brought = found.as_json() | {"holes": list(holes_of(recorded))}
    manifest = {"form": FORM, "day": recorded.day.isoformat(), "limits": brought["limits"], "code": code()}
    return Brought(KeptRun({"what_if": brought}, [], []), manifest)


def whole_day(day: date, today: date) -> RecordedDay:
    """A day that is over, as it is recorded. Raises Unplayable."""
    if day >= today:
        told = {"day": day, "today": today}
        raise Unplayable(
            _("%(day)s is not over: today is %(today)s by market time; ask again after its midnight") % told
        )
    with db.snapshot():
        return playable(PAPER, day, today)


def _no_tape(day: date) -> str:
    return _(
        "no tape is kept of %(day)s: without its quotes neither stops nor halts of other limits are found. Choose a "
        "day of the last %(kept)s, or run `manage.py what_if --day %(day)s`, which fills on the looks of the decisions"
    ) % {"day": day, "kept": settings.ENVIRONMENT.TAPE_KEPT_DAYS}

"""`what_if`: a recorded day with other limits. What was asked for is refused by name before anything is played.

`what_if(account, day, limits, progress)` is what the command, the page and the API call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

import execution.queries
from cdb_site import db
from execution.rules.fill_model import Model
from replay.days import reading
from replay.days.tape import tape_of
from replay.rules.parameters import assigned
from replay.rules.playing import Playing
from replay.rules.recorded_day import RecordedDay
from replay.rules.tape_quotes import DayTape
from replay.rules.what_if import WhatIf
from risk.tape.reading import TapeUnreadable


class Unplayable(ValueError):
    """A day or a limit that cannot be played; the text names it and says what can."""


def limits_of(wishes: Iterable[str]) -> dict[str, Decimal]:
    """`MAX_POSITION_PCT=0.05` and the like, by the limit's name. Raises Unplayable."""
    limits: dict[str, Decimal] = {}
    for wish in wishes:
        try:
            found, text = assigned(wish, is_limit=True)
            value = found.value(text)
        except ValueError as problem:
            raise Unplayable(str(problem)) from problem
        if not found.is_limit:
            raise Unplayable(
                _("%(name)s is no limit; a recorded day has its signals. `manage.py replay --set` changes the strategy")
                % {"name": found.name}
            )
        if found.field in limits:
            raise Unplayable(_("%(name)s is named twice") % {"name": found.name})
        limits[found.field] = value
    return limits


def what_if(
    account: str,
    day: date,
    limits: Mapping[str, Decimal],
    progress: Callable[[float], None] = lambda part: None,
    *,
    today: date | None = None,
) -> WhatIf:
    """Play a day with other limits. Raises Unplayable. `today` is that of market time."""
    with db.snapshot():
        recorded = playable(account, day, today)
    return played(recorded, tape_of(recorded), limits, progress)


def played(
    recorded: RecordedDay, tape: DayTape, limits: Mapping[str, Decimal], progress: Callable[[float], None]
) -> WhatIf:
    """Raises Unplayable where the tape cannot be read."""
    environment = settings.ENVIRONMENT
    model = Model(impact_bps=environment.PAPER_IMPACT_BPS, depth_share=environment.PAPER_DEPTH_SHARE)
    try:
        return Playing(recorded, limits, tape=tape, model=model).run(progress)
    except TapeUnreadable as problem:
        told = {"problem": problem}
        raise Unplayable(_("%(problem)s; `manage.py tape verify` looks at all of it") % told) from problem


def playable(account: str, day: date, today: date | None = None) -> RecordedDay:
    """The day as it is recorded. Raises Unplayable for one that is not."""
    if today is not None and day > today:
        raise Unplayable(_("%(day)s has not begun: today is %(today)s") % {"day": day, "today": today})
    try:
        execution.queries.account(account)
    except LookupError as problem:
        raise Unplayable(str(problem)) from problem
    recorded = reading.recorded_day(account, day)
    if not recorded.decisions:
        raise Unplayable(_nothing(account, day, recorded.unrecorded))
    return recorded


def _nothing(account: str, day: date, unrecorded: int) -> str:
    first, last = reading.recorded_span(account)
    told = {"day": day, "unrecorded": unrecorded, "first": first, "last": last, "account": account}
    if first is None:
        return _("%(account)s has no decision yet that was stored with its look; there is nothing to play") % told
    if unrecorded:
        return (
            _("%(unrecorded)s decisions of %(day)s were stored without their look; choose %(first)s to %(last)s") % told
        )
    return _("nothing was decided on %(day)s; choose a day from %(first)s to %(last)s") % told

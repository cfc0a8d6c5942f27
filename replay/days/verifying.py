"""`verify_day`: a recorded day made again from its rows, and every field that comes out otherwise.

    decisions   inputs put together anew from fills, payments, orders, limits, breakers, pauses, levels and the stored
                look; decided again; every column, input, verdict and the order compared
    fills       derived again from their model, and booked again: what they realised and moved in cash
    numbers     a decision whose number is missing between two others was taken out
    tape        its chain, and its holes of that day

A decision from before looks were stored is counted as not recorded, and never as equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from typing import Any

from cdb_site import db
from execution import rederiving
from execution.models import Order
from execution.rederiving import FillDifference
from execution.rules.fill_evidence import NotDerivable
from replay.days import reading, tape
from replay.days.comparing import DayDifference, of_decision
from replay.rules.rebuilding import Rebuilding, RebuiltDecision
from replay.rules.recorded_day import RecordedDay
from replay.rules.standing import DayStanding
from risk.loss_baselines import midnight_of
from risk.models import Decision

Tell = Callable[[DayDifference], None]
DAY = timedelta(days=1)
# Of a dead letter and of a write-off nothing was decided by the layers.
NOT_OF_THE_LAYERS = ("SYSTEM_DEAD_LETTER", "POSITION_WRITTEN_OFF")


@dataclass(slots=True, kw_only=True)
class VerifiedDay:
    """What came of a day. `different` counts rows, not fields; `provisional` are decisions on an opening that was not
    final yet, `not_recorded` those without a look or a mark, `underivable` fills without all that gave them,
    `untaped` decisions whose look the tape does not reach."""

    account: str
    day: date
    decisions: int = 0
    fills: int = 0
    different: int = 0
    holes_told: tuple[str, ...] = ()
    not_recorded: int = 0
    not_of_the_layers: int = 0
    provisional: int = 0
    underivable: int = 0
    untaped: int = 0
    first: str = ""
    rows: set[tuple[str, str]] = field(default_factory=set)

    @property
    def holes(self) -> int:
        return len(self.holes_told)

    @property
    def is_whole(self) -> bool:
        return not self.different and not self.holes

    def note(self, difference: DayDifference) -> None:
        self.rows.add((difference.table, difference.row))
        self.different = len(self.rows)
        self.first = self.first or str(difference)

    def as_json(self) -> dict[str, Any]:
        names = ("decisions", "fills", "different", "holes", "not_recorded", "not_of_the_layers", "provisional")
        figures = {name: getattr(self, name) for name in (*names, "underivable", "untaped")}
        return {"day": self.day.isoformat(), "account": self.account, **figures}


def verify_day(account: str, day: date, tell: Tell = lambda difference: None) -> VerifiedDay:
    """Make a day again. `tell` is called with each field that differs. LookupError: there is no such account."""
    found = VerifiedDay(account=account, day=day)
    with db.snapshot():
        recorded = reading.recorded_day(account, day)
        taped = tape.findings(recorded)
        found.holes_told, found.untaped = taped.holes, taped.untaped
        for difference in chain(taped.differences, _differences(recorded, found)):
            found.note(difference)
            tell(difference)
    return found


def _differences(day: RecordedDay, found: VerifiedDay) -> Iterator[DayDifference]:
    found.not_recorded = day.unrecorded
    yield from _gaps(day)
    yield from _fills(day, found)
    rows = {row.pk: row for row in Decision.objects.filter(pk__in=[one.decision_id for one in day.decisions])}
    orders = {row.pk: row for row in Order.objects.filter(pk__in=list(day.orders))}
    for rebuilt in Rebuilding(day).decisions():
        if not isinstance(rebuilt, RebuiltDecision):
            found.not_recorded += 1
        elif rebuilt.recorded.reason_code in NOT_OF_THE_LAYERS:
            found.not_of_the_layers += 1
        else:
            found.decisions += 1
            found.provisional += rebuilt.provisional
            pk = rebuilt.recorded.decision_id
            yield from of_decision(rows[pk], orders.get(pk), rebuilt)


def _gaps(day: RecordedDay) -> Iterator[DayDifference]:
    for before, after in zip(day.decisions, day.decisions[1:], strict=False):
        if after.number != before.number + 1:
            yield DayDifference(
                table="decision",
                row=str(after.decision_id),
                field="number",
                stored=str(after.number),
                again=f"{before.number + 1}: what was decided between is missing",
            )


def _fills(day: RecordedDay, found: VerifiedDay) -> Iterator[DayDifference]:
    """Fills of the day's bookings, by their model and by the books. They come first: what is wrong with one is wrong
    with every decision after it."""
    ids = [fill.fill_id for booking in day.bookings for fill in booking.fills]
    for stored in rederiving.fills_of(ids):
        try:
            differing = rederiving.differences(stored)
        except NotDerivable:
            found.underivable += 1
            continue
        yield from map(_of_fill, differing)
    standing = DayStanding(day)
    standing.advance()
    found.fills = standing.booked
    for one in standing.misbooked:
        yield DayDifference(
            table="fill", row=str(one.fill_id), field=one.field, stored=str(one.stored), again=str(one.again)
        )


def _of_fill(one: FillDifference) -> DayDifference:
    return DayDifference(
        table="fill", row=str(one.fill_id), field=one.column, stored=str(one.stored), again=str(one.derived)
    )


def last_closed_day(now: Any) -> date:
    """The day before the one of a market time."""
    before: date = (midnight_of(now.date()) - DAY).date()
    return before

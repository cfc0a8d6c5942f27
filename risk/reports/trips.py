"""The closed round trips of a span, summed by what they have in common: symbol, exit, limits, hour, weekday.

All groups come from one reading of the span's trips, so each table of them adds up to the same total. A trip belongs to
the day on which it was closed; its hour and weekday are those of its entry, in UTC, Monday is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdb_site import db
from risk.reports.queries import ReportSpan
from risk.round_trips import catch_up
from risk.rules.measures import TripTally, told_tally

__all__ = ["Groups", "catch_up", "tallies", "told"]

KINDS = ("symbol", "exit", "limits", "hour", "weekday")
# The kind of a row follows from which of the five columns it is grouped by: one of them, or none for the total.
GROUPED = """SELECT grouping(symbol, exit_reason, limits_version, hour, weekday), symbol, exit_reason, limits_version,
      hour, weekday, count(*), count(*) FILTER (WHERE net > 0), count(*) FILTER (WHERE net < 0),
      coalesce(sum(net) FILTER (WHERE net > 0), 0), coalesce(sum(net) FILTER (WHERE net < 0), 0), sum(gross),
      sum(fees), sum(held_s)
    FROM (SELECT symbol, exit_reason, coalesce(limits_version, 0) AS limits_version, net, gross, fees,
        extract(hour FROM opened_at AT TIME ZONE 'UTC')::int AS hour,
        extract(isodow FROM opened_at AT TIME ZONE 'UTC')::int AS weekday,
        extract(epoch FROM closed_at - opened_at) AS held_s
      FROM round_trip WHERE account = %s AND closed_at >= %s AND closed_at < %s) AS trip
    GROUP BY GROUPING SETS ((), (symbol), (exit_reason), (limits_version), (hour), (weekday))"""
ALL_GROUPED = 0b11111


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The total, and by kind of group the tally of each key. A limits version of 0 is not known."""

    total: TripTally = TripTally()
    by: Mapping[str, Mapping[Any, TripTally]] = field(default_factory=lambda: {kind: {} for kind in KINDS})


def tallies(span: ReportSpan) -> Groups:
    """Of the trips that were closed in a span."""
    total, by = TripTally(), {kind: dict[Any, TripTally]() for kind in KINDS}
    for mask, *row in db.select(GROUPED, span.asked):
        keys, sums = row[: len(KINDS)], row[len(KINDS) :]
        if not sums[0]:
            continue
        tally = TripTally(**dict(zip(TripTally.__dataclass_fields__, sums, strict=True)))
        if mask == ALL_GROUPED:
            total = tally
        else:
            place = next(number for number in range(len(KINDS)) if not mask & 1 << (len(KINDS) - 1 - number))
            by[KINDS[place]][keys[place]] = tally
    return Groups(total=total, by=by)


def told(groups: Groups) -> dict[str, Any]:
    """The groups as plain values; symbols and exits by what they brought, the others in their own order."""
    rows: dict[str, Any] = {"total": told_tally(groups.total)}
    for kind in KINDS:
        found = groups.by[kind].items()
        by_result = kind in ("symbol", "exit")
        ordered = sorted(found, key=lambda item: (-item[1].net, item[0])) if by_result else sorted(found)
        rows[f"by_{kind}"] = [{kind: key, **told_tally(tally)} for key, tally in ordered]
    return rows

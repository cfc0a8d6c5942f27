"""The report of a period: its days, its curve against the universe, and its round trips by what they have in common.

Days that are over are read from their stored reports, today and what is not stored yet is put together now; all of it
from one snapshot of the database, so that the days add up to the period and the trips of each table to their total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import execution.queries
from cdb_site import db
from risk.loss_baselines import midnight_of
from risk.models import DailyReport, LimitVersion
from risk.reports import benchmark, day, trips, worth
from risk.reports.benchmark import HeldUniverse
from risk.reports.queries import ReportSpan, activity_sums, flows, points
from risk.rules import equity_path
from risk.rules.equity_path import Deepest, Point
from risk.rules.measures import day_return

GRID = 240
# Days that are put together for a page at most; the timed job stores what is over within a minute.
UNSTORED_MAX = 7
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """One day of a calendar. `result` is None where nothing is known yet; `final`: it is stored."""

    day: date
    final: bool
    opening: Decimal
    closing: Decimal | None
    paid_in: Decimal
    result: Decimal | None
    realized: Decimal
    open: Decimal | None
    fees: Decimal
    slippage: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """At each time of a grid the account's index and, where it is known, the universe's; both begin with 1."""

    account: list[Point]
    universe: HeldUniverse
    fall: Deepest | None
    universe_fall: Deepest | None
    invested: Decimal | None
    invested_most: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """`first` and `last` day, both included; `unreported` counts its days that nothing is told of yet."""

    account: str
    quote_asset: str
    first: date
    last: date
    opened_on: date
    until: datetime
    days: list[DayResult]
    unreported: int
    curve: Curve
    groups: trips.Groups
    limits_since: dict[int, datetime]

    def sum_of(self, name: str) -> Decimal:
        """Of all days, of one of their amounts."""
        return sum((getattr(one, name) for one in self.days if getattr(one, name) is not None), ZERO)

    @property
    def result(self) -> Decimal:
        return self.sum_of("result")

    @property
    def result_fraction(self) -> Decimal | None:
        """The index at the end, less what it began with."""
        return self.curve.account[-1][1] - 1 if self.curve.account else None

    @property
    def universe_fraction(self) -> Decimal | None:
        path = self.curve.universe.path
        return path[-1][1] - 1 if path else None

    @property
    def gross(self) -> Decimal:
        """What the result would be without fees and slippage."""
        return self.result + self.sum_of("fees") + self.sum_of("slippage")


def period(account: str, first: date, last: date, now: datetime) -> PeriodReport:
    """The report of these days, as far as the account has had them. NoSuchDay when it has had none of them."""
    trips.catch_up(account)
    with db.snapshot():
        paid, today = flows(account), now.date()
        opened_on = day.first_day(account, paid)
        if first > today:
            raise day.NoSuchDay(f"{first} has not begun: it is {today} of market time")
        if last < opened_on:
            raise day.NoSuchDay(f"{last} is before the account: it was opened on {opened_on}")
        first, last = max(first, opened_on), min(last, today)
        until = min(midnight_of(last + timedelta(days=1)), now)
        span = ReportSpan(account=account, since=midnight_of(first), until=until)
        days = day_results(account, first, last, paid, now)
        groups = trips.tallies(span)
        return PeriodReport(
            account=account,
            quote_asset=execution.queries.account(account).quote_asset,
            first=first,
            last=last,
            opened_on=opened_on,
            until=until,
            days=days,
            unreported=(last - first).days + 1 - len(days),
            curve=curve(span, days, paid),
            groups=groups,
            limits_since=limits_since(groups),
        )


def day_results(account: str, first: date, last: date, paid: Sequence[Point], now: datetime) -> list[DayResult]:
    """Every day of the period that can be told of, oldest first."""
    stored = {
        row.day: row for row in DailyReport.objects.filter(account=account, day__range=(first, last)).defer("body")
    }
    wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    unstored = [one for one in wanted if one not in stored][-UNSTORED_MAX:]
    results = [from_row(row) for row in stored.values()]
    results += [put_together(account, one, paid, now) for one in unstored]
    return sorted(results, key=lambda one: one.day)


def from_row(row: DailyReport) -> DayResult:
    return DayResult(
        day=row.day,
        final=True,
        opening=row.opening_equity,
        closing=row.closing_equity,
        paid_in=row.paid_in,
        result=row.result,
        realized=row.realized_pnl,
        open=row.open_pnl,
        fees=row.fees,
        slippage=row.slippage_cost,
    )


def put_together(account: str, one: date, paid: Sequence[Point], now: datetime) -> DayResult:
    """A day without a stored report."""
    today = now.date()
    following = one + timedelta(days=1)
    over = one < today
    span = ReportSpan(account=account, since=midnight_of(one), until=midnight_of(following) if over else now)
    figures = day.DayFigures(
        day=one,
        opening=worth.at_midnight(account, one, paid, today=today),
        closing=worth.at_midnight(account, following, paid, today=today) if over else worth.newest(account, one, paid),
        **activity_sums(span),
    )
    return DayResult(
        day=one,
        final=False,
        opening=figures.opening.equity,
        closing=figures.closing.equity if figures.closing else None,
        paid_in=figures.paid_in,
        result=figures.result,
        realized=figures.realized,
        open=figures.open,
        fees=figures.fees,
        slippage=figures.slippage_cost,
    )


def curve(span: ReportSpan, days: Sequence[DayResult], paid: Sequence[Point]) -> Curve:
    """From the opening of the first day to the newest point, or to the closing of a last day that is over."""
    stored = points(span)
    path = [(at, equity) for at, equity, _ in stored if at > span.since]
    if days:
        path.insert(0, (midnight_of(days[0].day), days[0].opening))
        closing = days[-1].closing
        if closing is not None and span.until == midnight_of(days[-1].day + timedelta(days=1)):
            path.append((span.until, closing))
    account = equity_path.index(path, paid)
    # An account that had nothing at midnight began with its first point.
    began = next((at for at, equity in path if equity > 0), span.since)
    grid = times(max(began, span.since), account[-1][0] if account else span.until)
    held = benchmark.universe(grid)
    exposures = [(at, exposure) for at, _, exposure in stored]
    return Curve(
        account=sampled(account, grid),
        universe=held,
        fall=equity_path.deepest(account),
        universe_fall=equity_path.deepest(held.path),
        invested=equity_path.mean_over_time(exposures, span.until),
        invested_most=max((exposure for _, exposure in exposures), default=None),
    )


def times(since: datetime, until: datetime) -> list[datetime]:
    """GRID + 1 equal steps, both ends among them; one where there is no time between."""
    if until <= since:
        return [since]
    return [since + (until - since) * number / GRID for number in range(GRID)] + [until]


def sampled(path: Sequence[Point], grid: Sequence[datetime]) -> list[Point]:
    """The last value at or before each time of the grid, from the path's first point on."""
    found: list[Point] = []
    place = 0
    for at in grid:
        while place < len(path) and path[place][0] <= at:
            place += 1
        if place:
            found.append((at, path[place - 1][1]))
    return found


def limits_since(groups: trips.Groups) -> dict[int, datetime]:
    """Since when (wall time) each limits version of these trips is in force."""
    rows = LimitVersion.objects.filter(version__in=list(groups.by["limits"]))
    return dict(rows.order_by("version").values_list("version", "changed_at"))


def return_of(one: DayResult) -> Decimal | None:
    """A day's result as a fraction."""
    return None if one.result is None else day_return(one.result, one.opening, one.paid_in)

"""The report of one UTC day of market time: what it brought, what was ordered, what was denied and why, what it cost.

It is told as plain JSON values, amounts as texts, and is the same for the terminal, for programs and for the page. A
day that is over is read from its row once that is stored; until then, and while it lasts, it is put together now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cdb_site import db
from cdb_site.clock import iso
from cdb_site.languages import ENGLISH
from cdb_site.units import plain, text
from risk.loss_baselines import midnight_of
from risk.models import DailyReport
from risk.reports import trips, worth
from risk.reports.queries import Activity, ReportSpan, activity, flows, points, rounded
from risk.reports.worth import Worth
from risk.rules import equity_path
from risk.rules.measures import day_return, share
from risk.rules.reasons import sentence
from risk.rules.slippage_spread import EDGES_BPS, spread_of

REASONS_TOLD = 10
CURVE_POINTS = 96
DENIED = ("REJECTED", "EXPIRED")


class NoSuchDay(LookupError):
    """A day that is not over and not today, or from before the account; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """What periods are summed from. `closing` is None before the first mark of a day, and so is every result."""

    day: date
    opening: Worth
    closing: Worth | None
    realized: Decimal
    fees: Decimal
    slippage_cost: Decimal

    @property
    def result(self) -> Decimal | None:
        return self.closing.earned - self.opening.earned if self.closing else None

    @property
    def paid_in(self) -> Decimal:
        return self.closing.paid_in - self.opening.paid_in if self.closing else Decimal(0)

    @property
    def open(self) -> Decimal | None:
        """By how much the open result of positions changed: what is left of the result of what was realised."""
        return None if self.result is None else self.result - self.realized + self.fees


def first_day(account: str, paid: Sequence[equity_path.Point]) -> date:
    """The day the account was opened. NoSuchDay when it never was."""
    if not paid:
        raise NoSuchDay(f"account {account!r} was never opened; run `manage.py open_account`")
    return paid[0][0].date()


def report(account: str, day: date, now: datetime) -> dict[str, Any]:
    """The report of a day. NoSuchDay for one that has not begun or from before the account."""
    stored = DailyReport.objects.filter(account=account, day=day).values_list("body", flat=True).first()
    if stored is not None:
        return dict(stored)
    trips.catch_up(account)
    with db.snapshot():
        return put_together(account, day, now)[1]


def put_together(account: str, day: date, now: datetime) -> tuple[DayFigures, dict[str, Any]]:
    """The figures and the report from what is stored now; call within one snapshot."""
    paid, today = flows(account), now.date()
    refuse(account, day, today, paid)
    opening = worth.at_midnight(account, day, paid, today=today)
    over = day < today
    closing = (
        worth.at_midnight(account, day + timedelta(days=1), paid, today=today)
        if over
        else worth.newest(account, day, paid)
    )
    until = midnight_of(day + timedelta(days=1)) if over else now
    span = ReportSpan(account=account, since=midnight_of(day), until=until)
    found = activity(span)
    figures = figures_of(day, opening, closing, found)
    return figures, told(figures, found, span, paid)


def refuse(account: str, day: date, today: date, paid: Sequence[equity_path.Point]) -> None:
    """NoSuchDay unless the account has had that day."""
    first = first_day(account, paid)
    if day > today:
        raise NoSuchDay(f"{day} has not begun: it is {today} of market time")
    if day < first:
        raise NoSuchDay(f"{day} is before the account: it was opened on {first}")


def figures_of(day: date, opening: Worth, closing: Worth | None, found: Activity) -> DayFigures:
    return DayFigures(
        day=day,
        opening=opening,
        closing=closing,
        realized=rounded(found.realized_pnl),
        fees=rounded(found.fees),
        slippage_cost=rounded(found.slippage_cost),
    )


def told(figures: DayFigures, found: Activity, span: ReportSpan, paid: Sequence[equity_path.Point]) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "account": span.account,
        "day": figures.day.isoformat(),
        "since": iso(span.since),
        "until": iso(figures.closing.at if figures.closing else span.until),
        "final": bool(figures.closing and figures.closing.settled),
        "pnl": pnl(figures),
        **path(figures, span, paid),
        "orders": orders(found),
        "decisions": decisions(found),
        "costs": costs(found),
        "slippage": slippage(found),
        "trips": trips.told(trips.tallies(span)),
        "limits_versions": sorted({row[2] for row in found.decisions}),
    }


def pnl(figures: DayFigures) -> dict[str, Any]:
    closing, result = figures.closing, figures.result
    ratio = None if result is None else day_return(result, figures.opening.equity, figures.paid_in)
    return {
        "opening_equity": plain(figures.opening.equity),
        "closing_equity": text(closing.equity if closing else None),
        "paid_in": plain(figures.paid_in),
        "result": text(result),
        "result_fraction": short(ratio),
        "realized": plain(figures.realized),
        "open": text(figures.open),
        "fees": plain(figures.fees),
    }


def path(figures: DayFigures, span: ReportSpan, paid: Sequence[equity_path.Point]) -> dict[str, Any]:
    """The day's deepest drawdown, from its opening on, what of the account was invested, and a curve of some points."""
    stored = points(span)
    equities = [(figures.opening.at, figures.opening.equity), *((at, equity) for at, equity, _ in stored)]
    if figures.closing:
        equities.append((figures.closing.at, figures.closing.equity))
    fall = equity_path.deepest(equity_path.index(equities, paid))
    exposures = [(at, exposure) for at, _, exposure in stored]
    end = figures.closing.at if figures.closing else span.until
    return {
        "drawdown": {
            "fraction": short(fall.fraction if fall else Decimal(0)) if stored else None,
            "peak_at": iso(fall.peak_at) if fall else None,
            "lowest_at": iso(fall.lowest_at) if fall else None,
            "recovered_at": iso(fall.recovered_at) if fall and fall.recovered_at else None,
            "length_s": round(fall.length_s) if fall else None,
        },
        "invested": {
            "mean": short(equity_path.mean_over_time(exposures, end)),
            "most": short(max((value for _, value in exposures), default=None)),
        },
        "curve": [[iso(at), plain(round(equity, 8))] for at, equity in thinned(equities)],
    }


def thinned(equities: Sequence[equity_path.Point]) -> list[equity_path.Point]:
    """About CURVE_POINTS of them, the first and the last among them."""
    step = max(len(equities) // CURVE_POINTS, 1)
    kept = list(equities[::step])
    return kept if kept[-1] == equities[-1] else [*kept, equities[-1]]


def orders(found: Activity) -> dict[str, Any]:
    by_state, by_side = Counter[str](), Counter({"BUY": 0, "SELL": 0})
    for side, state, count, _ in found.orders:
        by_state[state] += count
        by_side[side] += count
    return {"total": by_state.total(), "by_state": dict(by_state), "by_side": dict(by_side), "fills": found.fills}


def decisions(found: Activity) -> dict[str, Any]:
    """By outcome, and why what was denied was denied: each reason with its newest sentence, the most frequent first."""
    by_outcome, denied = Counter[str](), Counter[str]()
    newest: dict[str, dict[str, Any]] = {}
    for outcome, code, _, count, params in found.decisions:
        by_outcome[outcome] += count
        if outcome in DENIED:
            denied[code] += count
            newest.setdefault(code, params)
    ordered = sorted(denied.items(), key=lambda item: (-item[1], item[0]))
    reasons = [
        {"code": code, "count": count, "params": newest[code], "sentence": sentence(code, newest[code], ENGLISH)}
        for code, count in ordered[:REASONS_TOLD]
    ]
    return {"total": by_outcome.total(), "by_outcome": dict(by_outcome), "denied": denied.total(), "reasons": reasons}


def costs(found: Activity) -> dict[str, Any]:
    return {
        "turnover": plain(rounded(found.turnover)),
        "fees": plain(rounded(found.fees)),
        "fees_of_turnover": short(share(found.fees, found.turnover)),
        "slippage": plain(rounded(found.slippage_cost)),
    }


def slippage(found: Activity) -> dict[str, Any] | None:
    """How far the orders' fills were from the prices decided upon; None when none was filled."""
    spread = spread_of(found.slipped)
    if spread is None:
        return None
    upper = [*(plain(edge) for edge in EDGES_BPS), None]
    return {
        "orders": spread.orders,
        "mean_bps": plain(round(spread.mean_bps, 2)),
        "median_bps": plain(spread.median_bps),
        "p95_bps": plain(spread.p95_bps),
        "worst_bps": plain(spread.worst_bps),
        "counts": [{"up_to_bps": edge, "orders": count} for edge, count in zip(upper, spread.counts, strict=True)],
    }


def short(value: Decimal | None) -> str | None:
    """A fraction to 6 decimals."""
    return None if value is None else plain(round(value, 6))

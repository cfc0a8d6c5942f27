"""A period's and a day's report laid out for the page: tiles, calendar, tables of round trips, the chart's points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from cdb_site.clock import iso
from cdb_site.units import plain, text
from dashboard.formats import cents
from risk.reports import trips
from risk.reports.period import DayResult, PeriodReport
from risk.reports.words import step_labels
from risk.rules.equity_path import Point, drawdowns
from risk.rules.measures import share

EXITS = {
    "SIGNAL": _("Momentum below exit"),
    "STOP": _("Stop loss"),
    "HALT": _("Halt"),
    "OPERATOR": _("Closed by a person"),
    "WRITE_OFF": _("Written off"),
}
WEEKDAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
DECIDED = {"APPROVED": _("approved"), "TRIMMED": _("trimmed"), "REJECTED": _("denied"), "EXPIRED": _("expired")}
STEPS = 4
HALF_BAR = 60
HOUR_HALF = 60
HOUR_WIDTH = 30
COLUMNS = ("day", "final", "opening", "closing", "paid_in", "result", "realized", "open", "fees", "slippage")


def context(told: PeriodReport, today: date) -> dict[str, Any]:
    results = [one.result for one in told.days if one.result is not None]
    return {
        "told": told,
        "against": None if None in (told.result_fraction, told.universe_fraction) else points_apart(told),
        "fees": told.sum_of("fees"),
        "costs": told.sum_of("fees") + told.sum_of("slippage"),
        "costs_share": share(told.sum_of("fees") + told.sum_of("slippage"), told.gross),
        "days_won": sum(result > 0 for result in results),
        "days_known": len(results),
        "best": max(results, default=None),
        "worst": min(results, default=None),
        "weeks": weeks(told.days, today),
        "weekdays": WEEKDAYS,
        "tables": tables_of(trips.told(told.groups)),
        "universe_fall": max((fall for _at, fall in drawdowns(told.curve.universe.path)), default=None),
        "limits_since": told.limits_since,
        "chart": chart(told),
    }


def points_apart(told: PeriodReport) -> Decimal:
    """How far the account is ahead of the universe, in points of a per cent."""
    return ((told.result_fraction or Decimal()) - (told.universe_fraction or Decimal())) * 100


def chart(told: PeriodReport) -> dict[str, list[list[float]]]:
    """Per cent since the start and below the highest so far; for the picture, hence floats."""
    account, universe = told.curve.account, told.curve.universe.path
    return {
        "account": gains(account),
        "universe": gains(universe),
        "below": below(account),
        "universe_below": below(universe),
    }


def gains(path: Sequence[Point]) -> list[list[float]]:
    return [[at.timestamp(), float((value - 1) * 100)] for at, value in path]


def below(path: Sequence[Point]) -> list[list[float]]:
    return [[at.timestamp(), float(-value * 100)] for at, value in drawdowns(path)]


def weeks(days: Sequence[DayResult], today: date) -> list[dict[str, Any]]:
    """Monday to Sunday, each cell a day of the period or None; a week's sum is that of its days."""
    if not days:
        return []
    by_day = {one.day: one for one in days}
    largest = max((abs(one.result) for one in days if one.result is not None), default=Decimal(0))
    monday = days[0].day - timedelta(days=days[0].day.weekday())
    found = []
    while monday <= days[-1].day:
        of_week = [by_day.get(monday + timedelta(days=number)) for number in range(7)]
        results = [one.result for one in of_week if one and one.result is not None]
        found.append(
            {
                "number": monday.isocalendar().week,
                "cells": [cell(one, largest, today) if one else None for one in of_week],
                "sum": sum(results, Decimal(0)) if results else None,
            }
        )
        monday += timedelta(days=7)
    return found


def cell(one: DayResult, largest: Decimal, today: date) -> dict[str, Any]:
    """`tone` g1 to g4 for a gain, l1 to l4 for a loss, by its part of the largest."""
    strength = tone = ""
    if one.result and largest:
        strength = str(min(int(abs(one.result) / largest * STEPS) + 1, STEPS))
        tone = ("g" if one.result > 0 else "l") + strength
    return {"day": one.day, "result": one.result, "tone": tone, "now": one.day == today, "final": one.final}


def tables_of(told: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table of round trips, with bars by their net result."""
    tables = {
        kind: bars([row | {"name": name_of(kind, row[kind])} for row in told[f"by_{kind}"]]) for kind in trips.KINDS
    }
    return tables | {"hours": hour_bars(tables["hour"])}


def hour_bars(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All 24 hours as bars up for a gain and down for a loss; an hour without a round trip has none. Empty without
    any."""
    by_hour = {row["name"]: row for row in rows}
    most = max((abs(row["net"]) for row in rows), default=Decimal(0))
    names = [f"{hour:02d}" for hour in range(24)] if most else []
    return [_hour_bar(place, name, by_hour.get(name), most) for place, name in enumerate(names)]


def _hour_bar(place: int, name: str, row: Mapping[str, Any] | None, most: Decimal) -> dict[str, Any]:
    net = row["net"] if row else Decimal(0)
    height = max(float(abs(net) / most) * HOUR_HALF, 1.0) if net else 0.0
    return {
        "name": name,
        "net": net,
        "trips": row["trips"] if row else 0,
        "x": place * HOUR_WIDTH + 1,
        "y": f"{HOUR_HALF - height if net > 0 else HOUR_HALF:.1f}",
        "height": f"{height:.1f}",
    }


def name_of(kind: str, key: Any) -> Any:
    match kind:
        case "exit":
            return EXITS.get(key, key)
        case "weekday":
            return WEEKDAYS[key - 1]
        case "hour":
            return f"{key:02d}"
        case "limits":
            return f"v{key}" if key else "–"
        case _:
            return key


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Amounts as numbers; a bar begins at the middle of 2 × HALF_BAR units, to the right for a gain."""
    for row in rows:
        row |= {name: Decimal(row[name]) for name in ("net", "fees")}
        row["win_rate"] = Decimal(row["win_rate"]) if row["win_rate"] else None
    largest = max((abs(row["net"]) for row in rows), default=Decimal(0))
    for row in rows:
        width = round(float(abs(row["net"]) / largest * (HALF_BAR - 2)), 1) if largest else 0.0
        row |= {"width": f"{width:.1f}", "x": f"{HALF_BAR if row['net'] >= 0 else HALF_BAR - width:.1f}"}
    return rows


def steps(slippage: Mapping[str, Any] | None) -> list[tuple[str, int]]:
    """The distribution of slippage: how many orders in each step of basis points."""
    if slippage is None:
        return []
    return list(zip(step_labels(dict(slippage)), [row["orders"] for row in slippage["counts"]], strict=True))


def in_words(counts: Mapping[str, int], words: Mapping[str, Any]) -> list[tuple[Any, int]]:
    return [(words.get(code, code), count) for code, count in counts.items()]


def numbers(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a day's report whose amounts a template writes, as numbers instead of texts."""
    wanted = {name: amounts(body[name]) for name in ("pnl", "drawdown", "invested", "costs")}
    wanted["pnl"] = as_read(wanted["pnl"])
    return {**body, **wanted, "slippage": amounts(body["slippage"]), "total": amounts(body["trips"]["total"])}


def as_read(pnl: dict[str, Any] | None) -> dict[str, Any] | None:
    """The day's parts make its result as they are written: the open one takes what rounding leaves."""
    if pnl is None or pnl["result"] is None:
        return pnl
    result, realized, fees = (cents(pnl[name]) for name in ("result", "realized", "fees"))
    return pnl | {"result": result, "realized": realized, "fees": fees, "open": result - realized + fees}


def amounts(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: Decimal(value) if is_amount(value) else value for name, value in values.items()}


def is_amount(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdigit()


def day_rows(told: PeriodReport) -> list[list[Any]]:
    """One row a day, exact, with a head."""
    return [list(COLUMNS), *([getattr(one, name) for name in COLUMNS] for one in told.days)]


def written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date | datetime) else "" if value is None else value


def day_cells(body: Mapping[str, Any], prefix: str = "") -> list[list[Any]]:
    """Every figure of a day's report as name and value, with a head; its curve and lists are in the JSON."""
    rows: list[list[Any]] = [] if prefix else [["figure", "value"]]
    for name, value in body.items():
        if isinstance(value, Mapping):
            rows += day_cells(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            rows.append([f"{prefix}{name}", Decimal(value) if is_amount(value) else value])
    return rows


def as_json(told: PeriodReport) -> dict[str, Any]:
    return {
        "account": told.account,
        "quote_asset": told.quote_asset,
        "first": told.first.isoformat(),
        "last": told.last.isoformat(),
        "until": iso(told.until),
        "result": plain(told.result),
        "result_fraction": short(told.result_fraction),
        "universe_fraction": short(told.universe_fraction),
        "universe_symbols": told.curve.universe.held,
        "days": [{name: written(getattr(one, name)) for name in COLUMNS} for one in told.days],
        "unreported": told.unreported,
        "trips": trips.told(told.groups),
    }


def short(value: Decimal | None) -> str | None:
    return text(None if value is None else round(value, 6))

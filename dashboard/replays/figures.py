"""A finished run laid out for its page: tiles, measures beside the universe, months, tables, the chart's points.

Numbers come from the stored result; what is not known stays None and is shown as a dash.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.languages import twin
from dashboard import formats
from dashboard.pages import report_tables
from dashboard.replays import words
from replay.models import ReplayRun
from risk.rules.layers import LAYERS

Told = Mapping[str, Any]
STEPS = 4
TRIPS_SHOWN = 15
# figure → (title, how it is written)
BESIDE = {
    "net": (gettext_lazy("Net result"), "SIGNED"),
    "cagr": (gettext_lazy("A year, compounded"), "SIGNED"),
    "sharpe": (gettext_lazy("Sharpe"), "RATIO"),
    "sortino": (gettext_lazy("Sortino"), "RATIO"),
    "calmar": (gettext_lazy("Calmar"), "RATIO"),
    "drawdown": (gettext_lazy("Deepest drawdown"), "PERCENT"),
    "under_water_s": (gettext_lazy("Longest below a peak"), "SECONDS"),
}
OF_TRIPS = {
    "trips": (gettext_lazy("Round trips"), "COUNT"),
    "win_rate": (gettext_lazy("Won"), "PERCENT"),
    "profit_factor": (gettext_lazy("Profit factor"), "RATIO"),
    "expectancy": (gettext_lazy("Expectancy of a trip"), "MONEY"),
    "mean_won": (gettext_lazy("Average won"), "MONEY"),
    "mean_lost": (gettext_lazy("Average lost"), "MONEY"),
    "mean_held_s": (gettext_lazy("Held on average"), "SECONDS"),
    "fees": (gettext_lazy("Fees"), "MONEY"),
    "fee_share": (gettext_lazy("Fees of the gross result"), "PERCENT"),
}
OF_ALL = {
    "exposure_time": (gettext_lazy("Invested, of the time"), "PERCENT"),
    "exposure_mean": (gettext_lazy("Invested, on average"), "PERCENT"),
    "turnover_per_day": (gettext_lazy("Turnover a day, × equity"), "RATIO"),
    "unheld_sells": (gettext_lazy("Sells of nothing held"), "COUNT"),
}


def context(run: ReplayRun) -> dict[str, Any]:
    """What the page of a finished run shows besides its trips."""
    result: dict[str, Any] = run.result or {}
    told: Told = result.get("measures") or {}
    return {
        "told": told,
        "counts": result.get("counts") or {},
        "net": _decimal(told.get("net")),
        "account": told.get("account") or dict.fromkeys(BESIDE),
        "universe": told.get("benchmark") or dict.fromkeys(BESIDE),
        "excess": _points(told.get("excess")),
        "trip_total": told.get("trips") or {},
        "beside": beside(told),
        "measures": measures(told),
        "years": years(told.get("months") or []),
        "month_names": [date_format(date(2000, month, 1), "M") for month in range(1, 13)],
        "tables": tables(told),
        "refusals": refusals(told.get("refusals") or {}),
        "layer_prices": layer_prices(result.get("layer_prices") or []),
        "breakers": list((told.get("breakers") or {}).items()),
        "chart": chart(result.get("curve") or {}),
        "rules": result.get("rules") or [],
    }


def shown(value: Any, how: str) -> str:
    """One figure in words."""
    if value is None:
        return formats.MISSING
    match how:
        case "SIGNED":
            return formats.signed(formats.percent(value), value)
        case "PERCENT":
            return formats.percent(value)
        case "SECONDS":
            return formats.held(float(value))
        case "MONEY":
            return formats.money(value)
        case "COUNT":
            return formats.number(value, 0)
    return formats.number(value, 2)


def beside(told: Told) -> list[dict[str, Any]]:
    """The account beside its universe held, a figure a row; empty when nothing was played."""
    account, universe = told.get("account"), told.get("benchmark") or {}
    if not account:
        return []
    return [
        {"title": title, "account": shown(account.get(name), how), "universe": shown(universe.get(name), how)}
        for name, (title, how) in BESIDE.items()
    ]


def measures(told: Told) -> list[tuple[Any, str]]:
    trips = told.get("trips") or {}
    rows = [(title, shown(trips.get(name), how)) for name, (title, how) in OF_TRIPS.items()]
    return rows + [(title, shown(told.get(name), how)) for name, (title, how) in OF_ALL.items()]


def years(months: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a year, a cell a month, None where none was played; `tone` g1 to g4 or l1 to l4 as in the calendar."""
    largest = max((abs(one["net"]) for one in months), default=0.0)
    found: dict[str, list[dict[str, Any] | None]] = {}
    for one in months:
        year, _dash, month = one["month"].partition("-")
        found.setdefault(year, [None] * 12)[int(month) - 1] = {**one, "tone": tone(one["net"], largest)}
    return [{"year": year, "cells": cells, "net": _compound(cells)} for year, cells in sorted(found.items())]


def tone(value: float | None, largest: float) -> str:
    """g1 to g4 for a gain, l1 to l4 for a loss, by its part of the largest."""
    if not value or not largest:
        return ""
    return ("g" if value > 0 else "l") + str(min(int(abs(value) / largest * STEPS) + 1, STEPS))


def _compound(cells: list[dict[str, Any] | None]) -> float:
    whole = 1.0
    for cell in cells:
        whole *= 1 + cell["net"] if cell else 1.0
    return whole - 1


def tables(told: Told) -> dict[str, list[dict[str, Any]]]:
    """The round trips by symbol, by exit and by weekday, each with its bar."""
    kinds = {"symbol": "by_symbol", "exit": "by_exit_reason", "weekday": "by_weekday"}
    return {
        kind: report_tables.bars([row | {"name": _named(kind, row)} for row in told.get(place) or []])
        for kind, place in kinds.items()
    }


def _named(kind: str, row: Told) -> Any:
    if kind == "weekday":
        return report_tables.name_of(kind, int(row["weekday"]))
    return report_tables.name_of(kind, row["exit_reason"] if kind == "exit" else row["symbol"])


def refusals(counted: Mapping[str, int]) -> list[dict[str, Any]]:
    """Why decisions were denied, most frequent first."""
    most = max(counted.values(), default=0)
    return [{"code": code, "count": count, "width": f"{100 * count / most:.1f}"} for code, count in counted.items()]


def layer_prices(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    titles = {layer.number: twin(layer, "title") for layer in LAYERS}
    told = [row | {"name": titles.get(row["layer"], row["code"]), "net": Decimal(row["net"])} for row in rows]
    return [row | {"points": _points(row["drawdown"])} for row in told]


def _points(fraction: float | None) -> Decimal | None:
    """A difference of fractions in points of a per cent."""
    return None if fraction is None else Decimal(str(fraction)) * 100


def _decimal(text: Any) -> Decimal | None:
    return None if text is None else Decimal(str(text))


def chart(curve: Told) -> dict[str, list[list[float]]]:
    """Per cent since the start, and below the highest so far: the lines of the picture."""
    at = curve.get("at") or []
    return {
        "account": _gains(at, curve.get("equity") or []),
        "universe": _gains(at, curve.get("benchmark") or []),
        "below": _percent(at, curve.get("below") or []),
        "universe_below": _percent(at, curve.get("benchmark_below") or []),
    }


def _gains(at: list[int], values: list[float | None]) -> list[list[float]]:
    known = [(moment, value) for moment, value in zip(at, values, strict=True) if value is not None]
    first = known[0][1] if known else 0.0
    return [[moment, (value / first - 1) * 100] for moment, value in known] if first else []


def _percent(at: list[int], values: list[float | None]) -> list[list[float]]:
    return [[moment, value * 100] for moment, value in zip(at, values, strict=True) if value is not None]


def period(parameters: Told) -> str:
    """The days that are played: `1 Nov – 7 Nov 2026`, the last one included."""
    try:
        first, last = (datetime.fromisoformat(parameters[name]) for name in ("from", "to"))
    except (KeyError, ValueError, TypeError):
        return str(parameters.get("day", formats.MISSING))
    ends = last - timedelta(seconds=1)
    return _("%(first)s to %(last)s") % {"first": first.date().isoformat(), "last": ends.date().isoformat()}


def played(parameters: Told) -> list[tuple[str, str]]:
    """(title, value) of all that the run was asked to play."""
    rows = [(_("Period"), period(parameters))]
    if "day" not in parameters:
        symbols = parameters.get("symbols") or []
        rows.append((words.field("symbols"), ", ".join(symbols) or _("universe as it was")))
    for name in ("fill", "marks", "rule", "by"):
        if name in parameters:
            rows.append((words.field(name), str(words.CHOICES.get(parameters[name], parameters[name]))))
    if "spread_bps" in parameters:
        rows.append((words.field("spread_bps"), formats.of_unit(Decimal(parameters["spread_bps"]), "BPS")))
    if "after_halt" in parameters:
        rows.append((words.field("after_halt"), parameters["after_halt"]))
    if parameters.get("random"):
        rows.append((words.field("random"), f"{parameters['random']} ({words.field('seed')} {parameters['seed']})"))
    if parameters.get("walk_forward"):
        manner = words.CHOICES.get(parameters["manner"], parameters["manner"])
        rows.append((words.field("walk_forward"), f"{parameters['walk_forward']}, {words.field('manner')}: {manner}"))
    return rows + words.changes(parameters)


def manifest(told: Told, prefix: str = "") -> list[tuple[str, str]]:
    """(name, value) of all that it takes to play a run again."""
    rows: list[tuple[str, str]] = []
    for name, value in told.items():
        if isinstance(value, Mapping):
            rows += manifest(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", str(value)))
    return rows

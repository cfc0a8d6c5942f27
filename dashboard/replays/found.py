"""What a search found and what other limits would have made of a day, laid out for the run's page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.utils.translation import gettext_lazy

from cdb_site.languages import twin
from dashboard import formats
from dashboard.replays import figures, words
from replay.rules.search_warnings import WARNINGS
from risk.models import Decision

Told = Mapping[str, Any]
# objective → (title, how it is written)
OBJECTIVES = {
    "SHARPE": (gettext_lazy("Sharpe"), "RATIO"),
    "SORTINO": (gettext_lazy("Sortino"), "RATIO"),
    "CALMAR": (gettext_lazy("Calmar"), "RATIO"),
    "NET": (gettext_lazy("Net result"), "SIGNED"),
}
SETS_SHOWN = 12
COLUMNS_MOST, ROWS_MOST = 12, 24
DAY_ROWS = (
    ("pnl", gettext_lazy("Result of the day")),
    ("fees", gettext_lazy("Fees")),
    ("drawdown", gettext_lazy("Deepest drawdown")),
    ("equity", gettext_lazy("Equity at its end")),
    ("orders", gettext_lazy("Orders")),
)


def search(told: Told) -> dict[str, Any]:
    """The map, the peak beside the plateau, what speaks against both, and the best sets."""
    title, how = OBJECTIVES[told["objective"]]
    return {
        "objective": title,
        "tried": told["tried"],
        "sets": told["sets"],
        "canceled": told["canceled"],
        "warnings": [twin(WARNINGS[code], "meaning") for code in told["warnings"] if code in WARNINGS],
        "map": heat_map(told["heat_map"], how),
        "hills": [_hill(name, told[name], how) for name in ("best", "plateau") if told.get(name)],
        "doubts": doubts(told),
        "ranking": [_set(one, how) for one in told["ranking"][:SETS_SHOWN]],
        "decided": decided(told),
        "walked": walked(told["walk_forward"]) if told.get("walk_forward") else None,
    }


def heat_map(told: Told, how: str) -> dict[str, Any]:
    """Cells as the months have them: green for a gain, red for a loss, the stronger the more. The longer side goes
    down the page; of more levels than fit a square has the best of several."""
    across, down = (told["x"], told["x_levels"]), (told["y"], told["y_levels"] or [""])
    cells = told["cells"]
    if len(across[1]) > max(COLUMNS_MOST, len(down[1])):
        across, down, cells = down, across, [list(column) for column in zip(*cells, strict=True)]
    wide, high = _groups(len(across[1]), COLUMNS_MOST), _groups(len(down[1]), ROWS_MOST)
    best = [[_most(row[columns] for row in cells[rows]) for columns in wide] for rows in high]
    largest = max((abs(value) for row in best for value in row if value is not None), default=0.0)
    levels = [_levels(*across, columns) for columns in wide]
    return {
        "x": words.parameter(across[0]) if across[0] else "",
        "y": words.parameter(down[0]) if down[0] else "",
        "levels": levels,
        "rows": [
            {
                "level": _levels(*down, rows),
                "cells": [
                    {"level": level, "words": figures.shown(value, how), "tone": figures.tone(value, largest)}
                    for level, value in zip(levels, row, strict=True)
                ],
            }
            for rows, row in zip(high, best, strict=True)
        ],
        "joined": len(wide) < len(across[1]) or len(high) < len(down[1]),
    }


def _groups(count: int, most: int) -> list[slice]:
    size = -(-count // most)
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def _most(rows: Iterable[Sequence[float | None]]) -> float | None:
    return max((value for row in rows for value in row if value is not None), default=None)


def _levels(name: str | None, levels: Sequence[str], group: slice) -> str:
    """A level in words, or the first and the last of several."""
    if not name:
        return ""
    ends = dict.fromkeys([levels[group.start], levels[group.stop - 1]])
    return " – ".join(words.level(name, level) for level in ends)


def decided(told: Told) -> list[dict[str, Any]]:
    """The best set as the quick loop tried it, beside the same decided by the functions that decide live."""
    best, whole = told.get("best"), told.get("decided")
    if not best or not whole:
        return []
    account, trips = whole.get("account") or {}, whole.get("trips") or {}
    rows = (
        (gettext_lazy("Net result"), best["net"], account.get("net"), "SIGNED"),
        (gettext_lazy("Deepest drawdown"), best["drawdown"], account.get("drawdown"), "PERCENT"),
        (gettext_lazy("Round trips"), best["trips"], trips.get("trips"), "COUNT"),
        (gettext_lazy("Fees"), best["fees"], whole.get("fees"), "MONEY"),
    )
    return [
        {"title": title, "tried": figures.shown(one, how), "decided": figures.shown(_number(other), how)}
        for title, one, other, how in rows
    ]  # fmt: skip


def _number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, str) else value


def walked(told: Told) -> dict[str, Any]:
    """Each part: what was chosen on its past, and what that brought on what followed; the joined curve."""
    joined = told.get("figures") or {}
    parts = [
        {
            "period": f"{_day(part['chosen_s'])} – {_day(part['played_s'])}",
            "values": [(words.parameter(name), words.level(name, text)) for name, text in part["values"].items()],
            "inside": figures.shown(part["net_inside"], "SIGNED"),
            "outside": figures.shown(part["net_outside"], "SIGNED"),
            "trips": part["trips_outside"],
        }
        for part in told["parts"]
    ]
    return {
        "parts": parts,
        "net": figures.shown(joined.get("net"), "SIGNED"),
        "sharpe": figures.shown(joined.get("sharpe"), "RATIO"),
        "drawdown": figures.shown(joined.get("drawdown"), "PERCENT"),
        "chart": _curve(told["curve"]),
    }


def _day(at_s: int) -> str:
    """The day, and the time where it is not its beginning."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at:%Y-%m-%d}" if at.time() == datetime.min.time() else f"{at:%Y-%m-%d %H:%M}"


def _curve(points: Sequence[tuple[int, float]]) -> dict[str, Any]:
    at, values = [point[0] for point in points], [point[1] for point in points]
    below = [value / highest - 1 for value, highest in zip(values, accumulate(values, max), strict=True)]
    nothing: list[float | None] = [None] * len(at)
    return figures.chart({"at": at, "equity": values, "below": below, "benchmark": nothing, "benchmark_below": nothing})


def _hill(name: str, told: Told, how: str) -> dict[str, Any]:
    titles = {"best": gettext_lazy("Peak: the best set"), "plateau": gettext_lazy("Plateau: the best neighbourhood")}
    return _set(told, how) | {
        "name": name,
        "title": titles[name],
        "plateau": figures.shown(told["plateau"], how),
        "neighbours": told["neighbours"],
        "alone": told["alone"],
    }


def _set(told: Told, how: str) -> dict[str, Any]:
    return {
        "values": [(words.parameter(name), words.level(name, text)) for name, text in told["values"].items()],
        "score": figures.shown(told["score"], how),
        "net": figures.shown(told["net"], "SIGNED"),
        "drawdown": figures.shown(told["drawdown"], "PERCENT"),
        "trips": told["trips"],
    }


def doubts(told: Told) -> list[tuple[Any, str]]:
    """How much of the best result is luck."""
    sharpe, overfit, walked = (told.get(name) or {} for name in ("deflated_sharpe", "overfit", "walk_forward"))
    return [
        (gettext_lazy("Deflated Sharpe: that it is no luck"), figures.shown(sharpe.get("probability"), "PERCENT")),
        (gettext_lazy("Probability of overfitting"), figures.shown(overfit.get("probability"), "PERCENT")),
        (gettext_lazy("Walk forward: outside ÷ inside"), figures.shown(walked.get("efficiency"), "PERCENT")),
    ]  # fmt: skip


def what_if(told: Told) -> dict[str, Any]:
    """Both accounts of the day, and the first decision that comes out otherwise with what follows."""
    changes = [one for one in (told["first"], *told["follows"]) if one]
    numbers = [one["number"] for one in changes if one["number"] is not None]
    recorded = dict(Decision.objects.filter(account=told["account"], number__in=numbers).values_list("number", "pk"))
    return {
        "day": told["day"],
        "counts": {name: told[name] for name in ("decisions", "changed", "gone", "new", "modelled", "from_look")},
        "sides": [_side(name, title, told) for name, title in DAY_ROWS],
        "changes": [
            one | {"at": datetime.fromisoformat(one["at"]), "why": recorded.get(one["number"])} for one in changes
        ],
        "more": max(0, told["changed"] - len(changes)),
        "not_modelled": [words.parameter(name.upper()) for name in told["not_modelled"]],
        "holes": told.get("holes") or [],
        "delay": told["delay_s"],
    }


def _side(name: str, title: Any, told: Told) -> dict[str, Any]:
    recorded, other = (Decimal(str(told[side][name])) for side in ("recorded", "other"))
    how = {"drawdown": "PERCENT", "orders": "COUNT"}.get(name, "MONEY")
    difference = other - recorded
    return {
        "title": title,
        "recorded": figures.shown(recorded, how),
        "other": figures.shown(other, how),
        "difference": formats.signed(figures.shown(difference, how), difference),
        "money": difference if name == "pnl" else None,
    }

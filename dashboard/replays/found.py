"""What a search found and what other limits would have made of a day, laid out for the run's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy

from cdb_site.languages import twin
from dashboard import formats
from dashboard.replays import figures, words
from replay.rules.search_warnings import WARNINGS

Told = Mapping[str, Any]
# objective → (title, how it is written)
OBJECTIVES = {
    "SHARPE": (gettext_lazy("Sharpe"), "RATIO"),
    "SORTINO": (gettext_lazy("Sortino"), "RATIO"),
    "CALMAR": (gettext_lazy("Calmar"), "RATIO"),
    "NET": (gettext_lazy("Net result"), "SIGNED"),
}
SETS_SHOWN = 12
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
    }


def heat_map(told: Told, how: str) -> dict[str, Any]:
    """Cells as the months have them: green for a gain, red for a loss, the stronger the more."""
    known = [abs(value) for row in told["cells"] for value in row if value is not None]
    largest = max(known, default=0.0)
    rows = [
        {
            "level": words.level(told["y"], level) if told["y"] else "",
            "cells": [{"words": figures.shown(value, how), "tone": figures.tone(value, largest)} for value in row],
        }
        for level, row in zip(told["y_levels"] or ("",), told["cells"], strict=True)
    ]
    return {
        "x": words.parameter(told["x"]),
        "y": words.parameter(told["y"]) if told["y"] else "",
        "levels": [words.level(told["x"], level) for level in told["x_levels"]],
        "rows": rows,
    }


def _hill(name: str, told: Told, how: str) -> dict[str, Any]:
    titles = {"best": gettext_lazy("Peak: the best set"), "plateau": gettext_lazy("Plateau: the best neighbourhood")}
    return _set(told, how) | {
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
    return {
        "day": told["day"],
        "counts": {name: told[name] for name in ("decisions", "changed", "gone", "new", "modelled", "from_look")},
        "sides": [_side(name, title, told) for name, title in DAY_ROWS],
        "changes": [one | {"at": datetime.fromisoformat(one["at"])} for one in changes],
        "not_modelled": told["not_modelled"],
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

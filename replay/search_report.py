"""What a search found, as lines of text: the best set beside the plateau, the map, and how far it is to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cdb_site.languages import twin
from replay.report import DASH, NO_EVIDENCE, duration, number, percent, signed, table
from replay.rules.heat_map import HeatMap, Summit
from replay.rules.measures import Measures
from replay.rules.overfitting import Deflated, Overfit
from replay.rules.parameters import told
from replay.rules.search_result import SearchResult
from replay.rules.walk_forward import WalkedForward
from replay.rules.worth import YEAR_DAYS, WorthFigures

SHADES = " ░▒▓█"


def lines(found: SearchResult) -> list[str]:
    """The whole report, ending with the sentence that none of it is evidence of profit."""
    left_out = f", {found.refused:,} make no strategy" if found.refused else ""
    return [
        f"{len(found.figures):,} of {found.sets:,} sets tried{left_out}; compared by {found.objective}"
        + ("; CANCELED: started again it goes on with the rest" if found.canceled else ""),
        "",
        *_summits(found),
        "",
        *map_lines(found.map),
        "",
        *_belief(found.deflated, found.overfit),
        *_walked(found.walked),
        *_decided(found),
        *(f"WARNING {one.code}: {twin(one, 'meaning')}" for one in found.warnings),
        NO_EVIDENCE,
    ]


def _summits(found: SearchResult) -> list[str]:
    if found.peak is None:
        return ["Nothing was tried: there is no best set."]
    rows = [("best", found.peak), ("plateau", found.high_ground)]
    head = ("", found.objective.lower(), "neighbours", "net", "drawdown", "trips", "")
    return table(head, [_summit(found, title, one) for title, one in rows if one is not None])


def _summit(found: SearchResult, title: str, one: Summit) -> Sequence[str]:
    figures = found.figures[one.place]
    return (
        title,
        number(one.score),
        number(one.plateau),
        signed(figures.net),
        percent(figures.drawdown),
        f"{figures.trips:,}",
        " ".join(f"{name}={value}" for name, value in told(found.space.values(one.place)).items()),
    )


def map_lines(found: HeatMap) -> list[str]:
    """A row a level of `y`, the best in each square, darker where it is more."""
    known = [value for row in found.cells for value in row if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    head = (f"{found.y or ''} ↓ {found.x} →", *found.x_levels)
    names = found.y_levels or ("",)
    return table(
        head,
        [(name, *(_square(value, low, high) for value in row)) for name, row in zip(names, found.cells, strict=True)],
    )


def _square(value: float | None, low: float, high: float) -> str:
    if value is None:
        return DASH
    shade = round((value - low) / (high - low) * (len(SHADES) - 1)) if high > low else 0
    return f"{number(value)} {SHADES[shade]}"


def _belief(deflated: Deflated | None, overfit: Overfit | None) -> list[str]:
    """Both in words, or why they are not known."""
    chance = f"deflated Sharpe ratio {DASH}: too few days"
    if deflated:
        luck = number(deflated.expected * YEAR_DAYS**0.5)
        chance = (
            f"deflated Sharpe ratio {number(deflated.probability)}: the chance that the true one is above {luck}, "
            f"which the best of {deflated.trials:,} shows by luck"
        )
    fitted = f"probability of overfitting {DASH}: it needs two sets that differ and two days for each of 16 blocks"
    if overfit:
        fitted = (
            f"probability of overfitting {number(overfit.probability)}, of a loss {number(overfit.loss)}, "
            f"over {overfit.splits:,} halves of the time"
        )
    return [chance, fitted]


def _walked(walked: WalkedForward | None) -> list[str]:
    if walked is None:
        return []
    rows = [
        (
            f"{_day(part.split.chosen_s)} to {_day(part.split.played_s)}",
            signed(part.inside.net),
            signed(part.outside.net),
            f"{part.outside.trips:,}",
            " ".join(f"{name}={value}" for name, value in told(part.values).items()),
        )
        for part in walked.parts
    ]
    return [
        "",
        "walk-forward, each best set of the past decided on what followed:",
        *table(("", "in sample", "out of sample", "trips", ""), rows),
        _out_of_sample(walked.figures, walked.efficiency),
    ]


def _out_of_sample(figures: WorthFigures | None, efficiency: float | None) -> str:
    if figures is None:
        return f"out of sample {DASH}"
    return (
        f"out of sample {signed(figures.net)}, Sharpe {number(figures.sharpe)}, "
        f"deepest fall {percent(figures.drawdown)}, under water {duration(figures.under_water_s)}, "
        f"efficiency {number(efficiency)}"
    )


def _decided(found: SearchResult) -> list[str]:
    if found.decided is None or found.best is None:
        return []
    return ["", f"the best set, decided: {_against(found.decided)}; as it was tried: {signed(found.best.net)}"]


def _against(decided: Measures) -> str:
    account = decided.account
    return f"{signed(account.net if account else None)} in {decided.trips.trips:,} trips"


def _day(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")

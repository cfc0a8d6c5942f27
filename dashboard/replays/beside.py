"""Two runs side by side: what they were asked, what they brought, and the first requests they answered otherwise."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from dashboard.replays import figures, words
from replay import queries
from replay.models import ReplayRun
from replay.queries import Differing

SHOWN = 30
MISSING: dict[str, Any] = {}
RESULT = {
    ("account", "net"): (gettext_lazy("Net result"), "SIGNED"),
    ("account", "drawdown"): (gettext_lazy("Deepest drawdown"), "PERCENT"),
    ("account", "sharpe"): (gettext_lazy("Sharpe"), "RATIO"),
    ("trips", "trips"): (gettext_lazy("Round trips"), "COUNT"),
    ("trips", "win_rate"): (gettext_lazy("Won"), "PERCENT"),
    ("trips", "profit_factor"): (gettext_lazy("Profit factor"), "RATIO"),
    ("trips", "mean_lost"): (gettext_lazy("Average lost"), "MONEY"),
    ("trips", "fees"): (gettext_lazy("Fees"), "MONEY"),
}


def context(first: ReplayRun, second: ReplayRun) -> dict[str, Any]:
    found = queries.differing(first.run_id, second.run_id, SHOWN)
    count = queries.count_differing(first.run_id, second.run_id)
    return {
        "first": first,
        "second": second,
        "asked": asked(first, second),
        "brought": [_row(name, first, second) for name in RESULT],
        "differing": [told(row, first, second) for row in found],
        "count": count,
        "both": count.all - count.only_first - count.only_second,
        "chart": chart(first, second),
    }


def asked(first: ReplayRun, second: ReplayRun) -> list[dict[str, Any]]:
    """What the two were asked, a line each; `differs` where it is not the same."""
    one, other = dict(figures.played(first.parameters)), dict(figures.played(second.parameters))
    names = list(dict.fromkeys([*one, *other]))
    as_it_was = words.IN_FORCE
    rows = [(name, one.get(name, as_it_was), other.get(name, as_it_was)) for name in names]
    return [{"title": name, "first": a, "second": b, "differs": str(a) != str(b)} for name, a, b in rows]


def _row(name: tuple[str, str], first: ReplayRun, second: ReplayRun) -> dict[str, Any]:
    title, how = RESULT[name]
    return {"title": title} | {
        side: figures.shown(_figure(run, *name), how) for side, run in (("first", first), ("second", second))
    }


def _figure(run: ReplayRun, group: str, name: str) -> Any:
    return (((run.result or MISSING).get("measures") or MISSING).get(group) or MISSING).get(name)


def told(row: Differing, first: ReplayRun, second: ReplayRun) -> dict[str, Any]:
    """A request with the two answers; an answer is None where the run was not asked."""
    answers = (("A", first.run_id, row.first), ("B", second.run_id, row.second))
    return {"row": row, "sides": [{"name": name, "run_id": key, "found": found} for name, key, found in answers]}


def chart(first: ReplayRun, second: ReplayRun) -> dict[str, Any]:
    """The lines of both accounts; the one that is compared with takes the universe's place."""
    lines = [figures.chart((run.result or MISSING).get("curve") or MISSING) for run in (first, second)]
    return {
        "account": lines[1]["account"],
        "universe": lines[0]["account"],
        "below": lines[1]["below"],
        "universe_below": lines[0]["below"],
    }

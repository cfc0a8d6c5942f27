"""How a run stands: in a list, on its page, and as JSON for the page that waits for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dashboard import formats
from dashboard.replays import figures, words
from replay import queries
from replay.models import ReplayRun


def listed(run: ReplayRun) -> dict[str, Any]:
    """A row of the list; `run.measures` come with the query."""
    told = getattr(run, "measures", None) or {}
    account, trips = told.get("account") or {}, told.get("trips") or {}
    net = told.get("net")
    return {
        "run": run,
        "kind": words.KINDS[run.kind],
        "period": figures.period(run.parameters),
        "symbols": len(run.parameters.get("symbols") or []),
        "changes": words.changes(run.parameters),
        "state": words.STATES[run.state],
        "percent": round(run.progress * 100),
        "net": None if net is None else Decimal(net),
        "return": account.get("net"),
        "drawdown": account.get("drawdown"),
        "trips": trips.get("trips"),
    }


def context(run: ReplayRun) -> dict[str, Any]:
    look, sign, word = words.STATES[run.state]
    return {
        "run": run,
        "kind": words.KINDS[run.kind],
        "period": figures.period(run.parameters),
        "state": {"look": look, "sign": sign, "word": word},
        "percent": round(run.progress * 100),
        "step": words.step(run),
        "ahead": queries.ahead_of(run) if run.state == ReplayRun.State.QUEUED else 0,
        "failure": words.failure(run) if run.state == ReplayRun.State.FAILED else "",
        "cancel_asked": run.cancel_asked_at is not None and not run.over,
        "took": formats.lasted((run.ended_at - run.begun_at).total_seconds()) if run.begun_at and run.ended_at else "",
    }


def as_json(run: ReplayRun) -> dict[str, Any]:
    return {
        "state": run.state,
        "over": run.over,
        "progress": round(run.progress, 4),
        "percent": f"{round(run.progress * 100)} %",
        "step": words.step(run) if run.state == ReplayRun.State.RUNNING else str(words.STATES[run.state][2]),
    }

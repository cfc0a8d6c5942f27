"""The versions of the limits, newest first, each with what it changed; page by page, by the key of the table."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from django.db.models import QuerySet

from cdb_site.languages import twin
from dashboard.limits.change import direction, limit_words
from execution.queries import PAPER
from risk.models import LimitVersion
from risk.rules.limits import LIMITS

SIZE = 20


def history(given: Mapping[str, str]) -> dict[str, Any]:
    """`rows`, and `older`: the version that the next page begins below; `compared`: a version beside the newest."""
    versions = LimitVersion.objects.filter(account=PAPER).order_by("-version")
    before = _version(given.get("before", ""))
    found = list((versions.filter(version__lt=before) if before else versions)[: SIZE + 1])
    shown = [{"row": newer, "changes": _changes(older, newer)} for newer, older in pairwise(found)]
    if found and len(found) <= SIZE:
        shown.append({"row": found[-1], "changes": None})
    return {
        "rows": shown,
        "older": found[SIZE - 1].version if len(found) > SIZE else None,
        "later": bool(before),
        "compared": _compared(versions, _version(given.get("compare", ""))),
    }


def _version(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _compared(versions: QuerySet[LimitVersion], version: int | None) -> dict[str, Any] | None:
    """What has changed in all since a version; None where no such version is asked for."""
    then = versions.filter(version=version).first() if version else None
    now = versions.first()
    return {"then": then, "now": now, "changes": _changes(then, now)} if then and now else None


def _changes(older: LimitVersion, newer: LimitVersion) -> list[dict[str, str]]:
    pairs = [(rule, getattr(older, rule.name), getattr(newer, rule.name)) for rule in LIMITS]
    return [
        {
            "title": str(twin(rule, "meaning")),
            "before": limit_words(rule, old),
            "after": limit_words(rule, new),
            "direction": direction(rule, old, new),
        }
        for rule, old, new in pairs
        if old != new
    ]

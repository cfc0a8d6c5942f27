"""What the list of decisions is narrowed to: symbol, side, outcome, reason, layer, kind, day. All of it stands in the
address; what makes no sense there narrows nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dashboard import formats
from dashboard.lists import days
from dashboard.lists.decision_counts import Counts, DecisionGroup
from risk.models import Decision
from risk.rules.reasons import STOPPED_BY

NOTHING_HELD = "POSITION_NONE"
LAYER_OF = {code: str(layer) for layer, codes in STOPPED_BY.items() for code in codes}
OUTCOMES = ("APPROVED", "TRIMMED", "REJECTED", "EXPIRED")
UNDECIDED = "UNDECIDED"
LENGTH_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFilters:
    """Empty texts narrow nothing; `nothing` is "show" when sells of nothing held are not folded away."""

    symbol: str = ""
    side: str = ""
    outcome: str = ""
    reason: str = ""
    layer: str = ""
    kind: str = ""
    nothing: str = ""

    @property
    def folds(self) -> bool:
        return not self.nothing and self.reason != NOTHING_HELD

    def holds(self, row: DecisionGroup) -> bool:
        """Whether decisions like these are in the list."""
        return (
            self.symbol in ("", row.symbol)
            and self.side in ("", row.side)
            and self.outcome in ("", row.outcome)
            and self.reason in ("", row.reason_code)
            and self.kind in ("", row.kind)
            and self.layer in ("", layer_of(row.outcome, row.reason_code))
            and not (self.folds and row.reason_code == NOTHING_HELD)
        )

    def query(self, day: date | None, rows: QuerySet[Decision]) -> QuerySet[Decision]:
        names = {"symbol": "symbol", "side": "side", "outcome": "outcome", "reason": "reason_code", "kind": "kind"}
        exact = {column: value for name, column in names.items() if (value := getattr(self, name))}
        rows = rows.filter(**exact)
        if day:
            begin, end = days.bounds(day)
            rows = rows.filter(occurred_at__gte=begin, occurred_at__lt=end)
        if self.layer == "0":
            rows = rows.filter(outcome__in=("REJECTED", "EXPIRED")).exclude(reason_code__in=list(LAYER_OF))
        elif self.layer:
            rows = rows.filter(reason_code__in=STOPPED_BY[int(self.layer)])
        return rows.exclude(reason_code=NOTHING_HELD) if self.folds else rows

    def address(self, day: date | None, **more: str) -> str:
        """The query of a link that keeps these filters."""
        kept = {item.name: getattr(self, item.name) for item in fields(self)} | {"day": shown_day(day)} | more
        return urlencode({name: value for name, value in kept.items() if value})


def shown_day(day: date | None) -> str:
    return day.isoformat() if day else days.ALL


def layer_of(outcome: str, reason_code: str) -> str:
    """Which layer stopped it, "1" to "5"; "0": it was refused before the layers; empty: it was let through."""
    return LAYER_OF.get(reason_code) or ("0" if outcome in ("REJECTED", "EXPIRED") else "")


def asked(given: Mapping[str, str]) -> DecisionFilters:
    allowed = {
        "side": ("BUY", "SELL"),
        "outcome": (*OUTCOMES, UNDECIDED),
        "layer": ("0", *map(str, STOPPED_BY)),
        "kind": Decision.Kind.values,
        "nothing": ("show",),
    }
    values = {item.name: given.get(item.name, "")[:LENGTH_MOST].replace("\0", "") for item in fields(DecisionFilters)}
    return DecisionFilters(
        **{name: value if name not in allowed or value in allowed[name] else "" for name, value in values.items()}
    )


def picks(filters: DecisionFilters, counts: Counts) -> list[dict[str, Any]]:
    """The choices of the form, each with how many decisions of the day there are."""
    groups = counts.decisions
    outcomes = {
        "APPROVED": _("approved"), "TRIMMED": _("trimmed"), "REJECTED": _("denied"), "EXPIRED": _("expired"),
        UNDECIDED: _("undecided"),
    }  # fmt: skip
    kinds = {"SIGNAL": _("signal"), "STOP": _("stop"), "HALT": _("halt"), "OPERATOR": _("operator")}
    layers = {"0": _("before the layers")} | {str(n): _("layer %(n)s") % {"n": n} for n in STOPPED_BY}
    found = {
        "outcome": _counted((row.outcome, row.number) for row in groups)
        | {UNDECIDED: sum(row.number for row in counts.undecided)},
        "layer": _counted((layer_of(row.outcome, row.reason_code), row.number) for row in groups),
        "kind": _counted((row.kind, row.number) for row in groups),
        "symbol": _counted((row.symbol, row.number) for row in groups),
        "reason": _counted((row.reason_code, row.number) for row in groups),
    }
    symbols = {name: formats.base(name) for name in sorted({*found["symbol"], filters.symbol} - {""})}
    reasons = {name: name for name in sorted({*found["reason"], filters.reason} - {""})}
    return [
        _pick("outcome", _("Outcome"), _("all"), outcomes, found["outcome"], filters.outcome),
        _pick("layer", _("Stopped by"), _("any layer"), layers, found["layer"], filters.layer),
        _pick("side", _("Side"), _("both"), {"BUY": _("buy"), "SELL": _("sell")}, {}, filters.side),
        _pick("kind", _("Kind"), _("all"), kinds, found["kind"], filters.kind),
        _pick(
            "symbol",
            _("Symbol"),
            _("all"),
            symbols,
            found["symbol"],
            filters.symbol,
        ),
        _pick("reason", _("Reason"), _("all"), reasons, found["reason"], filters.reason),
    ]


def _counted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for name, count in pairs:
        total[name] += count
    return dict(total)


def _pick(
    name: str, label: str, none: str, words: dict[str, str], found: dict[str, int], chosen: str
) -> dict[str, Any]:
    options = [(value, f"{word} ({found[value]})" if value in found else word) for value, word in words.items()]
    said = words.get(chosen, chosen)
    return {"name": name, "label": label, "options": [("", none), *options], "chosen": chosen, "said": said}

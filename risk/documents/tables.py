"""The tables of the operators' documents, written from the code: limits, breakers, reason codes, alerts, exports.

A document marks where a table goes: `<!-- limits -->` … `<!-- /limits -->`. Everything between is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from cdb_site.alerts.catalog import CATALOG
from cdb_site.units import UNIT_NAMES_DE, in_unit, plain
from risk.documents.export_tables import EXPORTS
from risk.documents.marked import table
from risk.rules.circuit_breakers import KINDS
from risk.rules.limits import LIMITS, Limit
from risk.rules.reasons import REASONS

Table = Callable[[], list[str]]
PARAMETER = re.compile(r"\{(\w+)[^}]*\}")
MARKED = re.compile(r"(<!-- (?P<name>\w+) -->\n)(?:.*?\n)??(<!-- /(?P=name) -->)", re.DOTALL)


def filled(text: str, tables: Mapping[str, Table]) -> str:
    """The document with its marked tables as they are now. KeyError for a mark nobody knows."""
    return MARKED.sub(lambda found: found[1] + "\n".join(tables[found["name"]]()) + "\n" + found[3], text)


def _shown(value: Decimal, unit: str) -> str:
    """`0.05 (5 %)`: as it is typed, and as it is meant."""
    typed = plain(value)
    return f"{typed} ({in_unit(value, unit).replace('.00 %', ' %')})" if unit == "fraction" else typed


def _limit(limit: Limit, unit: str, meaning: str, layer: str) -> list[str]:
    low, high = plain(limit.low), plain(limit.high)
    tighter = "↓" if limit.tighter == "LOWER" else "↑"
    default = _shown(limit.default, limit.unit)
    return [layer, f"`{limit.name}`", meaning, unit, f"{low} – {high}", default, tighter, f"`{limit.variable}`"]


def limits_english() -> list[str]:
    heads = ["layer", "limit", "meaning", "unit", "bounds", "default", "tighter", "seeded by"]
    return table(heads, [_limit(row, row.unit, row.meaning, str(row.layer or "all")) for row in LIMITS])


def limits_german() -> list[str]:
    heads = ["Ebene", "Grenze", "Bedeutung", "Einheit", "Schranken", "Vorgabe", "strenger", "Startwert aus"]
    return table(
        heads,
        [_limit(row, UNIT_NAMES_DE[row.unit], row.meaning_de, str(row.layer or "alle")) for row in LIMITS],
    )


def breakers_english() -> list[str]:
    rows = [
        [
            f"`{kind.code}`",
            kind.meaning,
            f"`{kind.limit}` ({kind.unit})",
            "an operator releases it" if kind.latched else "releases itself",
            kind.next_step,
        ]
        for kind in KINDS.values()
    ]
    return table(["breaker", "what happened", "limit", "end", "what to do next"], rows)


def breakers_german() -> list[str]:
    rows = [
        [
            f"`{kind.code}`",
            kind.meaning_de,
            f"`{kind.limit}` ({UNIT_NAMES_DE[kind.unit]})",
            "ein Mensch löst sie" if kind.latched else "löst sich selbst",
            kind.next_step_de,
        ]
        for kind in KINDS.values()
    ]
    return table(["Sicherung", "was geschah", "Grenze", "Ende", "was zu tun ist"], rows)


def _words(sentence: str) -> str:
    return PARAMETER.sub("…", sentence)


def codes_english() -> list[str]:
    return table(["code", "sentence"], [[f"`{code}`", _words(reason.sentence)] for code, reason in REASONS.items()])


def codes_german() -> list[str]:
    return table(["Code", "Satz"], [[f"`{code}`", _words(reason.sentence_de)] for code, reason in REASONS.items()])


def alerts_english() -> list[str]:
    rows = [
        [
            f"`{code}`",
            kind.level,
            _words(kind.sentence),
            "over at once" if kind.momentary else "while it lasts",
            kind.next_step,
        ]
        for code, kind in CATALOG.items()
    ]
    return table(["code", "level", "sentence", "open", "what to do next"], rows)


def alerts_german() -> list[str]:
    rows = [
        [
            f"`{code}`",
            kind.level,
            _words(kind.sentence_de),
            "gleich vorbei" if kind.momentary else "solange es so ist",
            kind.next_step_de,
        ]
        for code, kind in CATALOG.items()
    ]
    return table(["Code", "Stufe", "Satz", "offen", "was zu tun ist"], rows)


ENGLISH: dict[str, Table] = {
    "limits": limits_english,
    "breakers": breakers_english,
    "codes": codes_english,
    "alerts": alerts_english,
}
GERMAN: dict[str, Table] = {
    "limits": limits_german,
    "breakers": breakers_german,
    "codes": codes_german,
    "alerts": alerts_german,
}
DOCUMENTS: dict[str, Mapping[str, Table]] = {
    "docs/risk_management.md": ENGLISH,
    "docs/alerts.md": ENGLISH,
    "docs/exports.md": EXPORTS,
    "backoffice/docs/Risikomanagement-Logik.md": GERMAN,
}

"""Reasons that the system itself gives for what it did, in the language that is read. What people wrote stays as it is.

A reason is stored as one English sentence where the act is (a hold, a release, a close-out, a version of the limits):
there it must stay readable without us. Here stands the German sentence for each.
"""

from __future__ import annotations

import re

from cdb_site.languages import GERMAN, reading

PATTERNS = (
    (r"daily loss (?P<seen>\S+) of (?P<limit>\S+)", "Tagesverlust {seen} von {limit}"),
    (r"breaker (?P<kind>[A-Z_]+): (?P<seen>.+), allowed (?P<limit>.+)", "Sicherung {kind}: {seen}, erlaubt {limit}"),
    (r"breaker (?P<name>.+) released by (?P<by>[^:]+): (?P<reason>.+)", "Sicherung {name} gelöst von {by}: {reason}"),
    (
        r"the audit found (?P<count>\d+) violations; first: (?P<first>.+)",
        "die Buchprüfung fand {count} Verletzungen; die erste: {first}",
    ),
    (r"(?P<seconds>\d+) s of good data", "{seconds} s gute Daten"),
    (r"seeded from the environment", "Startwerte aus der Umgebung"),
    (r"account opened", "Konto eröffnet"),
    (r"the account begins anew: (?P<reason>.+)", "das Konto beginnt neu: {reason}"),
    (r"released in the admin", "in der Verwaltung gelöst"),
    (r"no trading state is stored", "kein Handelszustand ist gespeichert"),
)
COMPILED = tuple((re.compile(english, re.DOTALL), german) for english, german in PATTERNS)
TWO_PERSONS = re.compile(r"(?P<first>.+), approved by (?P<second>.+)", re.DOTALL)
FIGURE = re.compile(r"(?<=\d)\.(?=\d)|bps|orders")
AS_IN_GERMAN = {".": ",", "bps": "Bp", "orders": "Aufträge"}


def own_reason(text: str, language: str | None = None) -> str:
    """The reason in the language, or in the one that is read now; any other text unchanged."""
    if (language or reading()) != GERMAN:
        return text
    for english, german in COMPILED:
        found = english.fullmatch(text)
        if found:
            return german.format(**{name: _said(name, value) for name, value in found.groupdict().items()})
    return text


def own_name(text: str, language: str | None = None) -> str:
    """Who did it, in the language: what two persons did names both."""
    two = TWO_PERSONS.fullmatch(text) if (language or reading()) == GERMAN else None
    return f"{two['first']}, genehmigt von {two['second']}" if two else text


def _said(name: str, value: str) -> str:
    if name == "reason":
        return own_reason(value, GERMAN)
    if name == "by":
        return own_name(value, GERMAN)
    return FIGURE.sub(lambda figure: AS_IN_GERMAN[figure[0]], value) if name in ("seen", "limit") else value

"""Other limits: typed, looked at, and only then proposed. Nothing is stored here: the act `propose_limits` does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.utils.translation import gettext as _

from cdb_site.clock import SYSTEM
from cdb_site.languages import twin
from cdb_site.units import unit_name
from dashboard import formats
from execution.queries import PAPER
from marketdata import queries as market
from risk.acts.parameters import BadValue, decimal
from risk.operator import proposals
from risk.operator.limit_form import LimitForm, shown
from risk.operator.preview import EntryChange, LimitsPreview, preview_limits
from risk.operator.status_report import fresh_source
from risk.rules.limits import BY_NAME, LIMITS, Limit, Limits, loosened
from risk.rules.reasons import sentence

SIGNS = {"APPROVED": "✓", "TRIMMED": "✂", "REJECTED": "✕", "EXPIRED": "✕"}


def change(given: Mapping[str, str], limits: Limits) -> dict[str, Any]:
    """The fields of the form and, for values that can be limits, what they would change now."""
    typed = "based_on" in given
    form = LimitForm(_read(given)) if typed else None
    if form:
        # Why is asked when it is proposed, not to look at it.
        form.fields["reason"].required = False
    valid = form is not None and form.is_valid()
    values = {rule.name: form.cleaned_data[rule.name] for rule in LIMITS} if form and valid else {}
    return {
        "fields": [_field(rule, limits, given if typed else {}, form, values) for rule in LIMITS],
        "based_on": given["based_on"] if typed and valid else limits.version,
        "problems": list(form.errors.get("__all__", [])) + list(form.errors.get("based_on", [])) if form else [],
        "typed": typed,
        "reason": given.get("reason", "") if typed else "",
        "again": again(given) if typed else "",
        "seen": _seen(values, limits) if values else None,
    }


def again(given: Mapping[str, str]) -> str:
    """The query under which the form holds what was typed: a refusal leads back to it."""
    return urlencode({name: given[name] for name in ("based_on", *BY_NAME) if name in given})


def _read(given: Mapping[str, str]) -> dict[str, str]:
    """As the form of the limits reads it: 5 % is 0.05."""
    return {name: _as_stored(BY_NAME[name], typed) if name in BY_NAME else typed for name, typed in given.items()}


def _as_stored(rule: Limit, typed: str) -> str:
    """A fraction's column is in per cent: 40 is 40 %. What is below 1 may be meant as the fraction, and stays."""
    try:
        value = Decimal(decimal(typed))
    except BadValue:
        return typed
    if typed.strip().endswith("%"):
        return shown(value)
    return shown(value / 100) if rule.is_fraction and value >= 1 else typed


def _field(
    rule: Limit, limits: Limits, given: Mapping[str, str], form: LimitForm | None, values: dict[str, Decimal]
) -> dict[str, Any]:
    meaning, before = str(twin(rule, "meaning")), getattr(limits, rule.name)
    return {
        "name": rule.name,
        "layer": rule.layer or "",
        "title": meaning[:1].upper() + meaning[1:],
        "in_force": limit_words(rule, before),
        "value": given.get(rule.name, limit_words(rule, before, bare=True)),
        "low": limit_words(rule, rule.low, bare=True),
        "high": limit_words(rule, rule.high),
        "problems": list(form.errors.get(rule.name, [])) if form else [],
        "direction": direction(rule, before, values.get(rule.name, before)),
    }


def limit_words(rule: Limit, value: Decimal, *, bare: bool = False) -> str:
    """Exactly: a fraction in per cent, anything else in its unit; `bare` leaves away a unit that cannot be typed."""
    if rule.is_fraction:
        return f"{shown(value * 100)} %"
    return shown(value) if bare else f"{shown(value)} {unit_name(rule.unit)}"


def direction(rule: Limit, before: Decimal, after: Decimal) -> str:
    """looser, tighter, or nothing where nothing changes."""
    if before == after:
        return ""
    return "tighter" if (after < before) == (rule.tighter == "LOWER") else "looser"


def _seen(values: dict[str, Decimal], limits: Limits) -> dict[str, Any]:
    source = fresh_source(PAPER, SYSTEM)
    found = preview_limits(values, market.universe(), marks=source.marks, clock=SYSTEM)
    changed = [rule for rule in LIMITS if getattr(limits, rule.name) != values[rule.name]]
    looser = loosened(limits, values)
    differing = [row for row in found.entries if row.differs]
    return {
        "changed": [
            {
                "title": twin(rule, "meaning"),
                "before": limit_words(rule, getattr(limits, rule.name)),
                "after": limit_words(rule, values[rule.name]),
                "direction": direction(rule, getattr(limits, rule.name), values[rule.name]),
            }
            for rule in changed
        ],
        "needs_second": bool(looser) and proposals.second_person_required(),
        "looser": len(looser),
        "hidden": [(rule.name, limit_words(rule, values[rule.name], bare=True)) for rule in LIMITS],
        "key": uuid4(),
        "stops": [formats.base(row.symbol) for row in found.positions if row.stops_now],
        "positions": _positions(found),
        "exposure": found.exposure,
        "exposure_over": found.exposure_over,
        "exposure_limit": values["max_exposure_pct"],
        "entries": [_entry(row) for row in differing],
        "all": len(found.entries),
    }


def _positions(found: LimitsPreview) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "before": 1 - row.stop_before / row.mark_price if row.mark_price else None,
            "after": 1 - row.stop_after / row.mark_price if row.mark_price else None,
        }
        for row in found.positions
    ]


def _entry(row: EntryChange) -> dict[str, Any]:
    return {
        "symbol": row.symbol,
        "before": _outcome(row.before.outcome, row.before.quantity),
        "after": _outcome(row.after.outcome, row.after.quantity),
        "words": sentence(row.after.reason_code, row.after.params),
    }


def _outcome(outcome: str, quantity: Decimal) -> dict[str, str]:
    denied = outcome in ("REJECTED", "EXPIRED")
    return {
        "look": outcome.lower(),
        "sign": SIGNS.get(outcome, ""),
        "words": _("denied") if denied else formats.quantity(quantity),
    }

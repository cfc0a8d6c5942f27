"""The form of the limits, layer by layer, and the page that shows what a change would do before it is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from marketdata import queries as market
from risk import queries
from risk.models import LimitVersion
from risk.operator import proposals
from risk.operator.preview import EntryChange, preview_limits
from risk.operator.status_report import fresh_source
from risk.rules.limits import BY_NAME, LIMITS, NAMES, Limit, loosened
from risk.rules.reasons import sentence

LAYERS = {
    1: "Layer 1: daily loss",
    2: "Layer 2: abnormal market",
    3: "Layer 3: total exposure",
    4: "Layer 4: position size",
    5: "Layer 5: stop loss",
    0: "Every entry",
}


class LimitForm(forms.ModelForm):
    """All limits and the reason; each field says its unit, its bounds and what is in force.

    `based_on` is the version the form was opened from: what somebody changed since is not overwritten.
    """

    based_on = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = LimitVersion
        fields = (*NAMES, "reason")
        widgets = {"reason": forms.TextInput(attrs={"size": 80})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        current = LimitVersion.objects.filter(account=PAPER).first()
        for name in NAMES:
            self.fields[name].help_text = _help(BY_NAME[name], current)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        changed = proposals.changed_since(PAPER, cleaned["based_on"]) if "based_on" in cleaned else ""
        if changed:
            raise ValidationError(changed)
        return cleaned


def in_force() -> dict[str, Any]:
    """What a new form starts from: the newest version, and which it is."""
    current = LimitVersion.objects.filter(account=PAPER).first()
    if current is None:
        return {}
    return {name: getattr(current, name) for name in NAMES} | {"based_on": current.version}


def _help(rule: Limit, current: LimitVersion | None) -> str:
    in_force = f"; in force: {getattr(current, rule.name).normalize():f}" if current else ""
    example = f"; {rule.unit_words}" if rule.is_fraction else ""
    return f"{rule.meaning}, in {rule.unit}, {rule.low:f} to {rule.high:f}{example}{in_force}"


def fieldsets() -> list[tuple[str, dict[str, Any]]]:
    """The form's groups: one a layer, then the reason."""
    groups = [
        (title, {"fields": [limit.name for limit in LIMITS if limit.layer == layer]}) for layer, title in LAYERS.items()
    ]
    return [*groups, ("Why", {"fields": ["reason", "based_on"]})]


def preview_page(request: HttpRequest, form: LimitForm, context: dict[str, Any]) -> HttpResponse:
    """What the values of a valid form would change; nothing is stored."""
    values = {name: form.cleaned_data[name] for name in NAMES}
    source = fresh_source(PAPER, SYSTEM)
    before = queries.limits(PAPER)
    seen = preview_limits(values, market.universe(), marks=source.marks, clock=SYSTEM)
    changes = [
        {"name": name, "before": getattr(before, name).normalize(), "after": value}
        for name, value in values.items()
        if getattr(before, name) != value
    ]
    looser = loosened(before, values)
    return render(
        request,
        "risk/limit_preview.html",
        context
        | {
            "title": "What these limits would change",
            "form": form,
            "changes": changes,
            "looser": looser,
            "needs_second": bool(looser) and proposals.second_person_required(),
            "preview": seen,
            "entries": [_entry(item) for item in seen.entries if item.differs],
            "entries_unchanged": sum(not item.differs for item in seen.entries),
        },
    )


def _entry(item: EntryChange) -> dict[str, Any]:
    return {
        "symbol": item.symbol,
        "before": f"{item.before.outcome} {item.before.quantity.normalize():f}",
        "after": f"{item.after.outcome} {item.after.quantity.normalize():f}",
        "sentence": sentence(item.after.reason_code, item.after.params),
    }

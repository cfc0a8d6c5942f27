"""The form of the limits, layer by layer, and the page that shows what a change would do before it is saved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import localize
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cdb_site.clock import SYSTEM
from cdb_site.languages import twin
from cdb_site.typed_numbers import TypedDecimalField
from cdb_site.units import plain, unit_name
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
    1: _("Layer 1: daily loss"),
    2: _("Layer 2: abnormal market"),
    3: _("Layer 3: total exposure"),
    4: _("Layer 4: position size"),
    5: _("Layer 5: stop loss"),
    0: _("Every entry"),
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
        field_classes = dict.fromkeys(NAMES, TypedDecimalField)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        current = LimitVersion.objects.filter(account=PAPER).first()
        # A stored version is only looked at: then no limit is a field.
        for name in (item for item in NAMES if item in self.fields):
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
    told = {
        "meaning": twin(rule, "meaning"),
        "unit": unit_name(rule.unit),
        "low": shown(rule.low),
        "high": shown(rule.high),
    }
    words = [gettext("%(meaning)s, in %(unit)s, %(low)s to %(high)s") % told]
    if rule.is_fraction:
        example = {"fraction": shown(rule.default), "percent": f"{rule.default * 100:.0f}"}
        words.append(gettext("%(fraction)s means %(percent)s %%") % example)
    if current:
        words.append(gettext("in force: %(value)s") % {"value": shown(getattr(current, rule.name))})
    return "; ".join(words)


def shown(value: Decimal) -> str:
    """Exactly, as the language writes it."""
    return localize(Decimal(plain(value)))


def fieldsets(*, stored: bool) -> list[tuple[Any, dict[str, Any]]]:
    """The form's groups: one a layer, then the reason; of a stored version also who gave it, and when."""
    groups = [
        (title, {"fields": [limit.name for limit in LIMITS if limit.layer == layer]}) for layer, title in LAYERS.items()
    ]
    return [*groups, (_("Why"), {"fields": ["reason", *(["changed_by", "changed_at"] if stored else ["based_on"])]})]


def preview_page(request: HttpRequest, form: LimitForm, context: dict[str, Any]) -> HttpResponse:
    """What the values of a valid form would change; nothing is stored."""
    values = {name: form.cleaned_data[name] for name in NAMES}
    source = fresh_source(PAPER, SYSTEM)
    before = queries.limits(PAPER)
    seen = preview_limits(values, market.universe(), marks=source.marks, clock=SYSTEM)
    changes = [
        {"name": name, "before": shown(getattr(before, name)), "after": shown(value)}
        for name, value in values.items()
        if getattr(before, name) != value
    ]
    looser = loosened(before, values)
    return render(
        request,
        "risk/limit_preview.html",
        context
        | {
            "title": _("What these limits would change"),
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
        "before": f"{item.before.outcome} {shown(item.before.quantity)}",
        "after": f"{item.after.outcome} {shown(item.after.quantity)}",
        "sentence": sentence(item.after.reason_code, item.after.params),
    }

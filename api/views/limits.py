"""The limits in force, every version of them, and what others would change."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import RowSerializer
from api.filters import LimitsNarrowing
from api.problems import ApiProblem, BadValues
from api.reading import read_body
from api.rows.acts import NamedLimits
from api.rows.risk import LimitsInForce
from api.rows.system import PreviewRow
from api.views.base import ApiAddress, RowList, reading
from cdb_site.clock import SYSTEM
from cdb_site.languages import twin
from execution.queries import PAPER
from marketdata import queries as market
from risk import queries
from risk.acts.parameters import BadValue, decimal
from risk.models import LimitVersion
from risk.operator import proposals
from risk.operator.preview import EntryChange, preview_limits
from risk.operator.status_report import fresh_source
from risk.rules.limits import BY_NAME, LIMITS, NAMES, Limit, loosened
from risk.rules.reasons import sentence


class LimitVersionRow(RowSerializer):
    class Meta:
        model = LimitVersion
        fields = ("version", "account", "changed_by", "changed_at", "reason", *NAMES)
        extra_kwargs = {"changed_at": {"help_text": "wall time"}}


@reading("list_limit_versions", "limits", "Every version of the limits, newest first.")
class LimitHistory(RowList):
    queryset = LimitVersion.objects.filter(account=PAPER)
    serializer_class, filterset_class, key = LimitVersionRow, LimitsNarrowing, ("-version",)


@reading(
    "read_limits",
    "limits",
    "The limits in force, with their bounds and units.",
    LimitsInForce,
)
class LimitsNow(ApiAddress):
    def get(self, request: Request) -> Response:
        version = LimitVersion.objects.filter(account=PAPER).order_by("-version").first()
        if version is None:
            raise ApiProblem(409, "refused", _("No limits are set yet: run `manage.py seed_limits`."))
        row = {
            "version": version.version,
            "changed_at": version.changed_at,
            "changed_by": version.changed_by,
            "reason": version.reason,
            "limits": [_limit(rule, getattr(version, rule.name)) for rule in LIMITS],
        }
        return Response(LimitsInForce(row).data)


def _limit(rule: Limit, value: Decimal) -> dict[str, Any]:
    return {
        "name": rule.name,
        "value": value,
        "unit": rule.unit,
        "low": rule.low,
        "high": rule.high,
        "layer": rule.layer,
        "tighter": rule.tighter,
        "meaning": twin(rule, "meaning"),
    }


class LimitsPreviewView(ApiAddress):
    """What other limits would change now; nothing is stored, and every role may ask."""

    @extend_schema(
        operation_id="preview_limits",
        tags=["limits"],
        request=NamedLimits,
        responses=PreviewRow,
        description="What other limits would change now, position by position and for the next entry of every watched "
        "symbol. Nothing is stored; every role may ask. A limit that is not named stays as it is in force.",
        examples=[OpenApiExample("request", value={"max_exposure_pct": "0.4"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        typed = read_body(NamedLimits, request)
        try:
            held = queries.limits(PAPER)
            values = {name: getattr(held, name) for name in NAMES} | _read(typed)
            source = fresh_source(PAPER, SYSTEM)
            seen = preview_limits(values, market.universe(), marks=source.marks, clock=SYSTEM)
        except LookupError as problem:
            raise ApiProblem(409, "refused", str(problem)) from problem
        looser = loosened(held, values)
        row = {
            "exposure": seen.exposure,
            "exposure_over": seen.exposure_over,
            "looser": looser,
            "needs_second_person": bool(looser) and proposals.second_person_required(),
            "positions": seen.positions,
            "entries": [_entry(change) for change in seen.entries],
        }
        return Response(PreviewRow(row).data)


def _read(typed: Mapping[str, str]) -> dict[str, Decimal]:
    """The values as numbers within their bounds. Raises BadValues."""
    values: dict[str, Decimal] = {}
    problems: dict[str, str] = {}
    for name, text in typed.items():
        rule = BY_NAME[name]
        try:
            values[name] = Decimal(decimal(text))
        except BadValue as problem:
            problems[name] = str(problem.words)
            continue
        if not rule.low <= values[name] <= rule.high:
            problems[name] = _("from %(low)s to %(high)s") % {"low": rule.low, "high": rule.high}
    if problems:
        raise BadValues(problems)
    return values


def _entry(change: EntryChange) -> dict[str, Any]:
    return {
        "symbol": change.symbol,
        "outcome_before": change.before.outcome,
        "quantity_before": change.before.quantity,
        "outcome_after": change.after.outcome,
        "quantity_after": change.after.quantity,
        "sentence": sentence(change.after.reason_code, change.after.params),
        "differs": change.differs,
    }

"""What a proposal would do, in the reader's words: told from what is stored of it, not from its English summary."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cdb_site.languages import twin
from dashboard.limits.change import limit_words
from risk.models import Breaker, LimitVersion, Proposal
from risk.rules.limits import LIMITS


def proposal_words(row: Proposal) -> str:
    """The summary as it was stored where what it is about is not there any more."""
    match row.kind:
        case Proposal.Kind.RESUME:
            return _("resume trading")
        case Proposal.Kind.BREAKER_RELEASE:
            breaker = Breaker.objects.filter(pk=row.payload.get("breaker")).first()
            return _("release the breaker %(breaker)s") % {"breaker": breaker} if breaker else row.summary
    return _limits(row.account, row.payload) or row.summary


def _limits(account: str, payload: Mapping[str, Any]) -> str:
    before = LimitVersion.objects.filter(account=account, version=payload.get("version", 0)).first()
    if before is None:
        return ""
    wanted = {name: Decimal(value) for name, value in payload["values"].items()}
    told = [
        f"{twin(rule, 'meaning')} {limit_words(rule, getattr(before, rule.name))} → {limit_words(rule, after)}"
        for rule in LIMITS
        if (after := wanted.get(rule.name)) is not None and after != getattr(before, rule.name)
    ]
    return "; ".join(told)

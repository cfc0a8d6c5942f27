"""The trading state as it is told to people: who holds it, since when and why, and what releases each hold."""

from __future__ import annotations

from typing import Any

import execution.queries
from cdb_site.clock import iso
from execution.gate import Owner
from execution.models import TradingStateChange

RELEASED_BY: dict[str, str] = {
    Owner.OPERATOR: "`manage.py resume_trading --reason …`",
    Owner.LOSS: "`manage.py resume_trading --reason …`, once the day's loss is below its limit and the account is flat",
    Owner.BREAKERS: "the release of its breakers: by themselves, or `manage.py release_breaker`",
    Owner.AUDIT: "`manage.py resume_trading --reason …`, once `manage.py audit_books` finds nothing new",
}


def told(account: str) -> dict[str, Any]:
    """State, since, by and reason of the strictest hold, or of the last change when nobody holds; and all holders."""
    held = execution.queries.holds(account)
    last = TradingStateChange.objects.filter(account_id=account).first()
    if held:
        since, by, reason = iso(held[0].since), held[0].by, held[0].reason
    elif last:
        since, by, reason = iso(last.changed_at), last.changed_by, last.reason
    else:
        since, by, reason = None, "", "no trading state is stored"
    return {
        "state": execution.queries.trading_state(account),
        "since": since,
        "by": by,
        "reason": reason,
        "holders": [
            {
                "owner": hold.owner,
                "state": hold.state,
                "since": iso(hold.since),
                "by": hold.by,
                "reason": hold.reason,
                "released_by": RELEASED_BY[hold.owner],
            }
            for hold in held
        ],
    }


def lines(trading: dict[str, Any]) -> list[str]:
    """Each holder as a line, and below it what releases it."""
    words = []
    for hold in trading["holders"]:
        words.append(f"{hold['owner']} holds {hold['state']} since {hold['since']} by {hold['by']}: {hold['reason']}")
        words.append(f"    released by {hold['released_by']}")
    return words

"""Who did what about a chain: limits it was decided under, orders of operators, changes of the trading state, releases
of breakers, acknowledgements. And how it stands now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from cdb_site.own_reasons import own_name, own_reason
from dashboard import formats
from execution.models import Position
from risk.operator.trace import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing somebody did. Without `at`, it is how things stand now."""

    at: datetime | None
    by: str
    words: str


def deeds(chain: Chain) -> list[Deed]:
    """In order of time."""
    return sorted(_deeds(chain), key=lambda deed: deed.at.timestamp() if deed.at else 0)


def _deeds(chain: Chain) -> Iterator[Deed]:
    if chain.limits:
        words = _("put limits v%(version)s in force: %(reason)s") % {
            "version": chain.limits.version, "reason": own_reason(chain.limits.reason),
        }  # fmt: skip
        yield Deed(at=chain.limits.changed_at, by=own_name(chain.limits.changed_by), words=words)
    if chain.decision and chain.decision.params.get("by"):
        reason = {"reason": own_reason(chain.decision.params.get("reason", ""))}
        yield Deed(
            at=chain.decision.decided_at, by=chain.decision.params["by"], words=_("asked for it: %(reason)s") % reason
        )
    for change in chain.state_changes:
        words = _("set the trading state of %(owner)s to %(state)s: %(reason)s") % {
            "owner": change.owner, "state": change.state, "reason": own_reason(change.reason) or _("no reason given"),
        }  # fmt: skip
        yield Deed(at=change.changed_at, by=own_name(change.changed_by), words=words)
    yield from _of_breakers(chain)
    for alert in chain.alerts:
        if alert.acknowledged_at:
            words = _("acknowledged %(code)s") % {"code": alert.code}
            yield Deed(at=alert.acknowledged_at, by=alert.acknowledged_by, words=words)
    for intent in chain.intents:
        if intent.asked_by:
            words = _("wanted %(symbol)s to be flat: %(reason)s") % {
                "symbol": formats.base(intent.symbol), "reason": own_reason(intent.reason) or intent.kind,
            }  # fmt: skip
            yield Deed(at=intent.begun_at, by=intent.asked_by, words=words)


def _of_breakers(chain: Chain) -> Iterator[Deed]:
    for row in chain.breakers:
        if row.released_at:
            words = _("released breaker %(name)s: %(reason)s") % {"name": str(row), "reason": own_reason(row.reason)}
            yield Deed(at=row.released_at, by=own_name(row.released_by), words=words)


def standing(symbol: str, position: Position | None) -> str:
    """What is held of the symbol now."""
    if position is None or not position.quantity:
        return _("nothing is held of %(symbol)s") % {"symbol": formats.base(symbol)}
    return _("%(quantity)s %(symbol)s held at %(price)s") % {
        "quantity": formats.quantity(position.quantity),
        "symbol": formats.base(symbol),
        "price": formats.price(position.avg_entry_price),
    }

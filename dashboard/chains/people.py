"""Who did what about a chain: limits it was decided under, orders of operators, changes of the trading state, releases
of breakers, acknowledgements, and acts that leave no other row. And how it stands now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cdb_site.own_reasons import own_name, own_reason
from dashboard import formats
from execution.models import Position
from risk.acts import door
from risk.acts.table import ACTS
from risk.models import OperatorAct
from risk.operator.trace import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing somebody did, and where more of it stands. Without `at`, it is how things stand now."""

    at: datetime | None
    by: str
    words: str
    address: str = ""
    place: Any = ""


WHY, RISK, MARKET = _lazy("Why"), _lazy("Risk"), _lazy("Market")


def deeds(chain: Chain) -> list[Deed]:
    """In order of time."""
    told = [
        *_deeds(chain),
        *_of_breakers(chain),
        *_of_alerts(chain),
        *_of_intents(chain),
        *_sales(chain),
        *_acts(chain),
    ]
    return sorted(told, key=lambda deed: deed.at.timestamp() if deed.at else 0)


def _deeds(chain: Chain) -> Iterator[Deed]:
    if chain.limits:
        words = _("put limits v%(version)s in force: %(reason)s") % {
            "version": chain.limits.version, "reason": own_reason(chain.limits.reason),
        }  # fmt: skip
        by = own_name(chain.limits.changed_by)
        address = f"{reverse('risk')}?before={chain.limits.version + 1}#history-title"
        yield Deed(at=chain.limits.changed_at, by=by, words=words, address=address, place=RISK)
    if chain.decision and chain.decision.params.get("by"):
        reason = {"reason": own_reason(chain.decision.params.get("reason", ""))}
        yield Deed(
            at=chain.decision.decided_at, by=chain.decision.params["by"], words=_("asked for it: %(reason)s") % reason
        )
    for change in chain.state_changes:
        words = _("set the trading state of %(owner)s to %(state)s: %(reason)s") % {
            "owner": change.owner, "state": change.state, "reason": own_reason(change.reason) or _("no reason given"),
        }  # fmt: skip
        by = own_name(change.changed_by)
        yield Deed(at=change.changed_at, by=by, words=words, address=reverse("risk"), place=RISK)


def _of_breakers(chain: Chain) -> Iterator[Deed]:
    for row in chain.breakers:
        if row.released_at:
            words = _("released breaker %(name)s: %(reason)s") % {"name": str(row), "reason": own_reason(row.reason)}
            by = own_name(row.released_by)
            yield Deed(at=row.released_at, by=by, words=words, address=reverse("risk"), place=RISK)


def _of_alerts(chain: Chain) -> Iterator[Deed]:
    for alert in chain.alerts:
        if alert.acknowledged_at:
            words = _("acknowledged %(code)s") % {"code": alert.code}
            address = reverse("why", args=[alert.alert_id])
            yield Deed(at=alert.acknowledged_at, by=alert.acknowledged_by, words=words, address=address, place=WHY)


def _of_intents(chain: Chain) -> Iterator[Deed]:
    for intent in chain.intents:
        if intent.asked_by:
            words = _("wanted %(symbol)s to be flat: %(reason)s") % {
                "symbol": formats.base(intent.symbol), "reason": own_reason(intent.reason) or intent.kind,
            }  # fmt: skip
            yield Deed(at=intent.begun_at, by=intent.asked_by, words=words)


def _sales(chain: Chain) -> Iterator[Deed]:
    """What an operator had sold beside this."""
    mine = chain.decision.decision_id if chain.decision else None
    for row in chain.sales:
        if row.decision_id != mine and row.params.get("by"):
            words = _("had %(symbol)s sold: %(reason)s") % {
                "symbol": formats.base(row.symbol),
                "reason": own_reason(row.params.get("reason", "")) or _("no reason given"),
            }
            address = reverse("why", args=[row.decision_id])
            yield Deed(at=row.decided_at, by=row.params["by"], words=words, address=address, place=WHY)


def _acts(chain: Chain) -> Iterator[Deed]:
    for row in chain.acts:
        address, place = _place_of(row)
        yield Deed(at=row.asked_at, by=row.by, words=act_words(row), address=address, place=place)


def act_words(act: OperatorAct) -> str:
    """What was asked for, what came of it, and the reason that was given."""
    words = f"{ACTS[act.name].title}: {door.sentence(act)}" if act.name in ACTS else door.sentence(act)
    return f"{words} “{act.reason}”" if act.reason else words


def _place_of(act: OperatorAct) -> tuple[str, Any]:
    if symbol := act.parameters.get("symbol"):
        return reverse("market", args=[symbol]), MARKET
    if order_id := act.parameters.get("order_id"):
        return reverse("why", args=[order_id]), WHY
    return reverse("risk"), RISK


def standing(symbol: str, position: Position | None) -> str:
    """What is held of the symbol now."""
    if position is None or not position.quantity:
        return _("nothing is held of %(symbol)s") % {"symbol": formats.base(symbol)}
    return _("%(quantity)s %(symbol)s held at %(price)s") % {
        "quantity": formats.quantity(position.quantity),
        "symbol": formats.base(symbol),
        "price": formats.price(position.avg_entry_price),
    }

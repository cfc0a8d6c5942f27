"""The answer to "why" in one line: the question as the page's title, what came of it, and the figures beside it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from cdb_site.alerts.catalog import sentence as alert_sentence
from dashboard import formats
from dashboard.chains.fills import FillSum
from dashboard.chains.layers import LayerShown
from dashboard.chains.timing import Timing
from execution.models import Position
from execution.rules.states import OPEN
from risk.operator.trace import Chain
from risk.rules.reasons import sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure; `tone` is up or down for money won or lost."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


def title(chain: Chain, filled: FillSum | None) -> str:
    """The question this page answers."""
    subject = chain.decision or chain.signal or chain.order
    if subject is None:
        return _("What is this alert about?")
    what = {"base": formats.base(subject.symbol), "quantity": formats.quantity(filled.quantity) if filled else ""}
    buying = subject.side == "BUY"
    if filled:
        words = _("Why were %(quantity)s %(base)s bought?") if buying else _("Why were %(quantity)s %(base)s sold?")
    elif chain.decision is None and chain.signal:
        words = (
            _("Why is the signal to buy %(base)s not decided?")
            if buying
            else _("Why is the signal to sell %(base)s not decided?")
        )
    elif chain.decision and chain.decision.outcome == "EXPIRED":
        words = _("Why did the buy of %(base)s expire?") if buying else _("Why did the sell of %(base)s expire?")
    elif chain.decision and chain.decision.outcome == "REJECTED":
        words = _("Why was the buy of %(base)s denied?") if buying else _("Why was the sell of %(base)s denied?")
    else:
        words = _("Why is no %(base)s bought yet?") if buying else _("Why is no %(base)s sold yet?")
    return words % what


def headline(chain: Chain, filled: FillSum | None) -> str:
    """What came of it."""
    decision, order = chain.decision, chain.order
    if decision is None:
        return _without_decision(chain)
    if decision.outcome in ("REJECTED", "EXPIRED"):
        return _("Denied: nothing was sent") if decision.outcome == "REJECTED" else _("Expired: nothing was sent")
    if filled is None:
        if order is None:
            return _("Approved; its order is not stored")
        waiting = order.state in OPEN
        return _("Approved; the order is under way") if waiting else _("Approved, but the order found no counterpart")
    whole = filled.quantity >= decision.quantity
    if decision.side == "SELL":
        return _("Sold as wanted") if whole else _("Sold in part")
    if decision.outcome == "TRIMMED":
        return _("Bought, but less than wanted")
    return _("Bought as wanted") if whole else _("Bought, but not all of it found a seller")


def _without_decision(chain: Chain) -> str:
    if chain.alert:
        return alert_sentence(chain.alert.code, chain.alert.params)
    if chain.signal:
        return _("Not decided yet")
    return _("An order whose decision is not stored")


def words(chain: Chain) -> str:
    """The reason, after what the signal saw."""
    parts = []
    if chain.signal:
        parts.append(
            _("%(base)s: momentum %(momentum)s, rank %(rank)s of %(count)s.")
            % {
                "base": formats.base(chain.signal.symbol),
                "momentum": formats.signed(formats.percent(chain.signal.momentum), chain.signal.momentum),
                "rank": chain.signal.rank,
                "count": chain.signal.universe_size,
            }
        )
    if chain.decision:
        parts.append(sentence(chain.decision.reason_code, chain.decision.params))
    elif chain.signal:
        parts.append(_("The risk manager has not answered; its backlog stands on Health."))
    return " ".join(parts)


def tiles(
    chain: Chain, filled: FillSum | None, timing: Timing, position: Position | None, close: Decimal | None
) -> list[Tile]:
    """Money, slippage, time, and what became of it."""
    found = _money(chain, filled) if filled else _asked_for(chain)
    whole = timing.whole()
    if whole is not None:
        names = {"signal": _("signal"), "decision": _("decision"), "order": _("order"), "fill": _("fill")}
        took = [(names[part], timing.since(part)) for part in names]
        note = " · ".join(f"{name} {formats.lasted(s)}" for name, s in took if s is not None)
        label = _("Candle to fill") if "fill" in timing.at and "candle" in timing.at else _("Took")
        found.append(Tile(label=label, value=formats.lasted(whole), note=note))
    after = _since_then(filled, position, close, chain) if filled else None
    return [*found, after] if after else found


def _money(chain: Chain, filled: FillSum) -> list[Tile]:
    selling = filled.realized is not None
    note = _("avg %(price)s · fee %(fee)s") % {"price": formats.price(filled.average), "fee": formats.money(filled.fee)}
    found = [Tile(label=_("Received") if selling else _("Paid"), value=formats.money(filled.value), note=note)]
    if filled.slipped_bps is not None:
        allowed = ""
        if chain.limits and not selling:
            allowed = _("of %(limit)s allowed") % {
                "limit": formats.of_unit(chain.limits.max_slippage_pct * 10_000, "BPS")
            }
        shown = formats.signed(formats.of_unit(round(filled.slipped_bps, 1), "BPS"), round(filled.slipped_bps, 1))
        found.append(Tile(label=_("Slippage"), value=shown.replace("-", formats.MINUS), note=allowed))
    return found


def _asked_for(chain: Chain) -> list[Tile]:
    decision = chain.decision
    if decision is None:
        return []
    wanted = formats.quantity(decision.wanted_quantity) if decision.wanted_quantity else formats.MISSING
    worth = decision.wanted_quantity * (decision.price or 0)
    note = formats.money(worth) if worth else _("not sized")
    aged = (
        _("%(age)s old") % {"age": formats.lasted(decision.price_age_ms / 1000)}
        if decision.price_age_ms is not None
        else ""
    )
    return [
        Tile(label=_("Wanted"), value=wanted, note=note),
        Tile(label=_("Price"), value=formats.price(decision.price), note=aged),
    ]


def _since_then(filled: FillSum, position: Position | None, close: Decimal | None, chain: Chain) -> Tile | None:
    """A sell's result; of a buy what it would be worth at the last close while its position is open."""
    if filled.realized is not None:
        return Tile(
            label=_("Realised"), value=_signed(filled.realized), note=_("before fees"), tone=_tone(filled.realized)
        )
    first = chain.fills[0].executed_at
    held = position and position.quantity and position.opened_at and position.opened_at <= first
    if not held:
        return Tile(label=_("Since then"), value=_("sold"), note=_("the position is closed"))
    if close is None:
        return None
    change = (close - filled.average) * filled.quantity
    note = _("still open, last close %(price)s") % {"price": formats.price(close)}
    return Tile(label=_("Since then"), value=_signed(change), note=note, tone=_tone(change))


def _signed(value: Decimal) -> str:
    return formats.signed(formats.money(value), value)


def _tone(value: Decimal) -> str:
    return "up" if value > 0 else "down" if value < 0 else ""


def trimmed_by(layers: list[LayerShown]) -> LayerShown | None:
    """The layer that trimmed or denied."""
    return next((layer for layer in layers if layer.decisive), None)

"""The risk layers, as data: an ordered list, each with its check and, where it watches by itself, its trigger.

    3 total exposure   positions at mark + open buys at worst price + this order at worst price > limit × equity → block
    4 position size    position + this order > limit × equity → trim; below the exchange's minimum → reject
    5 stop loss        best bid ≤ average entry × (1 − limit) → exit the position

A layer sees the quantity that is left after the ones before it. Exits pass 3 and 4 unseen. Layer 3 counts what layer 4
will leave (the wanted quantity, at most the position's headroom), so a request that will be trimmed is not blocked for
what it will not buy. Layers 1 (daily loss) and 2 (abnormal market) are not in the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from execution.books import ZERO, floor_to_step
from risk.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one layer saw and did. `verdict` is PASS, TRIM, REJECT, SKIP (an exit) or TRIGGER (this layer asks for it).

    `observed` and `limit` are in the layer's unit: fractions of equity for 3 and 4, prices for 5.
    """

    layer: int
    code: str
    verdict: str
    quantity_before: Decimal
    quantity_after: Decimal
    observed: Decimal | None = None
    limit: Decimal | None = None
    reason: str = ""


class Layer(Protocol):
    number: int
    code: str

    def check(self, situation: Situation, quantity: Decimal) -> Verdict:
        """Judge `quantity` (base units) of the request."""
        ...


def headroom(situation: Situation) -> Decimal:
    """How much more of the symbol may be bought, in base units at the decision price, before rounding to the step."""
    allowed = situation.max_position_pct * situation.equity - situation.symbol_exposure
    return max(ZERO, allowed / (situation.price or Decimal(1)))


def affordable(situation: Situation) -> Decimal:
    """What free cash pays for at the worst price, fee included, in base units."""
    return max(ZERO, situation.free_cash / (situation.worst_price * (1 + situation.taker_fee)))


class TotalExposure:
    """Layer 3 (Gesamt-Exposure): blocks; it never trims."""

    number, code = 3, "TOTAL_EXPOSURE"

    def check(self, situation: Situation, quantity: Decimal) -> Verdict:
        if situation.side == "SELL":
            return _skipped(self, quantity)
        counted = floor_to_step(min(quantity, headroom(situation)), situation.quantity_step)
        after = situation.exposure + counted * situation.worst_price
        breached = after > situation.max_exposure_pct * situation.equity
        return Verdict(
            layer=self.number,
            code=self.code,
            verdict="REJECT" if breached else "PASS",
            quantity_before=quantity,
            quantity_after=ZERO if breached else quantity,
            observed=_fraction(after, situation.equity),
            limit=situation.max_exposure_pct,
            reason="EXPOSURE_LIMIT_EXCEEDED" if breached else "",
        )


class PositionSize:
    """Layer 4 (Positionsgröße): trims to the position's headroom and to the free cash."""

    number, code = 4, "POSITION_SIZE"

    def check(self, situation: Situation, quantity: Decimal) -> Verdict:
        if situation.side == "SELL":
            return _skipped(self, quantity)
        price = situation.price or Decimal(1)
        allowed = min(quantity, headroom(situation), affordable(situation))
        after = floor_to_step(allowed, situation.quantity_step)
        least = max(situation.min_quantity, situation.quantity_step)
        too_small = after < least or after * price < situation.min_notional
        verdict = "REJECT" if too_small else "TRIM" if after < quantity else "PASS"
        wished = situation.symbol_exposure + quantity * price
        return Verdict(
            layer=self.number,
            code=self.code,
            verdict=verdict,
            quantity_before=quantity,
            quantity_after=ZERO if too_small else after,
            observed=_fraction(wished, situation.equity),
            limit=situation.max_position_pct,
            reason="POSITION_BELOW_MINIMUM" if too_small else self._trimmed_by(situation) if after < quantity else "",
        )

    def _trimmed_by(self, situation: Situation) -> str:
        by_cash = affordable(situation) < headroom(situation)
        return "POSITION_CASH_TRIMMED" if by_cash else "POSITION_LIMIT_TRIMMED"


class StopLoss:
    """Layer 5 (Stop-Loss je Trade): exits by itself; refuses to add to a position that has reached its stop."""

    number, code = 5, "STOP_LOSS"

    def triggered(self, *, bid: Decimal, avg_entry_price: Decimal, stop_loss_pct: Decimal) -> bool:
        """Whether a position must go: the rule the watcher applies to every quote of a held symbol."""
        return bid <= avg_entry_price * (1 - stop_loss_pct)

    def check(self, situation: Situation, quantity: Decimal) -> Verdict:
        if not situation.held_quantity or situation.bid is None:
            return Verdict(
                layer=self.number, code=self.code, verdict="PASS", quantity_before=quantity, quantity_after=quantity
            )
        reached = self.triggered(
            bid=situation.bid, avg_entry_price=situation.avg_entry_price, stop_loss_pct=situation.stop_loss_pct
        )
        verdict, reason = _STOP_RULES[_wish(situation), reached]
        return Verdict(
            layer=self.number,
            code=self.code,
            verdict=verdict,
            quantity_before=quantity,
            quantity_after=ZERO if reason else quantity,
            observed=situation.bid,
            limit=situation.stop_price,
            reason=reason,
        )


# (what is asked, whether the stop is reached) → (verdict, reason of a rejection)
_STOP_RULES = {
    ("ENTRY", False): ("PASS", ""),
    ("ENTRY", True): ("REJECT", "STOP_LOSS_REACHED"),
    ("STOP", False): ("REJECT", "STOP_LOSS_NOT_REACHED"),  # the bid recovered before the account was locked
    ("STOP", True): ("TRIGGER", ""),
    ("EXIT", False): ("SKIP", ""),
    ("EXIT", True): ("SKIP", ""),
}


def _wish(situation: Situation) -> str:
    if situation.side == "BUY":
        return "ENTRY"
    return "STOP" if situation.kind == "STOP" else "EXIT"


LAYERS: tuple[Layer, ...] = (TotalExposure(), PositionSize(), StopLoss())
STOP_LOSS = StopLoss()


def _skipped(layer: Layer, quantity: Decimal) -> Verdict:
    return Verdict(
        layer=layer.number, code=layer.code, verdict="SKIP", quantity_before=quantity, quantity_after=quantity
    )


def _fraction(part: Decimal, whole: Decimal) -> Decimal | None:
    return round(part / whole, 8) if whole > 0 else None

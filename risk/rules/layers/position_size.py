"""Layer 4, position size (Positionsgröße): trims to the position's headroom and to the free cash.

position at mark + open buys + this order ≤ MAX_POSITION_PCT × equity; below the exchange's minimum → reject
"""

from __future__ import annotations

from decimal import Decimal

from execution.rules.accounting import ZERO, floor_to_step
from risk.rules.decision_inputs import Situation
from risk.rules.layers.verdict import Verdict, share, skipped


def headroom(situation: Situation) -> Decimal:
    """How much more of the symbol may be bought, in base units at the decision price, before rounding to the step."""
    allowed = situation.max_position_pct * situation.equity - situation.symbol_exposure
    return max(ZERO, allowed / (situation.price or Decimal(1)))


def affordable(situation: Situation) -> Decimal:
    """What free cash pays for at the worst price, fee included, in base units."""
    return max(ZERO, situation.free_cash / (situation.worst_price * (1 + situation.taker_fee)))


class PositionSize:
    number, code = 4, "POSITION_SIZE"
    title, title_de = "Position size", "Positionsgröße"

    def check(self, situation: Situation, quantity: Decimal) -> Verdict:
        if situation.side == "SELL":
            return skipped(self.number, self.code, quantity)
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
            observed=share(wished, situation.equity),
            limit=situation.max_position_pct,
            reason="POSITION_BELOW_MINIMUM" if too_small else self._trimmed_by(situation) if after < quantity else "",
        )

    def _trimmed_by(self, situation: Situation) -> str:
        by_cash = affordable(situation) < headroom(situation)
        return "POSITION_CASH_TRIMMED" if by_cash else "POSITION_LIMIT_TRIMMED"

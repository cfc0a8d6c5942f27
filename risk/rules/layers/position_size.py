"""Layer 4, position size (Positionsgröße): trims to the position's headroom and to the free cash.

position at mark + open buys + this order ≤ MAX_POSITION_PCT × equity; below the exchange's minimum → reject
"""

from __future__ import annotations

from decimal import Decimal

from execution.rules.accounting import ZERO, floor_to_step
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers.verdict import Verdict, share, skipped


def headroom(inputs: DecisionInputs) -> Decimal:
    """How much more of the symbol may be bought, in base units at the decision price, before rounding to the step."""
    allowed = inputs.max_position_pct * inputs.equity - inputs.symbol_exposure
    return max(ZERO, allowed / inputs.entry_price)


def affordable(inputs: DecisionInputs) -> Decimal:
    """What free cash pays for at the worst price, fee included, in base units."""
    return max(ZERO, inputs.free_cash / (inputs.worst_price * (1 + inputs.venue_rules.taker_fee)))


class PositionSize:
    number, code = 4, "POSITION_SIZE"
    title, title_de = "Position size", "Positionsgröße"

    def check(self, inputs: DecisionInputs, quantity: Decimal) -> Verdict:
        if inputs.side == "SELL":
            return skipped(self.number, self.code, quantity)
        price, rules = inputs.entry_price, inputs.venue_rules
        room, payable = headroom(inputs), affordable(inputs)
        allowed = min(quantity, room, payable)
        after = floor_to_step(allowed, rules.quantity_step)
        least = max(rules.min_quantity, rules.quantity_step)
        too_small = after < least or after * price < rules.min_notional
        trimmed_by = "POSITION_CASH_TRIMMED" if payable < room else "POSITION_LIMIT_TRIMMED"
        verdict = "REJECT" if too_small else "TRIM" if after < quantity else "PASS"
        wished = inputs.symbol_exposure + quantity * price
        return Verdict(
            layer=self.number,
            code=self.code,
            verdict=verdict,
            quantity_before=quantity,
            quantity_after=ZERO if too_small else after,
            observed=share(wished, inputs.equity),
            limit=inputs.max_position_pct,
            reason="POSITION_BELOW_MINIMUM" if too_small else trimmed_by if after < quantity else "",
        )

"""Layer 3, total exposure (Gesamt-Exposure): blocks; it never trims.

    positions at mark + open buys at worst price + this order at worst price ≤ MAX_EXPOSURE_PCT × equity

It counts what layer 4 will leave (the wanted quantity, at most the position's headroom), so that a request that will be
trimmed is not blocked for what it will not buy.
"""

from __future__ import annotations

from decimal import Decimal

from execution.rules.accounting import floor_to_step
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers.position_size import headroom
from risk.rules.layers.verdict import Verdict, judged, share, skipped


class TotalExposure:
    number, code = 3, "TOTAL_EXPOSURE"
    title, title_de = "Total exposure", "Gesamt-Exposure"

    def check(self, inputs: DecisionInputs, quantity: Decimal) -> Verdict:
        if inputs.side == "SELL":
            return skipped(self.number, self.code, quantity)
        counted = floor_to_step(min(quantity, headroom(inputs)), inputs.venue_rules.quantity_step)
        after = inputs.exposure + counted * inputs.worst_price
        breached = after > inputs.max_exposure_pct * inputs.equity
        reason = "EXPOSURE_LIMIT_EXCEEDED" if breached else ""
        observed = share(after, inputs.equity)
        return judged(self.number, self.code, quantity, reason, observed, inputs.max_exposure_pct)

"""Layer 1, daily loss (Tagesverlust): equity, open losses included, against the UTC day's opening equity.

    loss = 1 − equity ÷ opening equity, deposits excluded        limit: MAX_DAILY_DRAWDOWN_PCT

Watched on every mark: at the limit trading is halted, open orders are canceled and every position is closed. As a check
it refuses entries on a day whose loss has reached the limit, also after someone released the halt.
"""

from __future__ import annotations

from decimal import Decimal

from risk.rules.circuit_breakers import drawdown
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers.verdict import EIGHT_PLACES, Verdict, judged, skipped


class DailyLoss:
    number, code = 1, "DAILY_LOSS"
    title, title_de = "Daily loss", "Tagesverlust"

    def reached(self, *, equity: Decimal, opening: Decimal | None, limit: Decimal) -> bool:
        """Whether the day's loss is at the limit: the rule the watcher applies to every mark."""
        return drawdown(equity, opening) >= limit

    def check(self, inputs: DecisionInputs, quantity: Decimal) -> Verdict:
        if inputs.side == "SELL":
            return skipped(self.number, self.code, quantity)
        limit, opening = inputs.max_daily_drawdown_pct, inputs.day_opening_equity
        loss = drawdown(inputs.equity, opening)
        reason = "DAILY_LOSS_REACHED" if loss >= limit else ""
        return judged(self.number, self.code, quantity, reason, loss.quantize(EIGHT_PLACES), limit)

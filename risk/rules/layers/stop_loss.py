"""Layer 5, stop loss (Stop-Loss je Trade): exits by itself; refuses to add to a position that has reached its stop.

    best bid ≤ average entry × (1 − STOP_LOSS_PCT) → the whole position is sold at the market

A price that jumps past the stop is sold where the market is; what that cost stands as slippage with the order. For
STOP_COOLDOWN_S of market time after a stop the symbol is not bought again.
"""

from __future__ import annotations

from decimal import Decimal

from execution.rules.accounting import ZERO
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers.verdict import Verdict, judged
from risk.rules.portfolio import stop_price


class StopLoss:
    number, code = 5, "STOP_LOSS"
    title, title_de = "Stop loss", "Stop-Loss je Trade"

    def triggered(self, *, bid: Decimal, avg_entry_price: Decimal, stop_loss_pct: Decimal) -> bool:
        """Whether a position must go: the rule the watcher applies to every quote of a held symbol."""
        return bid <= stop_price(avg_entry_price, stop_loss_pct)

    def check(self, inputs: DecisionInputs, quantity: Decimal) -> Verdict:
        if inputs.side == "BUY" and inputs.cooldown_left_s:
            left = round(inputs.cooldown_left_s, 3)
            return judged(self.number, self.code, quantity, "STOP_LOSS_COOLDOWN", left, ZERO, "SECONDS")
        if not inputs.held_quantity or inputs.bid is None:
            return judged(self.number, self.code, quantity, "", unit="PRICE")
        reached = self.triggered(
            bid=inputs.bid, avg_entry_price=inputs.avg_entry_price, stop_loss_pct=inputs.stop_loss_pct
        )
        verdict, reason = _RULES[_wish(inputs), reached]
        return Verdict(
            layer=self.number,
            code=self.code,
            verdict=verdict,
            quantity_before=quantity,
            quantity_after=ZERO if reason else quantity,
            observed=inputs.bid,
            limit=inputs.stop_price,
            unit="PRICE",
            reason=reason,
        )


# An intent to leave, once begun, is carried out: only its first request is asked whether the stop is reached.
# (what is asked, whether the stop is reached) → (verdict, reason of a rejection)
_RULES = {
    ("ENTRY", False): ("PASS", ""),
    ("ENTRY", True): ("REJECT", "STOP_LOSS_REACHED"),
    ("STOP", False): ("REJECT", "STOP_LOSS_NOT_REACHED"),  # the bid recovered before the account was locked
    ("STOP", True): ("TRIGGER", ""),
    ("EXIT", False): ("SKIP", ""),
    ("EXIT", True): ("SKIP", ""),
}


def _wish(inputs: DecisionInputs) -> str:
    if inputs.side == "BUY":
        return "ENTRY"
    return "STOP" if inputs.kind == "STOP" and not inputs.exit_wanted else "EXIT"

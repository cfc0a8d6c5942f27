"""Layer 5, stop loss (Stop-Loss je Trade): exits by itself; refuses to add to a position that has reached its stop.

    best bid ≤ average entry × (1 − STOP_LOSS_PCT) → the whole position is sold at the market

A price that jumps past the stop is sold where the market is; what that cost stands as slippage with the order. For
STOP_COOLDOWN_S of market time after a stop the symbol is not bought again.
"""

from __future__ import annotations

from decimal import Decimal

from execution.rules.accounting import ZERO
from risk.rules.decision_inputs import Situation
from risk.rules.layers.verdict import Verdict, judged
from risk.rules.portfolio import stop_price


class StopLoss:
    number, code = 5, "STOP_LOSS"

    def triggered(self, *, bid: Decimal, avg_entry_price: Decimal, stop_loss_pct: Decimal) -> bool:
        """Whether a position must go: the rule the watcher applies to every quote of a held symbol."""
        return bid <= stop_price(avg_entry_price, stop_loss_pct)

    def check(self, situation: Situation, quantity: Decimal) -> Verdict:
        if situation.side == "BUY" and situation.cooldown_left_s:
            left = round(situation.cooldown_left_s, 3)
            return judged(self.number, self.code, quantity, "STOP_LOSS_COOLDOWN", left, ZERO, "SECONDS")
        if not situation.held_quantity or situation.bid is None:
            return judged(self.number, self.code, quantity, "", unit="PRICE")
        reached = self.triggered(
            bid=situation.bid, avg_entry_price=situation.avg_entry_price, stop_loss_pct=situation.stop_loss_pct
        )
        verdict, reason = _RULES[_wish(situation), reached]
        return Verdict(
            layer=self.number,
            code=self.code,
            verdict=verdict,
            quantity_before=quantity,
            quantity_after=ZERO if reason else quantity,
            observed=situation.bid,
            limit=situation.stop_price,
            unit="PRICE",
            reason=reason,
        )


# (what is asked, whether the stop is reached) → (verdict, reason of a rejection)
_RULES = {
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

"""Layer 2, abnormal market (Abnormale Marktbedingungen): no new exposure while something is not as it should be.

The breakers (`risk.rules.circuit_breakers`) are opened by whoever watches the market; the check refuses entries while
one that concerns the symbol is open. What the inputs show by themselves (24-h drawdown, spread, order rate) is
checked again here, so that no entry slips through before the breaker's row is written.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marketdata.ticks import spread_bps
from risk.rules.circuit_breakers import Finding, Observations, drawdown, watch
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers.verdict import EIGHT_PLACES, Verdict, judged, skipped
from risk.rules.limits import Limits


class AbnormalMarket:
    number, code = 2, "ABNORMAL_MARKET"
    title, title_de = "Abnormal market", "Abnormale Marktbedingungen"

    def watch(self, seen: Observations, limits: Limits) -> list[Finding]:
        """Every breaker that must be open: the rules the guard applies to every mark."""
        return watch(seen, limits)

    def check(self, inputs: DecisionInputs, quantity: Decimal) -> Verdict:
        if inputs.side == "SELL":
            return skipped(self.number, self.code, quantity)
        if inputs.breakers:
            return self._refused(quantity, "BREAKER_OPEN")
        fallen = drawdown(inputs.equity, inputs.peak_equity).quantize(EIGHT_PLACES)
        if fallen >= inputs.max_drawdown_pct:
            return self._refused(quantity, "DRAWDOWN_REACHED", fallen, inputs.max_drawdown_pct)
        spread = spread_bps(inputs.bid, inputs.price)
        if spread is not None and spread > inputs.max_spread_bps:
            return self._refused(quantity, "SPREAD_TOO_WIDE", spread, inputs.max_spread_bps, "BPS")
        if inputs.orders_last_minute >= inputs.max_orders_per_minute:
            orders = Decimal(inputs.orders_last_minute)
            return self._refused(quantity, "ORDER_RATE_REACHED", orders, inputs.max_orders_per_minute, "ORDERS")
        return judged(self.number, self.code, quantity, "", fallen, inputs.max_drawdown_pct)

    def _refused(self, quantity: Decimal, reason: str, *seen: Any) -> Verdict:
        """`seen` are what was observed, its limit, and their unit where that is no fraction."""
        return judged(self.number, self.code, quantity, reason, *seen)

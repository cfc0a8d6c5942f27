"""How a candle's price stands for a symbol's book: bid and ask beside it on the tick, depth from a day's turnover.

    bid       price × (1 − spread_bps ÷ 20,000), down to the tick, one tick at least
    ask       price × (1 + spread_bps ÷ 20,000), up to the tick
    turnover  quote volume of the last 24 hours of candles; while fewer are recorded, of these, scaled to a day

Prices come as counts of the symbol's price unit and are compared as integers: nothing is rounded but to the tick. Pure.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from execution.rules.fill_model import Book, Rules
from signals_app.rules.momentum import INT64_MAX

TWO_SIDES_BPS = 20_000


class Quoting:
    """One symbol's prices as its exchange would quote them. `places` are those of its price unit."""

    __slots__ = ("_ask", "_bid", "rules", "spread", "tick", "unit")

    def __init__(self, rules: Rules, places: int, spread_bps: Decimal) -> None:
        self.rules, self.tick, self.unit = rules, rules.price_tick, Decimal(1).scaleb(-places)
        half, ticks = Fraction(spread_bps) / TWO_SIDES_BPS, Fraction(self.unit) / Fraction(self.tick)
        self.spread = Fraction(spread_bps)
        self._bid, self._ask = _ratio(ticks * (1 - half)), _ratio(ticks * (1 + half))

    def price(self, units: int) -> Decimal:
        return Decimal(units) * self.unit

    def bid(self, units: int) -> Decimal:
        return Decimal(self._bid_ticks(units)) * self.tick

    def ask(self, units: int) -> Decimal:
        numerator, denominator = self._ask
        return Decimal(-(-units * numerator // denominator)) * self.tick

    def book(self, units: int, turnover: Decimal | None) -> Book:
        """The book at a price: what is quoted beside it, and no quantities but the day's turnover."""
        return _book(self.bid(units), self.ask(units), turnover)

    def stop_book(self, open_units: int, stop_price: Decimal, turnover: Decimal | None) -> Book:
        """The book at which a stop that the candle touched is sold: at the stop, or where the candle opened below."""
        bid = min(self.bid(open_units), Decimal(self._stop_ticks(stop_price)) * self.tick)
        return _book(bid, self.ask(_ceiling(bid / self.unit)), turnover)

    def touched_at(self, stop_price: Decimal) -> int:
        """The highest price whose bid is at or below the stop, 0: none is."""
        ticks, (numerator, denominator) = self._stop_ticks(stop_price), self._bid
        return min(((ticks + 1) * denominator - 1) // numerator, INT64_MAX) if ticks > 0 else 0

    def least_to_sell(self, quantity: Decimal, stop_price: Decimal) -> int:
        """The lowest price at the open at which a stop of such a position is no dust; INT64_MAX: it always is."""
        whole = quantity // self.rules.quantity_step * self.rules.quantity_step
        if whole < self.rules.min_quantity or whole <= 0:
            return INT64_MAX
        need = _ceiling(self.rules.min_notional / (whole * self.tick))
        if self._stop_ticks(stop_price) < need:
            return INT64_MAX
        numerator, denominator = self._bid
        return -(-need * denominator // numerator) if need > 1 else 0

    def widest_bps(self, units: int) -> Fraction:
        """No price from this one up is quoted further apart, in basis points of the middle."""
        middle = max(Fraction(self.unit) * units - Fraction(self.tick), Fraction(self.tick) / 2)
        return self.spread * Fraction(self.unit) * units / middle + TWO_SIDES_BPS * Fraction(self.tick) / middle

    def _bid_ticks(self, units: int) -> int:
        numerator, denominator = self._bid
        return max(units * numerator // denominator, 1)

    def _stop_ticks(self, stop_price: Decimal) -> int:
        return int(stop_price // self.tick)


def _ceiling(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def _ratio(value: Fraction) -> tuple[int, int]:
    return value.numerator, value.denominator


def _book(bid: Decimal, ask: Decimal, turnover: Decimal | None) -> Book:
    return Book(bid=bid, ask=ask, bid_quantity=None, ask_quantity=None, quote_volume_24h=turnover)

"""One simulated market played through the strategy by the functions that decide live.

Once a candle, a moment after its close, the cross-section is evaluated and its signals are decided as one batch against
the books of that moment. Between the closes every deal of a held symbol is a look at its stop. What is held at the end
is sold at the book. Nothing here reads a clock, a database or a setting: all is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

import numpy as np

from cdb_site.clock import from_seconds
from cdb_site.env import Environment
from execution.rules.fill_model import Book, Rules
from marketdata.intervals import window_start_s
from marketdata.universe.rules import choose
from mexc_sim.market.exchange import TAKER_FEE, Exchange, candle_texts
from mexc_sim.market.source import Listing
from replay.trial_account import Tally, TrialAccount
from risk.decision.requests import Request
from risk.rules.layers import STOP_LOSS
from risk.rules.portfolio import stop_price
from signals_app.rules.cross_section import CrossSection, SignalDraft
from signals_app.rules.strategy import strategy_of

DECIDED_AFTER_S = 2.0
WARM_UP_LOOKBACKS = 2
NO_ID = UUID(int=0)  # nothing of a trial is stored, so nothing has to be found again


class Trial:
    """The default strategy on one market from `start_s` on, the opening of a candle."""

    def __init__(self, exchange: Exchange, environment: Environment, start_s: int) -> None:
        self.exchange, self.environment, self.start_s = exchange, environment, start_s
        self.strategy = strategy_of(environment)
        self.listings = {item.symbol: item for item in exchange.source.listings}
        self.account = TrialAccount(environment, {name: rules_of(item) for name, item in self.listings.items()})
        self.universe = self._universe()
        self.section = self._warm_section()

    def run(self, length_s: int) -> Tally:
        """Play so many seconds, then sell everything."""
        step_s, end_s = self.strategy.interval_s, self.start_s + length_s
        for closes_s in range(self.start_s + step_s, end_s + 1, step_s):
            self._watch(closes_s - step_s, closes_s)
            drafts = self._evaluated(closes_s)
            if drafts:
                at_s = closes_s + DECIDED_AFTER_S
                self._decide([_signaled(draft, at_s) for draft in drafts], at_s)
        at_s = end_s + DECIDED_AFTER_S
        left = [_exit(name, "OPERATOR", at_s) for name in self.account.holdings]
        if left:
            self._decide(left, at_s)
        self.account.tally.net_pnl = self.account.cash - self.environment.STARTING_CASH
        return self.account.tally

    def _universe(self) -> list[str]:
        day = self.exchange.day(self.start_s)
        tradable = [item for item in self.exchange.source.listings if item.tradable]
        turnover = {item.symbol: self._amount(item, day.quote_volume) for item in tradable}
        return choose(
            offered=[item.symbol for item in tradable],
            turnover=turnover,
            whitelist=self.environment.SYMBOL_WHITELIST,
            size=self.environment.UNIVERSE_SIZE,
            quote_asset=self.environment.QUOTE_ASSET,
        )

    def _amount(self, listing: Listing, quote_units: np.ndarray) -> Decimal:
        return Decimal(int(quote_units[self.exchange.rows[listing.symbol]])).scaleb(-listing.quote_places)

    def _warm_section(self) -> CrossSection:
        section = CrossSection(self.strategy)
        section.set_universe(self.universe)
        last = self.start_s // self.strategy.interval_s - 1
        section.skip_to(last)
        for period in range(last - WARM_UP_LOOKBACKS * self.strategy.lookback_rows, last + 1):
            section.add(period, self._readings(period), at_s=0.0)
        return section

    def _readings(self, period: int) -> Iterable[tuple[str, str, str]]:
        """Symbol, close and quote volume of the closed candles of one period."""
        step_s = self.strategy.interval_s
        candle = self.exchange.window(period * step_s, step_s, (period + 1) * step_s)
        for name in self.universe:
            row = self.exchange.rows[name]
            if candle.open[row, 0]:
                texts = candle_texts(self.listings[name], candle, row, 0)
                yield name, texts[3], texts[5]

    def _evaluated(self, closes_s: int) -> list[SignalDraft]:
        period = closes_s // self.strategy.interval_s - 1
        self.section.add(period, self._readings(period), at_s=0.0)
        return self.section.evaluate(period, late=False).drafts

    def _decide(self, requests: list[Request], at_s: float) -> None:
        self.account.decide(requests, self._books(at_s), at_s - self.start_s)

    def _books(self, at_s: float) -> dict[str, Book]:
        """Every symbol's best prices and 24-hour turnover at one moment."""
        day = self.exchange.day(at_s)
        return {
            quote.symbol: Book(
                bid=Decimal(quote.bid),
                ask=Decimal(quote.ask),
                bid_quantity=Decimal(quote.bid_quantity),
                ask_quantity=Decimal(quote.ask_quantity),
                quote_volume_24h=self._amount(self.listings[quote.symbol], day.quote_volume),
            )
            for quote in self.exchange.quotes(at_s)
        }

    def _watch(self, from_s: int, until_s: int) -> None:
        """Layer 5 looks at every deal of what is held; the earliest stop is decided first."""
        base_s = self.exchange.source.interval_s
        for start_s in range(window_start_s(from_s, base_s), until_s, base_s):
            looked_to_s = float(start_s)
            while reached := self._stops(start_s, looked_to_s):
                looked_to_s, symbol = min(reached)
                self._decide([_exit(symbol, "STOP", looked_to_s)], looked_to_s)

    def _stops(self, start_s: int, after_s: float) -> list[tuple[float, str]]:
        """Held symbols whose bid reaches the stop after `after_s` in the window, and when."""
        moments = [(self._stop_at(name, start_s, after_s), name) for name in self.account.holdings]
        return [(at_s, name) for at_s, name in moments if at_s is not None]

    def _stop_at(self, symbol: str, start_s: int, after_s: float) -> float | None:
        deals, row = self.exchange.tape.window(start_s), self.exchange.rows[symbol]
        places = self.listings[symbol].price_places
        entry, limit = self.account.holdings[symbol].avg_entry_price, self.environment.STOP_LOSS_PCT
        bids = np.where(deals.buyer[row], deals.price[row] - deals.spread[row], deals.price[row])
        near = bids <= float(stop_price(entry, limit)) * 10**places * (1 + 1e-9)
        near &= (deals.quantity[row] > 0) & (deals.at_ms[row] > after_s * 1000)
        for index in np.flatnonzero(near).tolist():
            bid = Decimal(int(bids[index])).scaleb(-places)
            if STOP_LOSS.triggered(bid=bid, avg_entry_price=entry, stop_loss_pct=limit):
                return int(deals.at_ms[row, index]) / 1000
        return None


def rules_of(listing: Listing) -> Rules:
    return Rules(
        price_tick=Decimal(1).scaleb(-listing.price_places),
        quantity_step=Decimal(1).scaleb(-listing.quantity_places),
        min_quantity=Decimal(listing.min_quantity),
        min_notional=Decimal(listing.min_notional),
        taker_fee=Decimal(TAKER_FEE),
    )


def _signaled(draft: SignalDraft, at_s: float) -> Request:
    return Request(
        decision_id=NO_ID,
        kind="SIGNAL",
        side=draft.side,
        symbol=draft.symbol,
        occurred_at=from_seconds(at_s),
        strength=draft.strength,
    )


def _exit(symbol: str, kind: str, at_s: float) -> Request:
    return Request(decision_id=NO_ID, kind=kind, side="SELL", symbol=symbol, occurred_at=from_seconds(at_s))

"""What an act would bring if it were done now, for whoever is asked "are you sure": read, nothing written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from cdb_site.clock import Clock
from execution.rules.accounting import ZERO
from risk import account_reading
from risk.account_reading import Reading
from risk.marks import Marks
from risk.rules.portfolio import stop_price


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleEffect:
    """Selling these positions at the best bids (the mark where no book is fresh): quote asset, before impact."""

    symbols: tuple[str, ...]
    value: Decimal
    proceeds: Decimal
    fees: Decimal
    result: Decimal
    guessed: bool

    @property
    def count(self) -> int:
        return len(self.symbols)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestStop:
    symbol: str
    distance: Decimal


def read(account: str, marks: Marks, clock: Clock) -> Reading:
    return account_reading.reading(account, marks, clock.market_now())


def sale(reading: Reading, marks: Marks, symbols: Collection[str] | None = None) -> SaleEffect:
    """What selling these positions (None: all) would bring, less the taker's fee; `result` is after that fee."""
    portfolio = reading.portfolio
    chosen = [name for name in sorted(portfolio.holdings) if symbols is None or name in symbols]
    proceeds = fees = cost = ZERO
    guessed = False
    for name in chosen:
        holding, book, rules = portfolio.holdings[name], marks.board.fresh_book(name), marks.board.rules(name)
        guessed = guessed or book is None or rules is None
        brings = holding.quantity * (book.bid if book else portfolio.marks[name].price)
        proceeds += brings
        fees += brings * (rules.taker_fee if rules else ZERO)
        cost += holding.quantity * holding.avg_entry_price
    return SaleEffect(
        symbols=tuple(chosen),
        value=sum(map(portfolio.notional, chosen), ZERO),
        proceeds=proceeds,
        fees=fees,
        result=proceeds - cost - fees,
        guessed=guessed,
    )


def nearest_stop(reading: Reading) -> NearestStop | None:
    """The position whose stop is the smallest part of its mark away."""
    portfolio, stop_loss = reading.portfolio, reading.limits.stop_loss_pct
    priced = {name: portfolio.marks[name].price for name in portfolio.holdings if portfolio.marks[name].price}
    found = [
        NearestStop(
            symbol=name, distance=1 - stop_price(portfolio.holdings[name].avg_entry_price, stop_loss) / priced[name]
        )
        for name in priced
    ]
    return min(found, key=lambda row: row.distance, default=None)

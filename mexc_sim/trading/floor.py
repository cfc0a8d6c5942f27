"""The trading floor of the simulated exchange: accounts, their orders and trades, one matching book a pair.

Pure: who asks says when it is and what the market's book is then. Amounts are Decimal; a book counts in ticks and
steps. Accounts may come with what they did before: what rests, rests again, in the order in which it came. Fees are
taken of what is received, or of the quote asset where the account pays so; makers pay their own rate. A client's id is
kept as it comes, also twice: that nobody uses one twice is not the exchange's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from mexc_sim.market.source import Listing
from mexc_sim.trading.accounts import ZERO, BalanceChange, Balances, Overdrawn, Why
from mexc_sim.trading.matching import Kind, Match, MatchingBook, Side, SimOrder, State, Street, state_of


class OrderRefused(Exception):
    """An order that is not taken: the exchange's code and sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


BAD_SYMBOL, TOO_LITTLE, TOO_POOR, BAD_PRICE, BAD_QUANTITY = 10007, 30002, 30004, 30010, 30029


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as it is asked for. `quantity` in base units, `amount` in the quote asset for a market purchase."""

    symbol: str
    side: Side
    kind: Kind
    quantity: Decimal | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    client_id: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class FloorOrder:
    """An order with what the exchange says of it: filled base units and what they cost, in the quote asset. `locked` is
    what of it is still set aside, of `locked_asset`."""

    asked: OrderRequest
    order: SimOrder
    account: str
    created_ms: int
    updated_ms: int
    filled: Decimal = ZERO
    paid: Decimal = ZERO
    over: bool = False
    locked_asset: str = ""
    locked: Decimal = ZERO

    @property
    def state(self) -> State:
        """As far as its trades are booked. What was bought for an amount is filled when nothing more is bought."""
        bought_for_amount = self.asked.quantity is None and self.over
        return state_of(
            bool(self.filled) and (bought_for_amount or self.filled == self.asked.quantity),
            bool(self.filled),
            self.over,
        )


class FloorTrade(NamedTuple):
    """One side of a trade, as its account sees it."""

    trade_id: str
    placed: FloorOrder
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    self_trade: bool
    at_ms: int


class Payment(NamedTuple):
    """Paid in from outside, or out where the amount is below zero."""

    asset: str
    amount: Decimal
    at_ms: int


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """`fee_in_quote`: fees are of the quote asset, whatever is received."""

    name: str
    balances: Balances = field(default_factory=Balances)
    maker_fee: Decimal = ZERO
    taker_fee: Decimal = Decimal("0.0005")
    fee_in_quote: bool = False
    orders: dict[str, FloorOrder] = field(default_factory=dict)
    trades: list[FloorTrade] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)

    def named(self, client_id: str) -> FloorOrder | None:
        """The newest order of that client's id."""
        return next((one for one in reversed(self.orders.values()) if one.asked.client_id == client_id), None)


# What an account's own stream shows, and what happens besides.
Shown = FloorOrder | FloorTrade | BalanceChange
News = Shown | Payment


class TradingFloor:
    """`tell` hears what happens in an account, as it happens; `done` is called when an act is at its end, and nothing
    may be told outside before. `street_of` gives the version of a pair's market and its levels, in ticks and steps, as
    they are now."""

    def __init__(
        self,
        listings: Sequence[Listing],
        accounts: Sequence[SimAccount],
        street_of: Callable[[str], tuple[int, Street]],
        next_id: Callable[[], str],
        tell: Callable[[SimAccount, News, int], None] = lambda *_: None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self.listings: Mapping[str, Listing] = {listing.symbol: listing for listing in listings}
        self.accounts = {account.name: account for account in accounts}
        self._street_of, self._next_id, self._tell, self._done = street_of, next_id, tell, done
        self._books: dict[str, MatchingBook] = {}
        self._versions: dict[str, int] = {}
        self._placed: dict[str, FloorOrder] = {}
        known = [placed for account in accounts for placed in account.orders.values()]
        for placed in sorted(known, key=lambda one: (len(one.order.order_id), one.order.order_id)):
            self._placed[placed.order.order_id] = placed
            self._books.setdefault(placed.asked.symbol, MatchingBook()).rest_again(placed.order)

    @contextmanager
    def _act(self) -> Iterator[None]:
        """An act is over when it is written, also where it was refused: the market was looked at all the same."""
        try:
            yield
        finally:
            self._done()

    def pay(self, account: SimAccount, asset: str, amount: Decimal, at_ms: int) -> None:
        """From outside: in, or out where the amount is below zero. Raises Overdrawn and changes nothing."""
        with self._act():
            account.balances.change(asset, free=amount, why=Why.DEPOSIT if amount > 0 else Why.WITHDRAWAL)
            account.payments.append(Payment(asset, amount, at_ms))
            self._tell(account, account.payments[-1], at_ms)
            self._say_changes(account, at_ms)

    def place(self, account: SimAccount, asked: OrderRequest, at_ms: int) -> FloorOrder:
        """Take an order and match it. Raises OrderRefused and changes nothing."""
        with self._act():
            placed = self._judged(account, asked, at_ms)
            book = self._books[asked.symbol]
            self._lock(account, placed, book)
            account.orders[placed.order.order_id] = self._placed[placed.order.order_id] = placed
            self._say(placed, at_ms)
            self._settle(asked.symbol, book.submit(placed.order), at_ms)
            self._close(placed, at_ms)
            return placed

    def _say(self, news: FloorOrder | FloorTrade, at_ms: int) -> None:
        """An order or trade, and what has changed since in what the account has."""
        account = self.accounts[(news.placed if isinstance(news, FloorTrade) else news).account]
        self._tell(account, news, at_ms)
        self._say_changes(account, at_ms)

    def _say_changes(self, account: SimAccount, at_ms: int) -> None:
        for change in account.balances.told():
            self._tell(account, change, at_ms)

    def judge(self, account: SimAccount, asked: OrderRequest, at_ms: int) -> FloorOrder:
        """The order as it would be placed on the market as it is now. Raises OrderRefused."""
        with self._act():
            return self._judged(account, asked, at_ms)

    def _judged(self, account: SimAccount, asked: OrderRequest, at_ms: int) -> FloorOrder:
        listing = self.listings.get(asked.symbol)
        if listing is None or not listing.tradable:
            raise OrderRefused(BAD_SYMBOL, "symbol not support api")
        book = self._book(asked.symbol, at_ms)
        price = _on_grid(asked.price, listing.price_places, BAD_PRICE, "price") if asked.price is not None else None
        if asked.kind is not Kind.MARKET and not price:
            raise OrderRefused(BAD_PRICE, "no valid price")
        quantity = None
        if asked.quantity is not None:
            quantity = _on_grid(asked.quantity, listing.quantity_places, BAD_QUANTITY, "quantity")
        worth = asked.amount if quantity is None else self._worth(asked, listing, book)
        if not worth or worth < Decimal(listing.min_notional):
            raise OrderRefused(
                TOO_LITTLE, "The minimum transaction volume cannot be less than: " + listing.min_notional
            )
        places = listing.price_places + listing.quantity_places
        order = SimOrder(
            order_id=self._next_id(),
            side=asked.side,
            kind=asked.kind,
            price=price if asked.kind is not Kind.MARKET else None,
            quantity=quantity,
            amount=int((asked.amount or ZERO).scaleb(places)) if quantity is None else None,
        )
        return FloorOrder(asked=asked, order=order, account=account.name, created_ms=at_ms, updated_ms=at_ms)

    @staticmethod
    def _worth(asked: OrderRequest, listing: Listing, book: MatchingBook) -> Decimal:
        """What the whole of it costs at its price, or at the market's best one."""
        price = asked.price
        if price is None:
            levels = book.street.of(asked.side.other)
            price = Decimal(levels[0][0]).scaleb(-listing.price_places) if levels else ZERO
        return price * (asked.quantity or ZERO)

    def _lock(self, account: SimAccount, placed: FloorOrder, book: MatchingBook) -> None:
        asked, listing = placed.asked, self.listings[placed.asked.symbol]
        if asked.side is Side.SELL:
            placed.locked_asset, placed.locked = listing.base_asset, asked.quantity or ZERO
        elif asked.amount is not None and asked.quantity is None:
            placed.locked_asset, placed.locked = listing.quote_asset, asked.amount
        else:
            placed.locked_asset = listing.quote_asset
            placed.locked = self._costliest(asked, listing, book)
        if asked.side is Side.BUY and account.fee_in_quote:
            placed.locked *= 1 + max(account.maker_fee, account.taker_fee)
        try:
            account.balances.lock(placed.locked_asset, placed.locked)
        except Overdrawn:
            raise OrderRefused(TOO_POOR, "Insufficient position") from None

    @staticmethod
    def _costliest(asked: OrderRequest, listing: Listing, book: MatchingBook) -> Decimal:
        """What a purchase can cost at most: at its own price, or walking what there is."""
        if asked.price is not None and asked.kind is not Kind.MARKET:
            return asked.price * (asked.quantity or ZERO)
        left, cost = int((asked.quantity or ZERO).scaleb(listing.quantity_places)), 0
        levels = list(book.street.asks)
        levels += [(one.price or 0, one.wants(one.price or 0)) for one in book.resting(Side.SELL)]
        for price, quantity in sorted(levels):
            taken = min(left, quantity)
            cost, left = cost + price * taken, left - taken
        return Decimal(cost).scaleb(-listing.price_places - listing.quantity_places)

    def cancel(self, placed: FloorOrder, at_ms: int) -> bool:
        """False when it is at its end already."""
        with self._act():
            self._book(placed.asked.symbol, at_ms)
            canceled = self._books[placed.asked.symbol].cancel(placed.order)
            self._close(placed, at_ms)
            return canceled

    def move(self, symbol: str, at_ms: int) -> None:
        """The market of a pair is looked at: what rests there may trade."""
        with self._act():
            if symbol in self._books:
                self._book(symbol, at_ms)

    def move_all(self, at_ms: int) -> None:
        """Every pair with something that rests is looked at."""
        with self._act():
            for symbol, book in self._books.items():
                if book.resting(Side.BUY) or book.resting(Side.SELL):
                    self._book(symbol, at_ms)

    def _book(self, symbol: str, at_ms: int) -> MatchingBook:
        """The pair's book. What was taken of its street stays taken while its market stands."""
        book = self._books.setdefault(symbol, MatchingBook())
        version, street = self._street_of(symbol)
        if self._versions.get(symbol) != version:
            self._versions[symbol] = version
            self._settle(symbol, book.tell(street), at_ms)
        return book

    def _settle(self, symbol: str, matches: Sequence[Match], at_ms: int) -> None:
        for match in matches:
            trade_id = self._next_id()
            parties = [order for order in (match.taker, match.maker) if order is not None]
            owners = {self._placed[order.order_id].account for order in parties}
            for order in parties:
                self._book_trade(
                    self._placed[order.order_id],
                    match,
                    trade_id,
                    maker=order is match.maker,
                    self_trade=len(parties) == 2 and len(owners) == 1,
                    at_ms=at_ms,
                )
        # A taker is at its end before the first of its trades is booked.
        for order in {order for match in matches for order in match[2:] if order is not None}:
            self._close(self._placed[order.order_id], at_ms)

    def _book_trade(
        self, placed: FloorOrder, match: Match, trade_id: str, *, maker: bool, self_trade: bool, at_ms: int
    ) -> None:
        account, listing = self.accounts[placed.account], self.listings[placed.asked.symbol]
        price = Decimal(match.price).scaleb(-listing.price_places)
        quantity = Decimal(match.quantity).scaleb(-listing.quantity_places)
        amount, buys = price * quantity, placed.asked.side is Side.BUY
        paid, received = (amount, quantity) if buys else (quantity, amount)
        received_asset = listing.base_asset if buys else listing.quote_asset
        account.balances.change(placed.locked_asset, locked=-paid, why=Why.TRADED)
        account.balances.change(received_asset, free=received, why=Why.TRADED)
        placed.locked -= paid
        placed.filled += quantity
        placed.paid += amount
        fee_asset = listing.quote_asset if account.fee_in_quote else received_asset
        fee = (amount if fee_asset == listing.quote_asset else received) * (
            account.maker_fee if maker else account.taker_fee
        )
        if buys and account.fee_in_quote:
            account.balances.change(fee_asset, locked=-fee, why=Why.FEE)
            placed.locked -= fee
        elif fee:
            account.balances.change(fee_asset, free=-fee, why=Why.FEE)
        placed.updated_ms = at_ms
        trade = FloorTrade(trade_id, placed, price, quantity, fee, fee_asset, maker, self_trade, at_ms)
        account.trades.append(trade)
        self._say(trade, at_ms)
        self._say(placed, at_ms)

    def _close(self, placed: FloorOrder, at_ms: int) -> None:
        """An order at its end gives back what it did not need."""
        if placed.order.open or placed.over:
            return
        account = self.accounts[placed.account]
        account.balances.release(placed.locked_asset, placed.locked)
        placed.locked, placed.updated_ms, placed.over = ZERO, at_ms, True
        if placed.order.canceled:
            self._say(placed, at_ms)
        else:
            self._say_changes(account, at_ms)


def _on_grid(value: Decimal | None, places: int, code: int, name: str) -> int:
    """Whole ticks or steps. Raises OrderRefused for what has more places, or is not above zero."""
    if value is None or not value.is_finite() or value <= 0:
        raise OrderRefused(code, f"no valid {name}")
    scaled = value.scaleb(places)
    whole = scaled.to_integral_value(ROUND_DOWN)
    if scaled != whole:
        raise OrderRefused(code, f"{name} has more than {places} decimals")
    return int(whole)

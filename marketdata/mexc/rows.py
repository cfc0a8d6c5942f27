"""Rows of the exchange's REST answers as plain values with Decimal numbers.

A list is read row by row: one that cannot be used is counted and left out, and the others count. A candle left out
this way is one that is missing, as if the exchange had not sent it. A pair left out this way is still listed: what was
known of it before goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeVar

from marketdata.metrics import MALFORMED

T = TypeVar("T")

SURPRISES = (
    KeyError, IndexError, TypeError, ValueError, InvalidOperation, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
# Decimal would take more: 1_000, Arabic digits, spaces, NaN.
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?")
NUMBER_LENGTH_MAX = 60
MAGNITUDE_MAX = 30
NO_FEE = Decimal(0)
# Not told: as before the exchange had the field.
SIDES = {None: "BOTH", 1: "BOTH", 2: "BUY", 3: "SELL", 4: "NONE"}


class InstrumentInfo(NamedTuple):
    """One pair. `taker_fee` is a fraction; None when the exchange names none."""

    symbol: str
    base_asset: str
    quote_asset: str
    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    taker_fee: Decimal | None
    trading: bool
    sides: str = "BOTH"

    @property
    def may_buy(self) -> bool:
        """A pair that could not be sold again is not bought."""
        return self.trading and self.sides == "BOTH"


class ExchangeListing(NamedTuple):
    """What the exchange lists. `odd`: symbols of rows that cannot be used, or that tell two things of one pair."""

    instruments: list[InstrumentInfo]
    odd: frozenset[str]

    @property
    def symbols(self) -> set[str]:
        return {item.symbol for item in self.instruments} | self.odd


class CandleRow(NamedTuple):
    """One candle; times in epoch seconds, volume in base and quote units."""

    symbol: str
    open_s: int
    close_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal


class Ticker(NamedTuple):
    """24-hour figures; `change` is a fraction."""

    symbol: str
    last: Decimal
    change: Decimal
    quote_volume: Decimal
    bid: Decimal
    ask: Decimal


class BookTop(NamedTuple):
    """Best bid and ask with what is offered there; bid below ask."""

    bid: Decimal
    ask: Decimal
    bid_quantity: Decimal
    ask_quantity: Decimal


def usable(where: str, rows: Iterable[Any], read: Callable[[Any], T]) -> list[T]:
    """What `read` makes of each row, without those it cannot use; `where` is the metric's label."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except SURPRISES:
            MALFORMED.labels(where, "row").inc()
    return found


def number(text: Any) -> Decimal:
    """A finite number of believable size; None is 0. Raises ValueError or InvalidOperation."""
    if not isinstance(text, str | int | float | None):
        raise ValueError(f"a number as {type(text).__name__}")
    told = str(text if text is not None else 0)
    if len(told) > NUMBER_LENGTH_MAX:
        raise ValueError(f"a number of {len(told)} characters")
    if not NUMBER.fullmatch(told):
        raise ValueError(f"no number: {told!r}")
    value = Decimal(told)
    if not value.is_finite() or abs(value.adjusted()) > MAGNITUDE_MAX:
        raise ValueError(f"no believable number: {told!r}")
    return value


def name(text: Any) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= NUMBER_LENGTH_MAX or not text.isprintable():
        raise ValueError(f"no name: {str(text)[:NUMBER_LENGTH_MAX]!r}")
    return text


def listing(rows: Iterable[Any]) -> ExchangeListing:
    """All pairs of the exchange, each once. An odd row costs its own pair alone."""
    found: dict[str, InstrumentInfo] = {}
    odd: set[str] = set()
    for row in rows:
        try:
            item = instrument(row)
        except SURPRISES:
            MALFORMED.labels("exchangeInfo", "row").inc()
            odd |= _told_symbol(row)
            continue
        if found.setdefault(item.symbol, item) != item:
            MALFORMED.labels("exchangeInfo", "duplicate").inc()
            odd.add(item.symbol)
    return ExchangeListing([item for item in found.values() if item.symbol not in odd], frozenset(odd))


def instrument(row: Mapping[str, Any]) -> InstrumentInfo:
    """A fee below 0 is a rebate that nobody counts on: 0. One that is not told is None."""
    told = row.get("takerCommission")
    fee = None if told in (None, "") else number(told)
    if fee is not None and fee < 0:
        MALFORMED.labels("exchangeInfo", "negative_fee").inc()
        fee = NO_FEE
    info = InstrumentInfo(
        name(row["symbol"]),
        name(row["baseAsset"]),
        name(row["quoteAsset"]),
        _step(row["quoteAssetPrecision"]),
        _step(row["baseAssetPrecision"]),
        number(row["baseSizePrecision"]),
        number(row["quoteAmountPrecision"]),
        fee,
        str(row["status"]) == "1" and bool(row.get("isSpotTradingAllowed")),
        SIDES[row.get("tradeSideType")],
    )
    if info.min_quantity < 0 or info.min_notional < 0 or (fee is not None and fee >= 1):
        raise ValueError(f"impossible instrument {info.symbol}")
    return info


def _told_symbol(row: Any) -> set[str]:
    """The symbol of a row that cannot be used, if it has one."""
    try:
        return {name(row["symbol"])}
    except SURPRISES:
        return set()


def _step(places: Any) -> Decimal:
    digits = number(places)
    if digits != int(digits) or not 0 <= digits <= MAGNITUDE_MAX:
        raise ValueError(f"{digits} decimals")
    return Decimal(1).scaleb(-int(digits))


def candle(symbol: str, row: Sequence[Any], length_s: int) -> CandleRow:
    open_ms = int(row[0])
    opened, high, low, close, volume, quote_volume = (number(row[place]) for place in (1, 2, 3, 4, 5, 7))
    if open_ms % (length_s * 1000) or not 0 < open_ms < 1 << 42:
        raise ValueError(f"a candle cannot open at {open_ms}")
    if not 0 < low <= min(opened, close) or high < max(opened, close) or volume < 0 or quote_volume < 0:
        raise ValueError(f"impossible candle {row!r}")
    open_s = open_ms // 1000
    return CandleRow(symbol, open_s, open_s + length_s, opened, high, low, close, volume, quote_volume)


def ticker(row: Mapping[str, Any]) -> Ticker:
    return Ticker(
        name(row["symbol"]),
        number(row["lastPrice"]),
        number(row["priceChangePercent"]),
        number(row["quoteVolume"]),
        number(row.get("bidPrice")),
        number(row.get("askPrice")),
    )


def book_top(row: Mapping[str, Any]) -> tuple[str, BookTop | None]:
    """(symbol, its best prices; None where nobody bids or offers)."""
    top = BookTop(*(number(row.get(field)) for field in ("bidPrice", "askPrice", "bidQty", "askQty")))
    symbol = name(row["symbol"])
    if not top.bid or not top.ask:
        return symbol, None
    if not 0 < top.bid < top.ask or min(top.bid_quantity, top.ask_quantity) < 0:
        raise ValueError(f"crossed book of {symbol}: {top.bid} {top.ask}")
    return symbol, top


def price(row: Mapping[str, Any]) -> tuple[str, Decimal]:
    last = number(row["price"])
    if last <= 0:
        raise ValueError(f"price {last}")
    return name(row["symbol"]), last

"""From the texts of one row to the numbers of one candle.

Times are ISO 8601 (without a zone: UTC) or seconds, milliseconds or microseconds since the epoch; which of these
follows from the size. Prices and volumes are plain or scientific decimals with a point. What cannot be used raises
Unusable, which names the field, what stood there, and the remedy. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import NamedTuple

FIELDS = ("open_time", "open", "high", "low", "close", "volume")
OLDEST_S = 1_230_940_800
EPOCH_UNITS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6))
HIGHEST = Decimal(10) ** 18
MOST = Decimal(10) ** 30
TIME_REMEDY = "write ISO 8601 such as 2026-01-31T00:00:00Z, or seconds, ms or µs since 1970"
NUMBER_REMEDY = "write a decimal number with a point and without separators, such as 0.00006089"
SHOWN = 60
# Twelve digits keep every price there is and drop the noise of binary floats (5.330000000000001e-05).
TWELVE_DIGITS = Context(prec=12)
EXACT = Context(prec=80)
# What a turnover may differ from volume x price: fees in the price, numbers cut at the last place.
LEAST, MOST_SHARE = Decimal("0.98"), Decimal("1.02")
EIGHT_PLACES = Decimal("1e-8")
THREE = Decimal(3)


class UnusableCell(Exception):
    """Why one row is refused."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{field}: {str(value)[:SHOWN]!r} cannot be used; {remedy}")
        self.field, self.value, self.remedy = field, str(value)[:SHOWN], remedy


class Layout(NamedTuple):
    """Which cell holds what: `columns` in the order of FIELDS; `width` is how many cells a row has.

    `symbol` and `interval`: where the file says of each row what it is.
    """

    columns: tuple[int, ...]
    quote_volume: int | None
    width: int
    symbol: int | None = None
    interval: int | None = None


class FileCandle(NamedTuple):
    """One row as it was written; `quote_volume` is None where the file has none."""

    open_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal | None

    @property
    def prices(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        return self.open, self.high, self.low, self.close


def candle(cells: Sequence[str], layout: Layout) -> FileCandle:
    """Raises UnusableCell."""
    if len(cells) != layout.width:
        raise UnusableCell(
            "row", ",".join(cells), f"it has {len(cells)} values and not {layout.width} like the first one"
        )
    time, *places = layout.columns
    open_s = epoch_s(cells[time])
    try:
        opened, high, low, close, volume = map(Decimal, map(cells.__getitem__, places))
        turnover = None if layout.quote_volume is None else Decimal(cells[layout.quote_volume])
        if not 0 < low <= opened <= high < HIGHEST or not low <= close <= high or not _amount(volume):
            raise _impossible(opened, high, low, close, volume)
        if turnover is not None and not _amount(turnover):
            raise UnusableCell("quote_volume", turnover, "write a number from 0 on")
    except InvalidOperation:
        raise _no_number(cells, layout) from None
    return FileCandle(open_s, opened, high, low, close, volume, turnover)


def epoch_s(text: str) -> int:
    """Seconds since the epoch. Raises UnusableCell."""
    seconds = _epoch(int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else _spelled(text)
    if seconds is None:
        raise UnusableCell("open_time", text, TIME_REMEDY)
    if seconds < OLDEST_S:
        raise UnusableCell("open_time", text, "it is before 2009, when there was nothing to trade; " + TIME_REMEDY)
    return seconds


def typical(value: FileCandle) -> Decimal:
    return (value.high + value.low + value.close) / THREE


def turnover_of(value: FileCandle) -> Decimal:
    """The quote volume, or what it must have been about: base volume x (high + low + close) / 3."""
    if value.quote_volume is not None:
        return value.quote_volume
    return EXACT.quantize(EXACT.multiply(value.volume, typical(value)), EIGHT_PLACES)


def from_turnover(value: FileCandle) -> FileCandle:
    """For files whose volume is in quote units: base volume = it / ((high + low + close) / 3)."""
    base = EXACT.quantize(EXACT.divide(value.volume, typical(value)), EIGHT_PLACES)
    return value._replace(volume=base, quote_volume=value.volume)


def turnover_fits(value: FileCandle) -> bool:
    """Whether the quote volume is base volume x price, somewhere between low and high."""
    told = value.quote_volume
    if told is None or value.low * value.volume * LEAST <= told <= value.high * value.volume * MOST_SHARE:
        return True
    slack = _last_place(told) + _last_place(value.volume) * value.high
    return value.low * value.volume * LEAST - slack <= told <= value.high * value.volume * MOST_SHARE + slack


def is_close_time(opens: str, told: str) -> bool:
    """Whether a cell is a time like the one the candle opens at, and later."""
    return opens.isdigit() and told.isdigit() and len(opens) == len(told) >= 9 and int(told) > int(opens)


def decimals(value: Decimal) -> int:
    """How many decimal places a number really has."""
    exponent = TWELVE_DIGITS.create_decimal(value).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _last_place(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(0)


def _epoch(count: int) -> int | None:
    for ceiling, per_second in EPOCH_UNITS:
        if count < ceiling:
            seconds, rest = divmod(count, per_second)
            return None if rest else seconds
    return None


def _spelled(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return _scientific(text)
    if moment.microsecond:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _scientific(text: str) -> int | None:
    """An epoch written as a float, such as 1515560100000.0 or 1.5155601e12."""
    try:
        count = Decimal(text)
        return _epoch(int(count)) if 0 < count < EPOCH_UNITS[-1][0] and count == int(count) else None
    except InvalidOperation:
        return None


def _amount(value: Decimal) -> bool:
    return value == 0 or (0 < value < MOST and value.adjusted() > -30)


def _impossible(opened: Decimal, high: Decimal, low: Decimal, close: Decimal, volume: Decimal) -> UnusableCell:
    if not _amount(volume):
        return UnusableCell("volume", volume, "write a number from 0 on")
    if not 0 < low < HIGHEST:
        return UnusableCell("low", low, "a price is above 0")
    if high >= HIGHEST or high < max(opened, close, low):
        return UnusableCell(
            "high", high, f"it is below open {opened}, close {close} or low {low}, or beyond all measure"
        )
    return UnusableCell("low", low, f"it is above open {opened} or close {close}")


def _no_number(cells: Sequence[str], layout: Layout) -> UnusableCell:
    named = [*zip(FIELDS, layout.columns, strict=True)][1:]
    if layout.quote_volume is not None:
        named.append(("quote_volume", layout.quote_volume))
    for field, place in named:
        try:
            if Decimal(cells[place]).is_finite():
                continue
        except InvalidOperation:
            pass
        return UnusableCell(field, cells[place], NUMBER_REMEDY)
    return UnusableCell("row", ",".join(cells), NUMBER_REMEDY)

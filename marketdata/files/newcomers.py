"""Instruments that only files know: stored as halted, with steps as fine as the numbers in the files.

Nothing is traded in them. When the exchange lists one of them, its own rules take their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from marketdata import queries
from marketdata.files.cells import Unusable, decimals
from marketdata.files.importing import Wanted, read_row, series_named
from marketdata.files.names import spellings
from marketdata.files.opening import Part, opened
from marketdata.files.problems import FileProblem
from marketdata.files.reading import table_of
from marketdata.mexc.rest import InstrumentInfo

PLACES_MAX = 12
QUOTE_ASSETS = ("USDT", "USDC", "USD", "EUR", "BTC", "ETH")


class Pair(NamedTuple):
    symbol: str
    base_asset: str
    quote_asset: str


@dataclass
class Places:
    """Decimal places of prices and of base volumes."""

    price: int = 0
    volume: int = 0


def survey(paths: Iterable[Path], wanted: Wanted, quote_asset: str) -> list[InstrumentInfo]:
    """The instruments of these files that are not stored. Reads their files once, as far as they can be read.

    Raises FileProblem for a symbol whose quote asset cannot be told.
    """
    typed: dict[str, Places] = {}
    for path in paths:
        with suppress(FileProblem), opened(path) as file:
            for part in file.parts():
                symbol, _ = series_named(str(path), part.name, wanted)
                if not queries.instruments(spellings(symbol)):
                    _measure(part, wanted, typed.setdefault(symbol, Places()))
    pairs: dict[Pair, Places] = {}
    for symbol, places in typed.items():
        common = pairs.setdefault(pair(symbol, quote_asset), places)
        common.price, common.volume = max(common.price, places.price), max(common.volume, places.volume)
    return [_instrument(found, places) for found, places in pairs.items()]


def pair(typed: str, quote_asset: str) -> Pair:
    """What a file calls BTC_USDT or BTCUSDT. Raises FileProblem."""
    symbol = spellings(typed)[-1]
    base, separator, quote = typed.upper().replace("-", "_").replace("/", "_").rpartition("_")
    if separator and base and quote:
        return Pair(symbol, base, quote)
    for quote in (quote_asset, *QUOTE_ASSETS):
        if symbol.endswith(quote) and symbol != quote:
            return Pair(symbol, symbol.removesuffix(quote), quote)
    raise FileProblem(f"{typed}: which asset are its prices in? Give --symbol as BASE_QUOTE, such as {symbol}_USDT.")


def _measure(part: Part, wanted: Wanted, places: Places) -> None:
    table = table_of(part.text, wanted.format, part.name)
    for _, texts in table.rows:
        with suppress(Unusable):
            row = read_row(texts, table.layout, quote_units=wanted.quote_units)
            places.price = max(places.price, *(decimals(price) for price in row.prices))
            places.volume = max(places.volume, decimals(row.volume))


def _instrument(found: Pair, places: Places) -> InstrumentInfo:
    tick, step = (Decimal(1).scaleb(-min(PLACES_MAX, count)) for count in (places.price, places.volume))
    return InstrumentInfo(*found, tick, step, step, Decimal(0), None, False)

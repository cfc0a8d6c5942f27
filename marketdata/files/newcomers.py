"""Instruments that only files know: stored as halted, with steps as fine as the numbers in the files.

Nothing is traded in them. When the exchange lists one of them, its own rules take their place. A symbol is stored only
if every row of its files can be used: steps guessed from half a file would move the other half, once it is mended.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from marketdata import queries
from marketdata.files.cells import UnusableCell, decimals
from marketdata.files.fitting import read_row, rows_of
from marketdata.files.importing import WantedImport, series_named
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
    """Decimal places of prices and of base volumes; and what of the files cannot be used."""

    price: int = 0
    volume: int = 0
    refused: list[str] = field(default_factory=list)


class Survey(NamedTuple):
    """`spoilt`: symbols whose files cannot be used whole, and the sentence that says so."""

    found: list[InstrumentInfo]
    spoilt: dict[str, str]


def survey(paths: Iterable[Path], wanted: WantedImport, quote_asset: str) -> Survey:
    """The instruments of these files that are not stored. Reads their files once, as far as they can be read.

    Raises FileProblem for a symbol whose quote asset cannot be told.
    """
    typed: dict[str, Places] = {}
    for path in paths:
        with suppress(FileProblem), opened(path) as file:
            for part in file.parts():
                symbol, interval = series_named(str(path), part.name, wanted)
                if not queries.instruments(spellings(symbol)):
                    _measure(part, wanted, symbol, interval, typed.setdefault(symbol, Places()))
    pairs: dict[Pair, Places] = {}
    for symbol, places in typed.items():
        common = pairs.setdefault(pair(symbol, quote_asset), Places())
        common.price, common.volume = max(common.price, places.price), max(common.volume, places.volume)
        common.refused += places.refused
    return Survey(
        [_instrument(found, places) for found, places in pairs.items() if not places.refused],
        {found.symbol: _spoilt(found.symbol, places.refused) for found, places in pairs.items() if places.refused},
    )


def _spoilt(symbol: str, refused: list[str]) -> str:
    return (
        f"{symbol} is not stored as an instrument, nor anything of it, because its steps follow from its files and "
        f"{len(refused)} of their rows cannot be used; the first: {refused[0]}. Mend or leave out those rows."
    )


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


def _measure(part: Part, wanted: WantedImport, symbol: str, interval: str, places: Places) -> None:
    """A file that ends in the middle is refused as a whole: nothing of it counts."""
    try:
        table = table_of(part.text, wanted.format, part.name)
        for number, texts in rows_of(table, interval, part.name, quote_units=wanted.quote_units):
            try:
                row = read_row(texts, table.layout, symbol=symbol, interval=interval, quote_units=wanted.quote_units)
            except UnusableCell as problem:
                places.refused.append(f"{part.name} {table.counted} {number}: {problem}")
                continue
            places.price = max(places.price, *(decimals(price) for price in row.prices))
            places.volume = max(places.volume, decimals(row.volume))
    except FileProblem as problem:
        places.refused.append(str(problem))
        raise


def _instrument(found: Pair, places: Places) -> InstrumentInfo:
    tick, step = (Decimal(1).scaleb(-min(PLACES_MAX, count)) for count in (places.price, places.volume))
    return InstrumentInfo(*found, tick, step, step, Decimal(0), None, False)

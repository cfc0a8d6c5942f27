"""Whether a file is what it is taken for: by its own word on symbol and interval, by how far its candles are apart, and
by its quote volume, which is volume x price. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice, pairwise

from marketdata.files.cells import FileCandle, Layout, UnusableCell, candle, epoch_s, from_turnover, turnover_fits
from marketdata.files.names import known_interval, spellings
from marketdata.files.problems import FileProblem
from marketdata.files.tables import Row, Table
from marketdata.intervals import SECONDS

LOOKED_AT = 50
ENOUGH = 8
NAMES = {length_s: name for name, length_s in SECONDS.items()}


def rows_of(table: Table, interval: str, where: str, *, quote_units: bool = False) -> Iterator[Row]:
    """The table's rows, once the first of them were looked at.

    Raises FileProblem for candles of another length, and for a quote volume that is none.
    """
    rows = iter(table.rows)
    first = list(islice(rows, LOOKED_AT))
    apart_s = _apart_s(first, table.layout)
    if apart_s > SECONDS[interval] and apart_s in NAMES:
        raise FileProblem(
            f"{where}: its candles open every {NAMES[apart_s]} and not every {interval}. Give --interval "
            f"{NAMES[apart_s]}, or name the file so."
        )
    if table.layout.quote_volume is not None and not quote_units:
        _check_turnover(first, table.layout, where)
    return chain(first, rows)


def read_row(
    texts: list[str] | UnusableCell, layout: Layout, *, symbol: str, interval: str, quote_units: bool = False
) -> FileCandle:
    """One row of a file that is taken for `symbol` (as it is written) and `interval`. Raises UnusableCell."""
    if isinstance(texts, UnusableCell):
        raise texts
    row = candle(texts, layout)
    if layout.symbol is not None and not set(spellings(texts[layout.symbol])) & set(spellings(symbol)):
        raise UnusableCell(
            "symbol", texts[layout.symbol], f"the file is taken for {symbol}; give --symbol, or name it so"
        )
    if layout.interval is not None and known_interval(texts[layout.interval]) != interval:
        raise UnusableCell("interval", texts[layout.interval], f"the file is taken for {interval}; give --interval")
    return from_turnover(row) if quote_units else row


def _check_turnover(rows: list[Row], layout: Layout, where: str) -> None:
    """A single odd candle is the exchange's own; a column that is odd throughout is another one."""
    read = []
    for _, texts in rows:
        with suppress(UnusableCell):
            if not isinstance(texts, UnusableCell):
                read.append(candle(texts, layout))
    odd = [row for row in read if not turnover_fits(row)]
    if 2 * len(odd) > len(read):
        raise FileProblem(
            f"{where}: its quote volume is not volume x price: {odd[0].quote_volume:f}, where {odd[0].volume:f} were "
            f"traded at {odd[0].close:f}. Leave that column out, or see --volume-in quote."
        )


def _apart_s(rows: list[Row], layout: Layout) -> int:
    """The greatest length of which all these candles are a multiple apart; 0 of too few."""
    opens = set()
    for _, texts in rows:
        with suppress(UnusableCell, IndexError):
            if not isinstance(texts, UnusableCell):
                opens.add(epoch_s(texts[layout.columns[0]]))
    if len(opens) < ENOUGH:
        return 0
    return math.gcd(*(after - before for before, after in pairwise(sorted(opens))))

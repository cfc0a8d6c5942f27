"""Reading market data: the universe, pauses, instruments, candles. Rows come as tuples, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from cdb_site.db import select, select_together
from marketdata.intervals import interval_s, moment
from marketdata.models import Instrument, UniverseChoice, UniverseEntry, UniverseMember


class StoredCandle(NamedTuple):
    symbol: str
    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal


class Holes(NamedTuple):
    """`stored`: first and last stored open time by symbol. `between`: symbol, first and last missing open time."""

    stored: dict[str, tuple[int, int]]
    between: list[tuple[str, int, int]]


class Tradability(NamedTuple):
    """What the exchange takes of an instrument now, as far as it was last read."""

    may_buy: bool
    may_sell: bool


UNKNOWN = Tradability(False, False)
STREAMED_ROWS = 5000
# Instruments nothing may be bought of now, as they were last read from the exchange; the one place that says so.
NOT_BUYABLE = "SELECT symbol FROM marketdata_instrument WHERE (status <> 'TRADING' OR sides <> 'BOTH')"
PAUSED = """SELECT instrument_id, reason FROM marketdata_pause
    WHERE ended_at IS NULL AND (expires_at IS NULL OR expires_at > %s) ORDER BY instrument_id"""
COLUMNS = 'instrument_id, open_time, "open", high, low, "close", volume, quote_volume'


def universe() -> list[str]:
    """The watched symbols, sorted. Empty until the REST screener has chosen them."""
    return sorted(UniverseMember.objects.values_list("instrument_id", flat=True))


def universe_settings() -> set[str]:
    """The settings under which the stored universe was chosen."""
    return set(UniverseMember.objects.values_list("chosen_by", flat=True))


def universe_members() -> list[str]:
    """The symbols that are watched on their own merit, sorted: without those that are only held."""
    return sorted(UniverseMember.objects.filter(held=False).values_list("instrument_id", flat=True))


def spreads_at_last_choice() -> dict[str, Decimal | None]:
    """Spread in basis points of every instrument that the newest choice chose, as it was then."""
    newest = UniverseChoice.objects.order_by("-pk").values("pk")[:1]
    chosen = UniverseEntry.objects.filter(choice_id__in=newest, chosen=True)
    return dict(chosen.order_by().values_list("symbol", "spread_bps"))


def in_force(now: datetime) -> Q:
    """The condition of a pause that holds at this wall time."""
    return Q(ended_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))


def paused(now: datetime) -> dict[str, str]:
    """The instruments that nothing is bought of at this wall time, and why: symbol → reason."""
    return dict(select(PAUSED, (now,)))


def turnover() -> dict[str, Decimal]:
    """24 h quote volume of every stored instrument at the newest choice; 0 where it is not known."""
    newest = UniverseChoice.objects.order_by("-pk").values("pk")[:1]
    known = dict(
        UniverseEntry.objects.filter(choice_id__in=newest).order_by().values_list("symbol", "quote_volume_24h")
    )
    return {symbol: known.get(symbol, Decimal(0)) for symbol in Instrument.objects.values_list("symbol", flat=True)}


def instruments(symbols: Sequence[str] | None = None) -> dict[str, Instrument]:
    """Instruments by symbol; all of them without `symbols`."""
    rows = Instrument.objects.all() if symbols is None else Instrument.objects.filter(symbol__in=symbols)
    return {row.symbol: row for row in rows}


def tradability(symbols: Sequence[str]) -> dict[str, Tradability]:
    """Of every symbol whether it may be bought and sold now; neither where it is no stored instrument."""
    stored = instruments(symbols)
    return {
        symbol: Tradability(stored[symbol].may_buy, stored[symbol].may_sell) if symbol in stored else UNKNOWN
        for symbol in symbols
    }


def tradable(quote_asset: str) -> set[str]:
    """Stored pairs of a quote asset that may be bought."""
    rows = Instrument.objects.filter(
        quote_asset=quote_asset, status=Instrument.Status.TRADING, sides=Instrument.Sides.BOTH
    )
    return set(rows.values_list("symbol", flat=True))


def candles_since(symbols: Sequence[str], interval: str, since: datetime) -> list[StoredCandle]:
    """Candles of the symbols that open at or after `since`, by open_time then symbol."""
    rows = select(
        f'SELECT {COLUMNS} FROM marketdata_candle WHERE instrument_id = ANY(%s) AND "interval" = %s'  # noqa: S608
        " AND open_time >= %s ORDER BY open_time, instrument_id",
        [list(symbols), interval, since],
    )
    return [StoredCandle(*row) for row in rows]


def closes_at(symbols: Sequence[str], interval: str, open_s: int) -> dict[str, Decimal]:
    """Close of the candle that opened at this epoch second, of those of the symbols that have it."""
    rows = select(
        'SELECT instrument_id, "close" FROM marketdata_candle WHERE instrument_id = ANY(%s) AND "interval" = %s'
        " AND open_time = %s",
        [list(symbols), interval, moment(open_s)],
    )
    return dict(rows)


def recent_candles(symbol: str, interval: str, limit: int) -> list[StoredCandle]:
    """The newest `limit` candles of one symbol, oldest first."""
    rows = select(
        f'SELECT {COLUMNS} FROM marketdata_candle WHERE instrument_id = %s AND "interval" = %s'  # noqa: S608
        " ORDER BY open_time DESC LIMIT %s",
        [symbol, interval, limit],
    )
    return [StoredCandle(*row) for row in reversed(rows)]


def stored_candles(symbol: str, interval: str, opens: Sequence[int]) -> dict[int, StoredCandle]:
    """Those of the candles that open at these epoch seconds which are stored."""
    if not opens:
        return {}
    key = [symbol, interval]
    of_symbol = 'FROM marketdata_candle WHERE instrument_id = %s AND "interval" = %s'
    span = [moment(min(opens)), moment(max(opens))]
    if not select(f"SELECT 1 {of_symbol} AND open_time BETWEEN %s AND %s LIMIT 1", key + span):  # noqa: S608
        return {}
    times = [[moment(open_s) for open_s in opens]]
    rows = select(f"SELECT {COLUMNS} {of_symbol} AND open_time = ANY(%s)", key + times)  # noqa: S608
    return {int(row[1].timestamp()): StoredCandle(*row) for row in rows}


def symbols_with_candles(interval: str) -> list[str]:
    """Symbols with at least one stored candle of the interval, sorted."""
    rows = select(
        "SELECT symbol FROM marketdata_instrument WHERE EXISTS (SELECT 1 FROM marketdata_candle"
        ' WHERE instrument_id = symbol AND "interval" = %s) ORDER BY symbol',
        [interval],
    )
    return [symbol for (symbol,) in rows]


def stream_candles(
    symbol: str, interval: str, since: datetime | None, until: datetime | None
) -> Iterator[StoredCandle]:
    """Candles that open in [since, until), oldest first, however many there are: the server keeps them."""
    statement = f'SELECT {COLUMNS} FROM marketdata_candle WHERE instrument_id = %s AND "interval" = %s'  # noqa: S608
    parameters: list[object] = [symbol, interval]
    for bound, comparison in ((since, ">="), (until, "<")):
        if bound is not None:
            statement += f" AND open_time {comparison} %s"
            parameters.append(bound)
    with transaction.atomic(), connection.connection.cursor(name="candles") as cursor:
        cursor.itersize = STREAMED_ROWS
        cursor.execute(statement + " ORDER BY open_time", parameters)
        for row in cursor:
            yield StoredCandle(*row)


def last_open_times(symbols: Sequence[str], interval: str) -> dict[str, datetime]:
    """The newest stored open_time of each symbol that has any candle."""
    rows = select(
        "SELECT wanted.symbol, newest.open_time FROM unnest(%s::text[]) AS wanted(symbol) CROSS JOIN LATERAL ("
        ' SELECT open_time FROM marketdata_candle WHERE instrument_id = wanted.symbol AND "interval" = %s'
        " ORDER BY open_time DESC LIMIT 1) AS newest",
        [list(symbols), interval],
    )
    return dict(rows)


def missing_opens(symbols: Sequence[str], interval: str, first_s: int, last_s: int) -> dict[str, list[int]]:
    """Epoch seconds of open times in [first_s, last_s] without a stored candle, by symbol, ascending."""
    length_s = interval_s(interval)
    rows = select(
        "SELECT instrument_id, extract(epoch FROM open_time)::bigint FROM marketdata_candle"
        ' WHERE instrument_id = ANY(%s) AND "interval" = %s AND open_time BETWEEN %s AND %s',
        [list(symbols), interval, moment(first_s), moment(last_s)],
    )
    stored = set(rows)
    wanted = range(first_s, last_s + 1, length_s)
    gaps = {symbol: [open_s for open_s in wanted if (symbol, open_s) not in stored] for symbol in symbols}
    return {symbol: opens for symbol, opens in gaps.items() if opens}


def holes(symbols: Sequence[str], interval: str, first_s: int, last_s: int) -> Holes:
    """Looks at open times in [first_s, last_s], epoch seconds; holes come by symbol, ascending."""
    length_s = interval_s(interval)
    inside = (
        "SELECT instrument_id, extract(epoch FROM open_time)::bigint AS open_s FROM marketdata_candle"
        ' WHERE instrument_id = ANY(%s) AND "interval" = %s AND open_time BETWEEN %s AND %s'
    )
    parameters = [list(symbols), interval, moment(first_s), moment(last_s)]
    spans, between = select_together(
        (
            (f"SELECT instrument_id, min(open_s), max(open_s) FROM ({inside}) AS inside GROUP BY 1", parameters),  # noqa: S608
            (
                "SELECT instrument_id, open_s, next_s FROM (SELECT instrument_id, open_s,"  # noqa: S608
                f" lead(open_s) OVER (PARTITION BY instrument_id ORDER BY open_s) AS next_s FROM ({inside}) AS inside)"
                " AS following WHERE next_s > open_s + %s ORDER BY 1, 2",
                [*parameters, length_s],
            ),
        )
    )
    stored = {symbol: (first, last) for symbol, first, last in spans}
    return Holes(stored, [(symbol, open_s + length_s, next_s - length_s) for symbol, open_s, next_s in between])


def choices_of_universe(since: datetime, until: datetime) -> list[tuple[datetime, list[str]]]:
    """When the universe was chosen, and who, oldest first: from the last choice at or before `since` to before `until`.
    Market time."""
    rows = select(
        "SELECT choice.chosen_at, array_remove(array_agg(entry.symbol ORDER BY entry.symbol), NULL)"
        " FROM marketdata_universechoice AS choice"
        " LEFT JOIN marketdata_universeentry AS entry ON entry.choice_id = choice.id AND entry.chosen"
        " WHERE choice.chosen_at < %(until)s AND choice.chosen_at >= coalesce((SELECT max(chosen_at)"
        "  FROM marketdata_universechoice WHERE chosen_at <= %(since)s), %(since)s)"
        " GROUP BY choice.id, choice.chosen_at ORDER BY choice.chosen_at, choice.id",
        {"since": since, "until": until},
    )
    return [(chosen_at, list(symbols)) for chosen_at, symbols in rows]

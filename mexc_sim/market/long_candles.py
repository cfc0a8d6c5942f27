"""Rows of the klines endpoint for every interval and range; weeks and months are added up from days.

The exchange's rows: open time in ms, open, high, low, close, base volume, close time in ms, quote volume; numbers
are texts. The last row may still be forming. Long ranges are read in pieces with a breath in between, so that no
candle is pushed late because somebody asks for a quarter of a year.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from cdb_site.units import plain
from mexc_sim.market.exchange import DAY_S, KLINES_DEPTH_S, KLINES_MAX, Exchange
from mexc_sim.market.windows import LENGTH_S, MONTH, closes_s, opens_s

PIECE_S = 2 * DAY_S

Row = list[Any]


class Asked(NamedTuple):
    """Open times [start_s, end_s], at most `limit` rows; without a start the newest ones."""

    symbol: str
    interval: str
    start_s: int | None
    end_s: int
    limit: int


async def klines_of(exchange: Exchange, asked: Asked, now_s: float) -> list[Row]:
    """The oldest rows from the start on, or the newest up to the end."""
    interval, end_s = asked.interval, min(asked.end_s, int(now_s))
    length_s = 31 * DAY_S if interval == MONTH else LENGTH_S[interval]
    if asked.start_s is None:
        start_s = opens_s(interval, max(0, end_s - (asked.limit - 1) * length_s))
    else:
        opened_s = opens_s(interval, asked.start_s)
        start_s = opened_s if opened_s == asked.start_s else closes_s(interval, opened_s)
        end_s = min(end_s, start_s + asked.limit * length_s - 1)
    if interval in ("1W", MONTH):
        last_s = closes_s(interval, opens_s(interval, end_s)) - 1
        days = await _in_pieces(exchange, asked.symbol, DAY_S, (start_s, last_s), now_s)
        rows = _added_up(interval, days)
    else:
        rows = await _in_pieces(exchange, asked.symbol, length_s, (start_s, end_s), now_s)
    return rows[-asked.limit :] if asked.start_s is None else rows[: asked.limit]


async def _in_pieces(
    exchange: Exchange, symbol: str, length_s: int, range_s: tuple[int, int], now_s: float
) -> list[Row]:
    start_s, end_s = max(range_s[0], int(now_s) - KLINES_DEPTH_S), min(range_s[1], int(now_s))
    piece_s = min(KLINES_MAX * length_s, max(length_s, PIECE_S // length_s * length_s))
    rows: list[Row] = []
    first_s = -(-start_s // length_s) * length_s
    for piece_start_s in range(first_s, end_s + 1, piece_s):
        piece_end_s = min(piece_start_s + piece_s - 1, end_s)
        rows += exchange.klines(symbol, length_s, piece_start_s, piece_end_s, now_s)
        await asyncio.sleep(0)
    return rows


def _added_up(interval: str, days: Sequence[Row]) -> list[Row]:
    """One row per week or month; of the oldest the days that are still kept."""
    grouped = groupby(days, key=lambda row: opens_s(interval, row[0] // 1000))
    return [_whole(interval, opened_s, list(rows)) for opened_s, rows in grouped]


def _whole(interval: str, opened_s: int, days: Sequence[Row]) -> Row:
    high = max((row[2] for row in days), key=Decimal)
    low = min((row[3] for row in days), key=Decimal)
    volume, quote_volume = (plain(sum((Decimal(row[place]) for row in days), Decimal(0))) for place in (5, 7))
    close_ms = closes_s(interval, opened_s) * 1000
    return [opened_s * 1000, days[0][1], high, low, days[-1][4], volume, close_ms, quote_volume]

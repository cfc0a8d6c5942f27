"""The names of the WebSocket channels, read once per subscription.

A name says what is pushed, of which symbol and how often: `spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT`.
`parse` takes exactly the names the exchange documents; anything else is None and is refused like there. Symbols
may hold any characters but `@`; the mini tickers insist on their time zone.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from mexc_sim.market.windows import INTERVAL_OF_CHANNEL

Kind = Literal["kline", "mini_ticker", "mini_tickers", "deals", "book_ticker", "depth", "limit_depth", "private"]

NAME = re.compile(
    r"spot@public\.(?:"
    r"kline\.v3\.api\.pb@(?P<kline>[^@]+)@(?P<interval>\w+)"
    r"|aggre\.(?P<stream>deals|bookTicker|depth)\.v3\.api\.pb@(?P<every>10|100)ms@(?P<aggre>[^@]+)"
    r"|limit\.depth\.v3\.api\.pb@(?P<limit>[^@]+)@(?P<levels>5|10|20)"
    r"|miniTickers\.v3\.api\.pb@(?P<all_zone>24H|UTC[+-]\d{1,2}(?::\d\d)?)"
    r"|miniTicker\.v3\.api\.pb@(?P<mini>[^@]+)@(?P<zone>24H|UTC[+-]\d{1,2}(?::\d\d)?)"
    r")"
)
PRIVATE = frozenset(f"spot@private.{name}.v3.api.pb" for name in ("orders", "deals", "account"))
AGGREGATED: dict[str, Kind] = {"deals": "deals", "bookTicker": "book_ticker", "depth": "depth"}
EVERY_MS, FAST_MS, MINI_TICKERS_MS = 100, 10, 3000


class Channel(NamedTuple):
    """`every_ms` is the wall time between pushes; `interval` is the REST API's word; a zone is west to east in s."""

    name: str
    kind: Kind
    symbol: str = ""
    every_ms: int = EVERY_MS
    interval: str = ""
    levels: int = 0
    zone_s: int | None = None


def parse(name: str) -> Channel | None:
    """The channel of that name; None where the exchange would refuse it."""
    if name in PRIVATE:
        return Channel(name, "private")
    parts = NAME.fullmatch(name)
    if parts is None:
        return None
    if parts["kline"]:
        interval = INTERVAL_OF_CHANNEL.get(parts["interval"])
        return Channel(name, "kline", parts["kline"], interval=interval) if interval else None
    if parts["stream"]:
        return Channel(name, AGGREGATED[parts["stream"]], parts["aggre"], int(parts["every"]))
    if parts["limit"]:
        return Channel(name, "limit_depth", parts["limit"], levels=int(parts["levels"]))
    kind: Kind = "mini_ticker" if parts["mini"] else "mini_tickers"
    zone_s = _zone_s(parts["zone"] or parts["all_zone"])
    return Channel(name, kind, parts["mini"] or "", MINI_TICKERS_MS, zone_s=zone_s)


def _zone_s(zone: str) -> int | None:
    """Seconds east of UTC: "UTC+8" is 28800, "UTC-4:30" is -16200; None for the rolling 24 hours."""
    if zone == "24H":
        return None
    hours, _, minutes = zone[4:].partition(":")
    east_s = int(hours) * 3600 + int(minutes or 0) * 60
    return -east_s if zone[3] == "-" else east_s
